// Whatever the bytes: images, labels or a DataError, within bounded memory.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "partita/data/error.hpp"
#include "partita/data/idx.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace partita::data;
    constexpr std::uint64_t limit = 1 << 20;
    const auto content = std::as_bytes(std::span(data, size));
    try {
        const IdxImages images = parse_idx_images(content, "fuzzed", limit);
        if (images.pixels.size() != images.count * images.rows * images.cols ||
            images.pixels.size() > limit) {
            std::abort();
        }
    } catch (const DataError&) {
        // The one exception that may escape.
    }
    try {
        if (parse_idx_labels(content, "fuzzed", limit).empty()) {
            std::abort();
        }
    } catch (const DataError&) {
        // The one exception that may escape.
    }
    return 0;
}
