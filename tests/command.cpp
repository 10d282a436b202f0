#include "command.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "partita/data/model_file.hpp"
#include "partita/data/random.hpp"

namespace partita::test {
namespace {

// In the child, between fork and exec: only calls that are safe there.
void redirect(int target, const char* path) {
    const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ::dup2(file, target) < 0) {
        ::_exit(126);
    }
    ::close(file);
}

// A slow machine prints progress every ten seconds.
std::string without_progress(const std::string& text) {
    std::istringstream lines(text);
    std::string rest;
    for (std::string line; std::getline(lines, line);) {
        if (line.find(" left, ") == std::string::npos) {
            rest += line + "\n";
        }
    }
    return rest;
}

}  // namespace

Process::Process(const Arguments& arguments, const std::filesystem::path& directory,
                 const std::filesystem::path& out) {
    std::vector<std::string> words{PARTITA_COMMAND};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    const std::string out_path = out.empty() ? (text_ / "out").string() : out.string();
    const std::string err_path = (text_ / "err").string();
    pid_ = ::fork();
    if (pid_ == 0) {
        redirect(STDOUT_FILENO, out_path.c_str());
        redirect(STDERR_FILENO, err_path.c_str());
        if (::chdir(directory.c_str()) == 0) {
            ::execv(pointers[0], pointers.data());
        }
        ::_exit(127);
    }
    if (pid_ < 0) {
        throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    }
}

Process::~Process() {
    if (!ended_) {
        ::kill(pid_, SIGKILL);
        reap(0);
    }
}

bool Process::reap(int options) {
    pid_t found = 0;
    do {
        found = ::waitpid(pid_, &status_, options);
    } while (found < 0 && errno == EINTR);
    ended_ = found == pid_;
    return ended_;
}

bool Process::runs() {
    return !ended_ && !reap(WNOHANG);
}

void Process::send(int signal) const {
    if (!ended_) {
        ::kill(pid_, signal);
    }
}

Outcome Process::wait() {
    if (!ended_) {
        reap(0);
    }
    const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
    return {code, data::test::text_of_file(text_ / "out"), data::test::text_of_file(text_ / "err")};
}

Outcome CommandTest::run(const Arguments& arguments) const {
    return Process(arguments, directory()).wait();
}

std::string CommandTest::succeeds(const Arguments& arguments) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(without_progress(outcome.err), "");
    return outcome.out;
}

void CommandTest::refuses(int exit_code, const std::vector<std::string>& phrases,
                          const Arguments& arguments) const {
    std::string command = "partita";
    for (const std::string& argument : arguments) {
        command += " " + argument;
    }
    SCOPED_TRACE(command);
    const auto before = content();
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_TRUE(says(outcome.err, phrases));
    // One sentence, and at most CLI11's hint below it.
    EXPECT_LE(std::ranges::count(outcome.err, '\n'), 2) << outcome.err;
    EXPECT_TRUE(content() == before) << "a file was left behind or changed";
}

std::map<std::string, std::string> CommandTest::content() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory())) {
        files[entry.path().lexically_relative(directory()).string()] =
            entry.is_regular_file() ? data::test::text_of_file(entry.path()) : "(not a file)";
    }
    return files;
}

void CommandTest::write(std::string_view name, std::span<const std::byte> bytes) const {
    std::ofstream file(path(name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(file.good());
}

void CommandTest::write_text(std::string_view name, std::string_view bytes) const {
    write(name, std::as_bytes(std::span(bytes)));
}

void CommandTest::write_model(std::string_view name, std::size_t input, std::size_t hidden,
                              std::size_t classes) const {
    data::save_model(path(name), data::random_model(input, hidden, classes, 1));
}

data::Sequences random_sequences(std::size_t count, std::size_t steps, std::size_t input,
                                 std::size_t classes) {
    data::Random random(1);
    data::Sequences sequences{steps, input, classes, {}, {}};
    for (std::size_t i = 0; i < count * steps * input; ++i) {
        sequences.values.push_back(static_cast<float>(random.uniform(-2.0, 2.0)));
    }
    for (std::size_t i = 0; i < count; ++i) {
        sequences.labels.push_back(static_cast<std::uint32_t>(i % classes));
    }
    return sequences;
}

void CommandTest::write_sequences(std::string_view name, std::size_t count, std::size_t steps,
                                  std::size_t input, std::size_t classes) const {
    write_sequences(name, random_sequences(count, steps, input, classes));
}

void CommandTest::write_sequences(std::string_view name, const data::Sequences& sequences) const {
    data::File file;
    file.tensors.push_back(data::make_tensor("samples", {sequences.count(), sequences.steps, sequences.input},
                                             sequences.values));
    const auto labels = std::as_bytes(std::span(sequences.labels));
    file.tensors.push_back({"labels", data::Dtype::U32, {sequences.count()}, {labels.begin(), labels.end()}});
    data::save_safetensors(path(name), file);
}

Arguments with(Arguments first, const Arguments& more) {
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

}  // namespace partita::test
