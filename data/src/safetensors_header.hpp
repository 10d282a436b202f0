#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "partita/data/safetensors.hpp"

namespace partita::data {

/// One tensor as the header describes it; every key present and of the right type, sizes not yet checked.
struct HeaderEntry {
    std::string name;
    Dtype dtype = Dtype::F32;
    std::vector<std::uint64_t> shape;
    std::uint64_t begin = 0;  ///< in bytes from the end of the header
    std::uint64_t end = 0;
};

struct Header {
    std::vector<HeaderEntry> entries;  ///< in the header's order
    std::map<std::string, std::string> metadata;
};

/// Reads the JSON header of the file `name`. Throws DataError for anything but an object of well-formed
/// tensors.
Header parse_safetensors_header(std::string_view json, std::string_view name);

}  // namespace partita::data
