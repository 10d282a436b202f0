#include "workload.hpp"

#include <array>
#include <cmath>
#include <cstdint>

#include "partita/runner/torch_script.hpp"

namespace partita::bench {
namespace {

/// SplitMix64 (Steele, Lea and Flood, 2014): the standard library's distributions differ between
/// implementations.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    float uniform(float low, float high) {
        const auto unit = static_cast<float>(next() >> 40U) * 0x1p-24F;
        return low + (high - low) * unit;
    }

    int below(int bound) { return static_cast<int>((next() >> 33U) % static_cast<std::uint64_t>(bound)); }

  private:
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    std::uint64_t state_;
};

std::vector<float> uniform_tensor(Random& random, int elements, float bound) {
    std::vector<float> tensor(static_cast<std::size_t>(elements));
    for (float& value : tensor) {
        value = random.uniform(-bound, bound);
    }
    return tensor;
}

/// One image of 28 x 28: MNIST keeps its ink in the middle 20 x 20, one or two strokes to a row.
void draw_sample(Random& random, Workload& workload, int sample) {
    constexpr float background = -0.4242F;
    constexpr int side = 28;
    for (int step = 0; step < workload.steps; ++step) {
        workload.samples[step * workload.batch + sample] = background;
    }
    for (int row = 4; row < 24; ++row) {
        const int strokes = 1 + random.below(2);
        for (int stroke = 0; stroke < strokes; ++stroke) {
            const int start = 4 + random.below(15);
            const int length = 3 + random.below(3);
            for (int column = start; column < start + length; ++column) {
                workload.samples[(row * side + column) * workload.batch + sample] =
                    random.uniform(0.5F, 2.8F);
            }
        }
    }
}

std::array<const std::vector<float>*, 5> tensors(const Network& network) {
    return {&network.weight_ih, &network.weight_hh, &network.bias, &network.head_weight, &network.head_bias};
}

}  // namespace

Workload make_workload(std::uint64_t seed) {
    Random random(seed);
    Workload workload;
    workload.samples.resize(static_cast<std::size_t>(workload.steps) * workload.batch);
    for (int sample = 0; sample < workload.batch; ++sample) {
        draw_sample(random, workload, sample);
        workload.labels.push_back(random.below(workload.classes));
    }
    const int hidden = workload.hidden;
    const float bound = 1.0F / std::sqrt(static_cast<float>(hidden));
    workload.initial.weight_ih = uniform_tensor(random, 4 * hidden, bound);
    workload.initial.weight_hh = uniform_tensor(random, 4 * hidden * hidden, bound);
    workload.initial.bias = uniform_tensor(random, 4 * hidden, bound);
    workload.initial.head_weight = uniform_tensor(random, workload.classes * hidden, bound);
    workload.initial.head_bias = uniform_tensor(random, workload.classes, bound);
    return workload;
}

void write_workload(const Workload& workload, const std::filesystem::path& path) {
    runner::TorchWorkload written;
    written.steps = static_cast<std::uint32_t>(workload.steps);
    written.batch = static_cast<std::uint32_t>(workload.batch);
    written.hidden = static_cast<std::uint32_t>(workload.hidden);
    written.classes = static_cast<std::uint32_t>(workload.classes);
    written.learning_rate = workload.learning_rate;
    written.alpha = workload.alpha;
    written.labels.assign(workload.labels.begin(), workload.labels.end());
    written.samples = workload.samples;
    const Network& network = workload.initial;
    written.tensors = {network.weight_ih, network.weight_hh, network.bias, network.head_weight,
                       network.head_bias};
    runner::write_torch_workload(written, path.string());
}

std::vector<double> change(const Network& before, const Network& after) {
    std::vector<double> lengths;
    for (std::size_t index = 0; index < tensors(before).size(); ++index) {
        const std::vector<float>& first = *tensors(before)[index];
        const std::vector<float>& second = *tensors(after)[index];
        double sum = 0.0;
        for (std::size_t element = 0; element < first.size(); ++element) {
            const double difference = static_cast<double>(second.at(element)) - first[element];
            sum += difference * difference;
        }
        lengths.push_back(std::sqrt(sum));
    }
    return lengths;
}

}  // namespace partita::bench
