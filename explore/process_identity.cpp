#include "explore/process_identity.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace partita::explore {
namespace {

// Field 22 of /proc/PID/stat (proc(5)); 0 if there is no such process.
std::uint64_t start_of(std::int64_t number) {
    std::ifstream file(fmt::format("/proc/{}/stat", number));
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    // The second field is the program's name in parentheses, which may hold anything.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) {
        return 0;
    }
    std::istringstream fields(text.substr(name_end + 1));
    std::string state;
    fields >> state;
    if (state == "Z") {
        return 0;  // ended, only not yet waited for
    }
    std::string field;
    for (int i = 4; i <= 21; ++i) {
        fields >> field;
    }
    std::uint64_t start = 0;
    fields >> start;
    return start;
}

}  // namespace

ProcessIdentity this_process() {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    std::error_code error;
    const std::string space = std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
    const std::int64_t number = getpid();
    return {fmt::format("{} {} {}", name.data(), boot, space), number, start_of(number)};
}

bool is_alive(const ProcessIdentity& process) {
    return process.start != 0 && start_of(process.number) == process.start;
}

}  // namespace partita::explore
