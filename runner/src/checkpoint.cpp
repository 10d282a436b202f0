#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "partita/data/model_file.hpp"
#include "partita/runner/error.hpp"
#include "partita/runner/training.hpp"

namespace partita::runner {
namespace {

std::string tensor_name(learn::BufferId id) {
    return std::string(data::training_prefix) + learn::name(id);
}

// Exact: hexadecimal significand.
std::string exact(double value) {
    return fmt::format("{:a}", value);
}

const std::string& metadata(const data::File& file, const std::string& key) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end()) {
        throw RunError(
            fmt::format("resuming from {}: the metadata lack '{}'; is it a checkpoint of `partita train`?",
                        file.name, key));
    }
    return found->second;
}

template <typename Number>
Number number(const data::File& file, const std::string& key) {
    const std::string& text = metadata(file, key);
    Number value{};
    const char* first = text.data();
    const char* last = first + text.size();
    std::from_chars_result result{};
    if constexpr (std::is_floating_point_v<Number>) {
        first += text.starts_with("0x") ? 2 : 0;
        result = std::from_chars(first, last, value, std::chars_format::hex);
    } else {
        result = std::from_chars(first, last, value);
    }
    if (result.ec != std::errc{} || result.ptr != last) {
        throw RunError(
            fmt::format("resuming from {}: '{}' is \"{}\", expected a number", file.name, key, text));
    }
    return value;
}

void check_settings(const data::File& file, const std::map<std::string, std::string>& settings) {
    for (const auto& [name, value] : settings) {
        const std::string& found = metadata(file, "settings." + name);
        if (found != value) {
            throw RunError(fmt::format(
                "resuming from {}: it was made with {} {}, this run has {}; give the same options, or "
                "another --checkpoint file to start anew",
                file.name, name, found, value));
        }
    }
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Network& network,
                     const Training::Position& position, const std::map<std::string, std::string>& settings) {
    data::File file = data::file_from(network.model());
    for (const learn::BufferId id : learn::Trainer::persistent) {
        const std::span<const std::byte> bytes = network.trainer().bytes(id);
        if (!bytes.empty()) {
            file.tensors.push_back(
                {tensor_name(id), data::Dtype::U8, {bytes.size()}, {bytes.begin(), bytes.end()}});
        }
    }
    file.metadata["training.epoch"] = fmt::format("{}", position.epoch);
    file.metadata["training.batch"] = fmt::format("{}", position.batch);
    file.metadata["training.loss"] = exact(position.sums.loss);
    file.metadata["training.last_batch_loss"] = exact(position.sums.last_batch_loss);
    file.metadata["training.correct"] = fmt::format("{}", position.sums.correct);
    file.metadata["training.count"] = fmt::format("{}", position.sums.count);
    file.metadata["training.updates"] = fmt::format("{}", network.trainer().updates());
    for (const auto& [name, value] : settings) {
        file.metadata["settings." + name] = value;
    }
    data::save_safetensors(path, file);
}

Training::Position load_checkpoint(const std::filesystem::path& path, Network& network,
                                   const std::map<std::string, std::string>& settings) {
    const data::File file = data::load_safetensors(path);
    check_settings(file, settings);
    Training::Position position;
    position.epoch = number<std::uint32_t>(file, "training.epoch");
    position.batch = number<std::uint64_t>(file, "training.batch");
    position.sums.loss = number<double>(file, "training.loss");
    position.sums.last_batch_loss = number<double>(file, "training.last_batch_loss");
    position.sums.correct = number<std::uint64_t>(file, "training.correct");
    position.sums.count = number<std::uint64_t>(file, "training.count");
    const auto updates = number<std::uint64_t>(file, "training.updates");
    // Everything is checked before anything is changed.
    const data::Model model = data::model_from(file);
    if (shape_of(model) != network.trainer().plan().shape) {
        const learn::Shape shape = network.trainer().plan().shape;
        throw RunError(fmt::format(
            "resuming from {}: its model has input {}, hidden {}, classes {}; this run has {}, {}, {}",
            file.name, model.input, model.hidden, model.classes, shape.input, shape.hidden, shape.classes));
    }
    for (const learn::BufferId id : learn::Trainer::persistent) {
        const std::span<std::byte> to = network.trainer().bytes(id);
        if (to.empty()) {
            continue;
        }
        const data::Tensor& tensor = file.at(tensor_name(id));
        if (tensor.dtype != data::Dtype::U8 || tensor.bytes.size() != to.size()) {
            throw RunError(fmt::format("resuming from {}: tensor '{}' is {} {}, expected U8 [{}]", file.name,
                                       tensor.name, data::name_of(tensor.dtype),
                                       data::shape_text(tensor.shape), to.size()));
        }
    }
    for (const learn::BufferId id : learn::Trainer::persistent) {
        const std::span<std::byte> to = network.trainer().bytes(id);
        if (!to.empty()) {
            std::ranges::copy(file.at(tensor_name(id)).bytes, to.begin());
        }
    }
    network.trainer().set_updates(updates);
    return position;
}

}  // namespace partita::runner
