#pragma once

// Runs the built `partita` as a user does: arguments in, text, exit code and files out.

#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "partita/data/sequences.hpp"
#include "support.hpp"

namespace partita::test {

using data::test::Bytes;
using data::test::says;
using Arguments = std::vector<std::string>;

struct Outcome {
    int exit_code = 0;  // or minus the number of the signal that ended it
    std::string out;
    std::string err;
};

// A `partita` that runs in a directory of its own.
class Process {
  public:
    Process(const Arguments& arguments, const std::filesystem::path& directory,
            const std::filesystem::path& out = {});
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    bool runs();
    void send(int signal) const;
    Outcome wait();

  private:
    bool reap(int options);

    data::test::TemporaryDirectory text_;
    pid_t pid_ = -1;
    bool ended_ = false;
    int status_ = 0;
};

// A test with an empty directory in which commands run.
class CommandTest : public testing::Test {
  protected:
    Outcome run(const Arguments& arguments) const;
    // Runs what must end well; returns what it printed.
    std::string succeeds(const Arguments& arguments) const;
    // Runs what must be refused: this exit code, all phrases in what it says, no file made, changed or
    // removed.
    void refuses(int exit_code, const std::vector<std::string>& phrases, const Arguments& arguments) const;

    std::filesystem::path path(std::string_view name) const { return directory_ / name; }
    const std::filesystem::path& directory() const { return directory_.path(); }
    // Name and content of everything in the directory.
    std::map<std::string, std::string> content() const;
    std::string text(std::string_view name) const { return data::test::text_of_file(path(name)); }
    nlohmann::json json(std::string_view name) const { return nlohmann::json::parse(text(name)); }

    void write(std::string_view name, std::span<const std::byte> bytes) const;
    void write_text(std::string_view name, std::string_view bytes) const;
    void write_model(std::string_view name, std::size_t input, std::size_t hidden, std::size_t classes) const;
    // Random values and labels.
    void write_sequences(std::string_view name, std::size_t count, std::size_t steps, std::size_t input,
                         std::size_t classes) const;
    void write_sequences(std::string_view name, const data::Sequences& sequences) const;

  private:
    data::test::TemporaryDirectory directory_;
};

data::Sequences random_sequences(std::size_t count, std::size_t steps, std::size_t input,
                                 std::size_t classes);

// `first`, then `more`.
Arguments with(Arguments first, const Arguments& more);

}  // namespace partita::test
