// Whatever the bytes: a file or a DataError, and what was read can be written and read again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "partita/data/error.hpp"
#include "partita/data/model_file.hpp"
#include "partita/data/safetensors.hpp"
#include "partita/data/sequences.hpp"

namespace {

template <typename Action>
void allow_data_error(Action action) {
    try {
        action();
    } catch (const partita::data::DataError&) {
        // The one exception that may escape.
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace partita::data;
    allow_data_error([&] {
        const File file = parse_safetensors(std::as_bytes(std::span(data, size)), "fuzzed");
        const File again = parse_safetensors(serialise_safetensors(file), "again");
        if (again.tensors != file.tensors || again.metadata != file.metadata) {
            std::abort();
        }
        for (const Tensor& tensor : file.tensors) {
            allow_data_error([&] { require_finite(file, tensor); });
            allow_data_error([&] { integers(file, tensor); });
        }
        allow_data_error([&] { model_from(file); });
        allow_data_error([&] { sequences_from(file); });
    });
    return 0;
}
