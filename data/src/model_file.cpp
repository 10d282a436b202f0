#include "partita/data/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model_names.hpp"
#include "partita/data/random.hpp"
#include "text.hpp"

namespace partita::data {
namespace {

constexpr std::size_t gates = 4;

/// Values of a tensor that must have the given shape and be finite. `symbols` names the shape ("[4H, I]").
std::vector<float> values_of(const File& file, const Tensor& tensor, const std::vector<std::uint64_t>& shape,
                             std::string_view symbols) {
    if (tensor.shape != shape) {
        fail("reading model '{}': tensor {} has shape {}, expected {} = {}", file.name,
             in_quotes(tensor.name), shape_text(tensor.shape), symbols, shape_text(shape));
    }
    require_finite(file, tensor);
    return floats(file, tensor);
}

void require_matrix(const File& file, const Tensor& tensor, std::string_view symbols) {
    if (tensor.shape.size() != 2 || tensor.shape[0] == 0 || tensor.shape[1] == 0) {
        fail("reading model '{}': tensor {} has shape {}, expected {} with nothing 0", file.name,
             in_quotes(tensor.name), shape_text(tensor.shape), symbols);
    }
}

/// Throws unless the three sizes are at least 1 and every tensor's bytes can be counted.
void check_sizes(std::string_view purpose, std::size_t input, std::size_t hidden, std::size_t classes) {
    if (input == 0 || hidden == 0 || classes == 0) {
        fail("{}: input {}, hidden {}, classes {}, expected at least 1 each", purpose, input, hidden,
             classes);
    }
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max() / (gates * sizeof(float));
    if (hidden > most / hidden || hidden > most / input || hidden > most / classes) {
        fail("{}: input {}, hidden {}, classes {}: the size of a weight overflows 64 bits", purpose, input,
             hidden, classes);
    }
}

void check_member(std::string_view name, std::size_t found, std::size_t expected) {
    if (found != expected) {
        fail("saving a model: {} has {} values, expected {}", name, found, expected);
    }
}

}  // namespace

Model model_from(const File& file) {
    const ModelTensors tensors = find_model_tensors(file);
    // The recurrent weight fixes H, the input weight I, the head C.
    require_matrix(file, *tensors.weight_hh, "[4H, H]");
    require_matrix(file, *tensors.weight_ih, "[4H, I]");
    require_matrix(file, *tensors.head_weight, "[C, H]");
    const std::uint64_t hidden = tensors.weight_hh->shape[1];
    const std::uint64_t input = tensors.weight_ih->shape[1];
    const std::uint64_t classes = tensors.head_weight->shape[0];
    check_sizes(fmt::format("reading model '{}'", file.name), input, hidden, classes);

    Model model{.input = input,
                .hidden = hidden,
                .classes = classes,
                .weight_ih = values_of(file, *tensors.weight_ih, {gates * hidden, input}, "[4H, I]"),
                .weight_hh = values_of(file, *tensors.weight_hh, {gates * hidden, hidden}, "[4H, H]"),
                .bias = values_of(file, *tensors.bias_ih, {gates * hidden}, "[4H]"),
                .head_weight = values_of(file, *tensors.head_weight, {classes, hidden}, "[C, H]"),
                .head_bias = values_of(file, *tensors.head_bias, {classes}, "[C]"),
                .metadata = file.metadata};
    const std::vector<float> second = values_of(file, *tensors.bias_hh, {gates * hidden}, "[4H]");
    for (std::size_t index = 0; index < second.size(); ++index) {
        model.bias[index] += second[index];
        if (!std::isfinite(model.bias[index])) {
            fail("reading model '{}': the sum of {} and {} is infinite at element {}", file.name,
                 in_quotes(tensors.bias_ih->name), in_quotes(tensors.bias_hh->name), index);
        }
    }
    return model;
}

Model load_model(const std::filesystem::path& path) {
    return model_from(load_safetensors(path));
}

File file_from(const Model& model) {
    check_sizes("saving a model", model.input, model.hidden, model.classes);
    const std::size_t gate_rows = gates * model.hidden;
    check_member("weight_ih", model.weight_ih.size(), gate_rows * model.input);
    check_member("weight_hh", model.weight_hh.size(), gate_rows * model.hidden);
    check_member("bias", model.bias.size(), gate_rows);
    check_member("head_weight", model.head_weight.size(), model.classes * model.hidden);
    check_member("head_bias", model.head_bias.size(), model.classes);

    const std::vector<float> zeros(gate_rows, 0.0f);
    const auto named = [](std::size_t index) { return std::string(model_names[index]); };
    File file;
    file.metadata = model.metadata;
    file.tensors.push_back(make_tensor(named(0), {gate_rows, model.input}, model.weight_ih));
    file.tensors.push_back(make_tensor(named(1), {gate_rows, model.hidden}, model.weight_hh));
    file.tensors.push_back(make_tensor(named(2), {gate_rows}, model.bias));
    file.tensors.push_back(make_tensor(named(3), {gate_rows}, zeros));
    file.tensors.push_back(make_tensor(named(4), {model.classes, model.hidden}, model.head_weight));
    file.tensors.push_back(make_tensor(named(5), {model.classes}, model.head_bias));
    return file;
}

void save_model(const std::filesystem::path& path, const Model& model) {
    save_safetensors(path, file_from(model));
}

Model random_model(std::size_t input, std::size_t hidden, std::size_t classes, std::uint64_t seed,
                   bool forget_bias_one) {
    check_sizes("making a random model", input, hidden, classes);
    Random random(seed);
    const double bound = 1.0 / std::sqrt(static_cast<double>(hidden));
    const auto uniform = [&](std::size_t count) {
        std::vector<float> values(count);
        for (float& value : values) {
            value = static_cast<float>(random.uniform(-bound, bound));
        }
        return values;
    };
    Model model{.input = input,
                .hidden = hidden,
                .classes = classes,
                .weight_ih = uniform(gates * hidden * input),
                .weight_hh = uniform(gates * hidden * hidden),
                .bias = uniform(gates * hidden),
                .head_weight = {},
                .head_bias = {},
                .metadata = {}};
    const std::vector<float> second = uniform(gates * hidden);
    for (std::size_t index = 0; index < second.size(); ++index) {
        model.bias[index] += second[index];
    }
    model.head_weight = uniform(classes * hidden);
    model.head_bias = uniform(classes);
    if (forget_bias_one) {
        // Gate order i, f, g, o: the second quarter.
        std::fill_n(model.bias.begin() + static_cast<std::ptrdiff_t>(hidden), hidden, 1.0f);
    }
    return model;
}

}  // namespace partita::data
