#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace partita::cli {

// A text table: the first column to the left, the others to the right.
class Table {
  public:
    explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    std::string text() const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

// "1.23 MiB"
std::string mebibytes(std::size_t bytes);
// "850 ms", "12.3 s", "4 min 05 s"
std::string duration(double seconds);

// Progress on standard error: one line rewritten on a terminal, a line every ten seconds elsewhere; silent
// for short work.
class Progress {
  public:
    explicit Progress(std::string title);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void update(std::uint64_t done, std::uint64_t total, std::string_view note);
    // Takes the line off a terminal, so that other text may follow; the next update writes it again.
    void clear();

  private:
    std::string title_;
    bool terminal_;
    bool shown_ = false;
    std::uint64_t first_done_ = 0;
    std::chrono::steady_clock::time_point start_;
    std::chrono::steady_clock::time_point last_;
};

// Throws DataError at once if a file could not be written to `path` later. An empty path is none.
void check_writable(const std::string& path);
// Throws UsageError if two of the paths are the same, so that no result overwrites another. Empty paths are
// none.
void check_distinct(const std::vector<std::string>& paths);
// Does nothing for an empty path.
void write_json(const std::string& path, const nlohmann::json& json);

}  // namespace partita::cli
