#include "partita/data/content_key.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

namespace partita::data {

void ContentKey::add(std::span<const std::byte> content) {
    const auto step = [this](std::byte value) {
        hash_ = (hash_ ^ static_cast<std::uint64_t>(value)) * 0x100'0000'01b3;
    };
    for (const std::byte value : content) {
        step(value);
    }
    step(std::byte{0xff});  // "ab", "c" is not "a", "bc"
}

void ContentKey::add_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    add(std::string(std::istreambuf_iterator<char>(file), {}));
}

std::string ContentKey::text() const {
    return fmt::format("{:016x}", hash_);
}

}  // namespace partita::data
