#include "partita/data/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

#include "descriptor.hpp"
#include "text.hpp"

namespace partita::data {
namespace {

/// A file that removes itself unless it was kept.
class Temporary {
  public:
    explicit Temporary(const std::filesystem::path& directory) {
        static std::atomic<std::uint64_t> counter{0};
        for (int attempt = 0; attempt < 1000; ++attempt) {
            path_ = directory / fmt::format(".partita-{}-{}.partial", ::getpid(), counter++);
            number_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (number_ >= 0 || errno != EEXIST) {
                return;
            }
        }
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        if (number_ >= 0 && !kept_) {
            ::unlink(path_.c_str());
        }
    }
    int number() const { return number_; }
    const std::filesystem::path& path() const { return path_; }
    void keep() { kept_ = true; }

  private:
    std::filesystem::path path_;
    int number_ = -1;
    bool kept_ = false;
};

void write_all(int number, std::span<const std::byte> content, const std::string& name) {
    std::size_t done = 0;
    while (done < content.size()) {
        constexpr std::size_t most_at_once = std::size_t{1} << 30;
        const std::size_t wanted = std::min(content.size() - done, most_at_once);
        const ssize_t put = ::write(number, content.data() + done, wanted);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            fail("writing '{}': {} after {} of {} bytes", name, reason_of(errno), done, content.size());
        }
        done += static_cast<std::size_t>(put);
    }
}

/// Devices and pipes cannot be replaced, and must not be: /dev/null would become a file.
void write_in_place(const std::filesystem::path& path, std::span<const std::byte> content) {
    const std::string name = path.string();
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.is_open()) {
        fail("writing '{}': {}", name, reason_of(errno));
    }
    write_all(file.number(), content, name);
    if (!file.close()) {
        fail("writing '{}': {}", name, reason_of(errno));
    }
}

/// Where the bytes belong: what a symbolic link leads to, or the path itself.
std::filesystem::path destination_of(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::path target = path;
    constexpr int most_links = 40;  // as Linux allows
    for (int link = 0; std::filesystem::is_symlink(target, error); ++link) {
        const std::filesystem::path next = std::filesystem::read_symlink(target, error);
        if (error || link == most_links) {
            fail("writing '{}': the symbolic link cannot be followed", path.string());
        }
        target = next.is_absolute() ? next : target.parent_path() / next;
    }
    return target;
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> content) {
    const std::string name = path.string();
    if (!path.has_filename()) {
        fail("writing '{}': expected the name of a file", name);
    }
    // Resolving by hand would break what only the system understands (/dev/stdout on a pipe), hence stat
    // first.
    struct stat status {};
    const bool exists = ::stat(path.c_str(), &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        fail("writing '{}': it is a directory, expected the name of a file", name);
    }
    if (exists && !S_ISREG(status.st_mode)) {
        write_in_place(path, content);
        return;
    }
    if (exists && ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
        fail("writing '{}': {}", name, reason_of(errno));
    }

    const std::filesystem::path target = destination_of(path);
    const std::filesystem::path directory = target.has_parent_path() ? target.parent_path() : ".";
    Temporary temporary(directory);
    Descriptor file(temporary.number());
    if (!file.is_open()) {
        fail("writing '{}': cannot create a file in '{}': {}", name, directory.string(), reason_of(errno));
    }
    if (exists && ::fchmod(file.number(), status.st_mode & 07777) != 0) {
        fail("writing '{}': cannot keep its permissions: {}", name, reason_of(errno));
    }
    write_all(file.number(), content, name);
    if (::fsync(file.number()) != 0 || !file.close()) {
        fail("writing '{}': {}", name, reason_of(errno));
    }
    if (::rename(temporary.path().c_str(), target.c_str()) != 0) {
        fail("writing '{}': {}", name, reason_of(errno));
    }
    temporary.keep();

    // The rename itself is safe only once the directory is on the disk; a file system that cannot do this
    // still has the whole file, so it is not an error.
    const Descriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.is_open()) {
        ::fsync(folder.number());
    }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
    write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace partita::data
