#include "partita/data/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "descriptor.hpp"
#include "text.hpp"

namespace partita::data {

std::vector<std::byte> read_file(const std::filesystem::path& path, std::string_view purpose,
                                 std::uint64_t limit) {
    const std::string name = path.string();
    // O_NONBLOCK: opening a pipe that nobody writes to must not hang; regular files ignore it.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.is_open()) {
        fail("{}: cannot open '{}': {}", purpose, name, reason_of(errno));
    }
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) {
        fail("{}: cannot examine '{}': {}", purpose, name, reason_of(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        fail("{}: '{}' is a directory, expected a file", purpose, name);
    }
    if (!S_ISREG(status.st_mode)) {
        fail("{}: '{}' is a device or a pipe, expected a regular file", purpose, name);
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > limit) {
        fail("{}: '{}' has {} bytes, more than the {} allowed", purpose, name, size, limit);
    }
    std::vector<std::byte> content(size);
    std::size_t done = 0;
    while (done < content.size()) {
        constexpr std::size_t most_at_once = std::size_t{1} << 30;
        const std::size_t wanted = std::min(content.size() - done, most_at_once);
        const ssize_t got = ::read(file.number(), content.data() + done, wanted);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            fail("{}: cannot read '{}': {}", purpose, name, reason_of(errno));
        }
        if (got == 0) {
            fail("{}: '{}' became shorter while it was read: {} of {} bytes", purpose, name, done, size);
        }
        done += static_cast<std::size_t>(got);
    }
    return content;
}

}  // namespace partita::data
