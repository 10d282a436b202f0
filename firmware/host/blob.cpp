#include "data/blob.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <span>

#include "firmware/host/build.hpp"
#include "partita/data/strokes.hpp"

namespace partita::firmware {

static_assert(std::endian::native == std::endian::little, "A blob is written as it lies in memory");

std::vector<std::byte> make_blob(const data::Model& model, const data::Sequences& samples) {
    if (samples.input != model.input) {
        throw BuildError(
            fmt::format("building the firmware: samples of {} values a step; the network expects {}",
                        samples.input, model.input));
    }
    for (const std::uint32_t label : samples.labels) {
        if (label >= model.classes) {
            throw BuildError(
                fmt::format("building the firmware: a sample's label is {}; expected one below the "
                            "network's {} classes",
                            label, model.classes));
        }
    }
    std::vector<std::byte> blob;
    const auto put = [&blob](std::span<const std::byte> bytes) {
        blob.insert(blob.end(), bytes.begin(), bytes.end());
    };
    for (const std::size_t word : {std::size_t{blob_magic}, model.input, model.hidden, model.classes,
                                   samples.count(), samples.steps}) {
        const auto narrow = static_cast<std::uint32_t>(word);
        put(std::as_bytes(std::span(&narrow, 1)));
    }
    for (const std::vector<float>* values : {&model.weight_ih, &model.weight_hh, &model.bias,
                                             &model.head_weight, &model.head_bias, &samples.values}) {
        put(std::as_bytes(std::span(*values)));
    }
    put(std::as_bytes(std::span(samples.labels)));
    return blob;
}

data::Model default_model() {
    return data::load_model(PARTITA_ROOT "/models/strokes.safetensors");
}

data::Sequences default_samples(std::size_t count) {
    constexpr std::uint64_t writer = 1;
    constexpr std::uint64_t seed = 1;
    return data::make_sequences(data::draw(data::Writer::typical(writer), count, seed), data::View::pixels);
}

}  // namespace partita::firmware
