#include "output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "options.hpp"
#include "partita/data/atomic_file.hpp"
#include "partita/data/error.hpp"

namespace partita::cli {

std::string Table::text() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
        std::string line;
        for (std::size_t i = 0; i < rows_[r].size(); ++i) {
            line += i == 0 ? fmt::format("  {:<{}}", rows_[r][i], widths[i])
                           : fmt::format("  {:>{}}", rows_[r][i], widths[i]);
        }
        text += line + "\n";
        if (r == 0) {
            text += "  " + std::string(line.size() - 2, '-') + "\n";
        }
    }
    return text;
}

std::string mebibytes(std::size_t bytes) {
    return fmt::format("{:.3f} MiB", static_cast<double>(bytes) / 1048576.0);
}

std::string duration(double seconds) {
    if (seconds < 1.0) {
        return fmt::format("{:.0f} ms", seconds * 1e3);
    }
    if (seconds < 60.0) {
        return fmt::format("{:.1f} s", seconds);
    }
    const auto whole = static_cast<long>(std::lround(seconds));
    return whole < 3600 ? fmt::format("{} min {:02} s", whole / 60, whole % 60)
                        : fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

Progress::Progress(std::string title)
    : title_(std::move(title)),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {
    // In a log that takes both streams, what was said before stands before.
    std::fflush(stdout);
}

Progress::~Progress() {
    clear();
}

void Progress::clear() {
    if (terminal_ && shown_) {
        fmt::print(stderr, "\r\033[K");
        shown_ = false;
    }
}

void Progress::update(std::uint64_t done, std::uint64_t total, std::string_view note) {
    const auto now = std::chrono::steady_clock::now();
    if (first_done_ == 0) {
        first_done_ = done;  // a resumed run starts in the middle
        start_ = now;
    }
    const std::chrono::milliseconds interval(terminal_ ? 100 : 10000);
    if (now - last_ < interval || total == 0) {
        return;
    }
    last_ = now;
    shown_ = true;
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    const auto steps = static_cast<double>(done - first_done_);
    const std::string left =
        steps > 0 ? duration(elapsed * static_cast<double>(total - done) / steps) : std::string("?");
    const double share = static_cast<double>(done) / static_cast<double>(total);
    if (terminal_) {
        constexpr int width = 24;
        const int filled = static_cast<int>(share * width);
        fmt::print(stderr, "\r\033[K{}  [{:#<{}}{:.<{}}] {:3.0f} %  {} left  {}", title_, "", filled, "",
                   width - filled, share * 100, left, note);
    } else {
        fmt::print(stderr, "{}: {:.0f} %, {} left, {}\n", title_, share * 100, left, note);
    }
    std::fflush(stderr);
}

void check_writable(const std::string& path) {
    if (path.empty()) {
        return;
    }
    const std::filesystem::path file(path);
    const std::filesystem::path directory =
        file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    std::error_code error;
    const auto fail = [&](std::string_view reason) {
        throw data::DataError(fmt::format("{} cannot be written: {}", path, reason));
    };
    if (!std::filesystem::is_directory(directory, error)) {
        fail(fmt::format("{} is not a directory", directory.string()));
    }
    if (std::filesystem::is_directory(file, error)) {
        fail("it is a directory");
    }
    if (access(directory.c_str(), W_OK) != 0) {
        fail(fmt::format("no permission to write in {}", directory.string()));
    }
}

void check_distinct(const std::vector<std::string>& paths) {
    for (auto path = paths.begin(); path != paths.end(); ++path) {
        if (!path->empty() && std::find(path + 1, paths.end(), *path) != paths.end()) {
            throw UsageError(fmt::format("{} is given for two results; each needs a file of its own", *path));
        }
    }
}

void write_json(const std::string& path, const nlohmann::json& json) {
    if (!path.empty()) {
        data::write_file_atomically(
            path, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    }
}

}  // namespace partita::cli
