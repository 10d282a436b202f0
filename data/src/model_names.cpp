#include "model_names.hpp"

#include <optional>

#include "partita/data/model_file.hpp"
#include "text.hpp"

namespace partita::data {
namespace {

/// What stands before `suffix` in `name` ("model.lstm." of "model.lstm.bias_ih_l0"), if it is empty or ends a
/// module's name.
std::optional<std::string_view> prefix_before(std::string_view name, std::string_view suffix) {
    if (!name.ends_with(suffix)) {
        return std::nullopt;
    }
    const std::string_view prefix = name.substr(0, name.size() - suffix.size());
    if (!prefix.empty() && prefix.back() != '.') {
        return std::nullopt;
    }
    return prefix;
}

[[noreturn]] void fail_listing(const File& file, std::string_view problem,
                               const std::vector<const Tensor*>& candidates) {
    std::vector<std::string> found;
    for (const Tensor* tensor : candidates) {
        found.push_back(tensor->name);
    }
    fail("reading model '{}': {}; found {}; expected {}", file.name, problem, listed(found),
         listed(std::vector<std::string>(model_names.begin(), model_names.end())));
}

}  // namespace

ModelTensors find_model_tensors(const File& file) {
    constexpr std::array<std::string_view, 6> suffixes{"weight_ih_l0", "weight_hh_l0", "bias_ih_l0",
                                                       "bias_hh_l0",   "weight",       "bias"};
    std::vector<const Tensor*> candidates;
    for (const Tensor& tensor : file.tensors) {
        if (!std::string_view(tensor.name).starts_with(training_prefix)) {
            candidates.push_back(&tensor);
        }
    }

    std::array<const Tensor*, 6> found{};
    std::array<std::string_view, 6> prefixes{};
    for (const Tensor* tensor : candidates) {
        bool known = false;
        for (std::size_t index = 0; index < suffixes.size(); ++index) {
            const auto prefix = prefix_before(tensor->name, suffixes[index]);
            if (!prefix) {
                continue;
            }
            if (found[index] != nullptr) {
                fail_listing(
                    file,
                    fmt::format("both {} and {} could be the tensor '{}'", in_quotes(found[index]->name),
                                in_quotes(tensor->name), model_names[index]),
                    candidates);
            }
            found[index] = tensor;
            prefixes[index] = *prefix;
            known = true;
        }
        if (!known) {
            fail_listing(file,
                         fmt::format("tensor {} does not belong to one LSTM layer and a linear head",
                                     in_quotes(tensor->name)),
                         candidates);
        }
    }
    for (std::size_t index = 0; index < found.size(); ++index) {
        if (found[index] == nullptr) {
            fail_listing(file, fmt::format("there is no tensor '{}'", model_names[index]), candidates);
        }
    }
    const bool one_lstm =
        prefixes[0] == prefixes[1] && prefixes[0] == prefixes[2] && prefixes[0] == prefixes[3];
    if (!one_lstm || prefixes[4] != prefixes[5]) {
        fail_listing(file, "the names do not belong to one LSTM and one linear head", candidates);
    }
    return {found[0], found[1], found[2], found[3], found[4], found[5]};
}

}  // namespace partita::data
