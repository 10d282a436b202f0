#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "chip/base/fnv1a.hpp"

namespace partita::cli {

// Of everything that a result is made of, texts and files in their order.
class ContentKey {
  public:
    void add(std::string_view text) {
        hash_.add(text);
        hash_.add(std::byte{0xff});
    }
    void add_file(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        add(std::string(std::istreambuf_iterator<char>(file), {}));
    }
    std::string text() const { return fmt::format("{:016x}", hash_.value()); }

  private:
    chip::Fnv1a hash_;
};

}  // namespace partita::cli
