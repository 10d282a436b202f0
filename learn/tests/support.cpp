#include "support.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <new>
#include <thread>

namespace partita::learn::test {

Memory::Memory(std::size_t size)
    : data_(static_cast<std::byte*>(::operator new (size, std::align_val_t{buffer_alignment}))), size_(size) {
    std::memset(data_.get(), 0xFF, size);
}

void Memory::Free::operator()(std::byte* data) const {
    ::operator delete (data, std::align_val_t{buffer_alignment});
}

std::uint32_t draw(Random& random) {
    return static_cast<std::uint32_t>(random());
}

float uniform(Random& random, float limit) {
    // 24 random bits: every value is exact.
    const auto bits = static_cast<std::int32_t>(draw(random) >> 8);
    return static_cast<float>(bits - (1 << 23)) * (limit * 0x1p-23f);
}

Network::Network(Shape size)
    : shape(size),
      weight_ih(4ull * size.hidden * size.input),
      weight_hh(4ull * size.hidden * size.hidden),
      bias(4ull * size.hidden),
      head_weight(std::size_t{size.classes} * size.hidden),
      head_bias(size.classes) {}

Network random_network(Shape shape, std::uint32_t seed) {
    Random random(seed);
    Network network(shape);
    const float limit = 1.0f / std::sqrt(static_cast<float>(shape.hidden));
    for (auto* tensor :
         {&network.weight_ih, &network.weight_hh, &network.bias, &network.head_weight, &network.head_bias}) {
        for (float& w : *tensor) {
            w = uniform(random, limit);
        }
    }
    return network;
}

std::vector<double> in_a_row(const Network& network) {
    std::vector<double> all;
    for (const auto* tensor :
         {&network.weight_ih, &network.weight_hh, &network.bias, &network.head_weight, &network.head_bias}) {
        all.insert(all.end(), tensor->begin(), tensor->end());
    }
    return all;
}

Samples random_samples(const Plan& plan, std::uint32_t seed) {
    Random random(seed);
    Samples samples;
    for (std::uint32_t b = 0; b < plan.batch; ++b) {
        auto& values = samples.values.emplace_back(std::size_t{plan.steps} * plan.shape.input);
        for (float& x : values) {
            x = uniform(random, 2.0f);
        }
        samples.labels.push_back(draw(random) % plan.shape.classes);
    }
    for (const auto& values : samples.values) {
        samples.sequences.push_back(values.data());
    }
    return samples;
}

const char* name(Backend backend) {
    return backend == Backend::portable ? "portable" : "host";
}

bool available(Backend backend) {
    return backend == Backend::portable || host_kernels(Precision::fp32).ok();
}

const Kernels& kernels(Backend backend, Precision precision) {
    return *(backend == Backend::portable ? portable_kernels(precision) : host_kernels(precision)).value();
}

Training::Training(const Plan& plan, Backend backend, std::uint32_t array_side)
    : Training(plan, test::kernels(backend, plan.precision), array_side) {}

Training::Training(const Plan& plan, const Kernels& kernels, std::uint32_t array_side)
    : memory(layout(plan).value().total) {
    const Result<Trainer> made = Trainer::create(plan, memory.bytes(), kernels, array_side);
    EXPECT_EQ(made.error(), Error::none) << describe(made.error());
    trainer = made.value();
}

void Training::load(const Network& network) {
    EXPECT_EQ(trainer.load(network.view()), Error::none);
}

Network Training::parameters() const {
    Network network(trainer.plan().shape);
    EXPECT_EQ(trainer.store(network.view()), Error::none);
    return network;
}

Network Training::gradient() const {
    Network network(trainer.plan().shape);
    EXPECT_EQ(trainer.store_gradient(network.view()), Error::none);
    return network;
}

std::vector<std::vector<std::byte>> Training::persistent() const {
    std::vector<std::vector<std::byte>> copies;
    for (const BufferId id : Trainer::persistent) {
        const std::span<std::byte> bytes = trainer.bytes(id);
        copies.emplace_back(bytes.begin(), bytes.end());
    }
    return copies;
}

std::vector<float> Training::losses() const {
    const std::span<const float> values = trainer.losses();
    return {values.begin(), values.end()};
}

void run_team(std::uint32_t members, const std::function<void(const Member&)>& work) {
    Barrier barrier(members, [] { std::this_thread::yield(); });
    std::vector<std::thread> threads;
    for (std::uint32_t index = 1; index < members; ++index) {
        threads.emplace_back([&, index] { work({index, members, &barrier}); });
    }
    work({0, members, &barrier});
    for (std::thread& thread : threads) {
        thread.join();
    }
}

double relative_error(std::span<const float> found, std::span<const double> expected) {
    EXPECT_EQ(found.size(), expected.size());
    double difference = 0.0;
    double size = 0.0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        difference += (found[i] - expected[i]) * (found[i] - expected[i]);
        size += expected[i] * expected[i];
    }
    return std::sqrt(difference) / std::sqrt(size);
}

std::string describe_plan(const Plan& plan) {
    const Shape s = plan.shape;
    return std::to_string(s.input) + "-" + std::to_string(s.hidden) + "-" + std::to_string(s.classes) +
           ", batch " + std::to_string(plan.batch) + ", T " + std::to_string(plan.steps) + ", K " +
           std::to_string(plan.parts) + ", " + learn::name(plan.precision) + ", tape " +
           learn::name(plan.tape) + ", " + learn::name(plan.rule) +
           (plan.rounding == Rounding::stochastic ? ", stochastic" : "") +
           (plan.clipping ? ", clipping" : "") + (plan.auxiliary ? ", auxiliary" : "") +
           (plan.regulariser ? "" : ", no regulariser") + ", team of " + std::to_string(plan.members);
}

}  // namespace partita::learn::test
