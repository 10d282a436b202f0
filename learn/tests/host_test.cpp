// The host backend's kernels one by one beside the portable ones, from the same memory, for every instruction
// set that this processor has.

#include <gtest/gtest.h>
#include <hwy/detect_targets.h>
#include <hwy/targets.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "partita/learn/activation.hpp"
#include "partita/learn/workspace.hpp"
#include "support.hpp"

#if HWY_ARCH_X86
// The choice at run time would always take the best one.
// NOLINTNEXTLINE(readability-identifier-naming): Highway's name
namespace partita::learn::N_AVX2 {
const Kernels* plain_kernels(Precision precision);
}
// NOLINTNEXTLINE(readability-identifier-naming): Highway's name
namespace partita::learn::N_AVX3 {
const Kernels* plain_kernels(Precision precision);
}
#endif

namespace partita::learn::test {
namespace {

constexpr std::uint32_t array_side = 8;

std::vector<const Kernels*> host_variants(Precision precision) {
    std::vector<const Kernels*> variants;
    if (const auto best = host_kernels(precision); best.ok()) {
        variants.push_back(best.value());
    }
#if HWY_ARCH_X86
    for (const auto& [target, kernels] :
         {std::pair{HWY_AVX2, &N_AVX2::plain_kernels}, std::pair{HWY_AVX3, &N_AVX3::plain_kernels}}) {
        if ((hwy::SupportedTargets() & target) != 0 && kernels(precision) != variants.front()) {
            variants.push_back(kernels(precision));
        }
    }
#endif
    return variants;
}

// ---- Activations ----

// With weights of zero but for the biases a gate is the activation of its bias, and must be the scalar code's
// bits.
TEST(Host, ActivationsAreTheSameBits) {
    const Plan plan{.shape = {1, 16, 1}, .batch = 1, .steps = 1, .parts = 1};
    const Layout laid_out = layout(plan).value();
    const auto same = [](float a, float b) {
        return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
               (std::isnan(a) && std::isnan(b));
    };
    for (const Kernels* kernels : host_variants(Precision::fp32)) {
        const Memory memory(laid_out.total);
        const Workspace ws{laid_out, memory.bytes().data(), array_side};
        std::memset(ws.memory, 0, laid_out.total);
        ws.array<float>(BufferId::inputs)[0] = 1.0f;
        float* bias = ws.array<float>(BufferId::weights) + ws.weight_index(0, ws.bias_row());
        const float* gates = ws.array<float>(BufferId::gates);
        std::uint64_t bits = 0;
        while (bits < (std::uint64_t{1} << 32)) {
            for (std::uint32_t i = 0; i < gates_per_block; ++i, bits += 10'007) {
                bias[i] = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
            }
            kernels->forward(ws, 1, {0, 1}, 0);
            for (std::uint32_t unit = 0; unit < 16; ++unit) {
                for (const std::uint32_t gate : {0u, 1u, 3u}) {
                    const std::uint32_t at = plain_place(gate, unit);
                    ASSERT_TRUE(same(gates[at], sigmoid(bias[at])))
                        << kernels->name << ", sigmoid of " << bias[at];
                }
                const std::uint32_t at = plain_place(2, unit);
                ASSERT_TRUE(same(gates[at], tanh(bias[at]))) << kernels->name << ", tanh of " << bias[at];
                // h = o tanh(c), c = i g.
                const float cell = ws.array<float>(BufferId::cell)[16 + unit];
                ASSERT_TRUE(same(cell, gates[plain_place(0, unit)] * gates[at])) << kernels->name;
                ASSERT_TRUE(same(ws.array<float>(BufferId::hidden)[16 + unit],
                                 gates[plain_place(3, unit)] * tanh(cell)));
            }
        }
    }
}

// ---- Kernels ----

struct KernelCase {
    Shape shape;
    std::uint32_t batch, steps;
};

// Odd sizes and sizes of one; more rows than a tile; more sequences than any group; more items of a weight
// gradient than are taken at a time (9 * 30, or 5 * 30 pairs).
constexpr KernelCase cases[] = {{{1, 1, 2}, 1, 3},   {{3, 5, 3}, 2, 4},   {{1, 16, 4}, 4, 3},
                                {{1, 17, 10}, 3, 4}, {{2, 33, 11}, 5, 3}, {{3, 40, 10}, 9, 3},
                                {{1, 5, 2}, 9, 30}};

// How far two backends may be apart, as norm of the difference over norm.
struct Tolerances {
    Precision precision;
    bool exact;  // the same operations in the same order

    // A product of n terms, kept in `kept_narrow` or in FP32. In FP32 the order of a sum changes it by 2 n
    // 2^-24 of its terms' magnitudes, which for terms of either sign are about sqrt(n) times the sum. Kept in
    // BF16 it may be rounded to the other side: one unit, 2^-7, of any element. In BF16 the portable backend
    // also rounds within the product: n / array_side + array_side times by up to 2^-8; two deviations of
    // independent roundings.
    double product(double n, bool kept_narrow) const {
        const double order = 2 * n * std::sqrt(n) * 0x1p-24;
        const double kept = kept_narrow ? 0x1p-7 : 0.0;
        const double within =
            precision == Precision::bf16
                ? 2 * 0x1p-8 * std::sqrt(std::min<double>(n, array_side) + n / array_side + 1)
                : 0;
        return order + kept + within;
    }

    // The portable backend rounds, in 16 bits, what activations take and give before it uses it, the host's
    // only what it stores: by up to 2^-8 of each number, which passes on to what is made of `count` of them.
    double rounded(double count) const { return precision == Precision::fp32 ? 0.0 : count * 0x1p-8; }
};

// Two copies of a plan's memory, on which one kernel at a time runs: the portable one on the first, the
// host's on the second.
class Pair {
  public:
    Pair(const Plan& plan, const Kernels& host)
        : layout_(layout(plan).value()),
          portable_(*portable_kernels(plan.precision).value()),
          host_(host),
          first_(plan, portable_, array_side),
          second_(layout_.total) {
        const Samples samples = random_samples(plan, 61);
        first_.load(random_network(plan.shape, 62));
        first_->train_part({}, samples.batch(), 0, {.learning_rate = 0.0f});
        synchronise();
    }

    Workspace portable() const { return {layout_, first_.memory.bytes().data(), array_side}; }
    Workspace host() const { return {layout_, second_.bytes().data(), array_side}; }

    // What the portable kernel left is what both start from next.
    void synchronise() { std::ranges::copy(first_.memory.bytes(), second_.bytes().begin()); }

    // Runs a kernel on both: call(kernels, workspace).
    template <typename Call>
    void run(const Call& call) {
        call(portable_, portable());
        call(host_, host());
    }

    // Difference of `count` numbers at a byte offset, relative to their norm.
    template <typename T>
    double difference(std::size_t offset, std::size_t count) const {
        double squares = 0.0;
        double size = 0.0;
        const auto number = [](const std::byte* at) {
            T stored;
            std::memcpy(&stored, at, sizeof(T));
            if constexpr (sizeof(T) == 2) {
                return static_cast<double>(widen(stored));
            } else {
                return static_cast<double>(stored);
            }
        };
        for (std::size_t i = 0; i < count; ++i) {
            const double a = number(first_.memory.bytes().data() + offset + i * sizeof(T));
            const double b = number(second_.bytes().data() + offset + i * sizeof(T));
            squares += (a - b) * (a - b);
            size += a * a;
        }
        return size == 0.0 ? (squares == 0.0 ? 0.0 : HUGE_VAL) : std::sqrt(squares / size);
    }
    double buffer_difference(BufferId id, std::size_t element) const {
        const Buffer& buffer = layout_[id];
        return element == 2 ? difference<Bf16>(buffer.offset, buffer.size / 2)
                            : difference<float>(buffer.offset, buffer.size / 4);
    }
    double scratch_difference(std::size_t offset, std::size_t count, std::size_t element) const {
        const std::size_t at = layout_[BufferId::scratch].offset + offset;
        return element == 2 ? difference<Bf16>(at, count) : difference<float>(at, count);
    }

  private:
    Layout layout_;
    const Kernels& portable_;
    const Kernels& host_;
    Training first_;
    Memory second_;
};

void check_kernels(const Plan& plan, const Kernels& host) {
    const std::string what = std::string(host.name) + ", " + describe_plan(plan);
    Pair pair(plan, host);
    const Workspace ws = pair.portable();
    const Extents& e = ws.extents();
    const ScratchMap& map = ws.layout.scratch;
    const Range all{0, e.blocks};
    const bool full = plan.tape == Tape::full;
    const std::size_t operand = detail::operand_bytes(plan.precision);
    const std::size_t state = detail::cell_bytes(plan.precision);
    const bool narrow = operand == 2;
    const std::size_t states = std::size_t{plan.batch} * e.padded_hidden;
    const auto product = [&](double n, bool kept_narrow) {
        return Tolerances{plan.precision, false}.product(n, kept_narrow);
    };
    const auto rounded = [&](double count) { return Tolerances{plan.precision, false}.rounded(count); };

    for (std::uint32_t step = 1; step <= plan.steps; ++step) {
        pair.run([&](const Kernels& k, const Workspace& w) { k.forward(w, step, all, 0); });
        // A pre-activation and its gate: c = f c_before + i g has three gates, h = o tanh(c) one more, c and
        // tanh(c).
        EXPECT_LE(pair.buffer_difference(BufferId::hidden, operand), product(e.rows, narrow) + rounded(10))
            << what << ", step " << step;
        EXPECT_LE(pair.buffer_difference(BufferId::cell, state), product(e.rows, state == 2) + rounded(6))
            << what << ", step " << step;
        EXPECT_LE(pair.buffer_difference(BufferId::gates, operand), product(e.rows, narrow) + rounded(2))
            << what << ", step " << step;
        pair.synchronise();
    }

    pair.run([&](const Kernels& k, const Workspace& w) { k.head_logits(w, plan.steps, {0, plan.batch}); });
    EXPECT_LE(pair.buffer_difference(BufferId::head, 4), product(plan.shape.hidden + 1, false)) << what;
    Random random(63);
    for (std::uint32_t b = 0; b < plan.batch; ++b) {
        for (std::uint32_t c = 0; c < plan.shape.classes; ++c) {
            const float gradient = uniform(random, 0.5f);
            ws.array<float>(BufferId::head)[b * e.padded_classes + c] =
                narrow ? round_to_bf16(gradient) : gradient;
        }
    }
    pair.synchronise();

    pair.run([&](const Kernels& k, const Workspace& w) { k.head_hidden_gradient(w, all); });
    EXPECT_LE(pair.scratch_difference(map.hidden_grad, states, state),
              product(plan.shape.classes, state == 2))
        << what;
    std::memset(ws.scratch<std::byte>(map.cell_grad), 0, states * state);
    pair.synchronise();

    for (std::uint32_t step = plan.steps; step >= 1; --step) {
        pair.run([&](const Kernels& k, const Workspace& w) { k.gate_gradient(w, step, all, 0); });
        // From a tape it is the same arithmetic element by element, but for c_before, c and tanh(c), the last
        // of which is squared, and the rounding of what is stored; from gates computed again it begins with
        // their product.
        const double allowed =
            rounded(4) + (narrow ? 0x1p-7 : 0.0) + (full ? 0.0 : product(e.rows, narrow) + rounded(8));
        EXPECT_LE(pair.buffer_difference(BufferId::gates, operand), allowed) << what << ", step " << step;
        EXPECT_LE(pair.scratch_difference(map.cell_grad, states, state), allowed)
            << what << ", step " << step;
        if (!full || narrow) {
            EXPECT_LE(pair.scratch_difference(ws.step_gates_scratch(step), states * gate_count, operand),
                      2 * allowed)
                << what << ", step " << step;
        }
        EXPECT_EQ(pair.buffer_difference(BufferId::cell, state), 0.0) << what << ", step " << step;
        pair.synchronise();
        if (step > 1) {
            pair.run([&](const Kernels& k, const Workspace& w) { k.hidden_gradient(w, step, all); });
            EXPECT_LE(pair.scratch_difference(map.hidden_grad, states, state),
                      product(4 * plan.shape.hidden, state == 2))
                << what << ", step " << step;
            pair.synchronise();
        }
    }

    const double items = static_cast<double>(plan.steps) * plan.batch;
    for (std::uint32_t block = 0; block < e.blocks; ++block) {
        if (!full) {
            pair.run([&](const Kernels& k, const Workspace& w) { k.rebuild_block(w, block, plan.steps, 0); });
            // The block's own cell state and its gradient pass through all steps: so often may they be off.
            const double allowed = 2 * std::sqrt(plan.steps) * product(e.rows, narrow);
            EXPECT_LE(pair.scratch_difference(ws.tile_scratch(0) + map.tile_gates,
                                              plan.steps * ws.step_gates(), operand),
                      allowed)
                << what << ", block " << block;
            pair.synchronise();
        }
        for (std::uint32_t row = 0; row < e.rows; row += rows_per_tile) {
            const Range rows{row, std::min(row + rows_per_tile, e.rows)};
            pair.run([&](const Kernels& k, const Workspace& w) {
                k.weight_gradient(w, block, rows, plan.steps, 0);
            });
            EXPECT_LE(pair.scratch_difference(ws.tile_scratch(0) + map.tile_gradient,
                                              std::size_t{rows.last - rows.first} * gates_per_block, 4),
                      product(items, false))
                << what << ", block " << block << ", rows from " << row;
            pair.synchronise();
        }
    }
    for (std::uint32_t label = 0; label < plan.shape.classes; ++label) {
        pair.run([&](const Kernels& k, const Workspace& w) {
            k.head_gradient(w, label, {0, e.padded_hidden}, plan.steps, 0);
        });
        EXPECT_LE(pair.scratch_difference(ws.tile_scratch(0) + map.tile_gradient, e.padded_hidden, 4),
                  product(plan.batch, false))
            << what << ", class " << label;
        pair.synchronise();
    }
}

class HostKernels : public testing::TestWithParam<Precision> {};

TEST_P(HostKernels, AgreeWithThePortableOnes) {
    const auto variants = host_variants(GetParam());
    if (variants.empty()) {
        GTEST_SKIP() << "no host backend for this processor";
    }
    for (const Kernels* host : variants) {
        for (const KernelCase& c : cases) {
            for (const Tape tape : tapes) {
                Plan plan{.shape = c.shape, .batch = c.batch, .steps = c.steps, .parts = 1};
                plan.precision = GetParam();
                plan.tape = tape;
                check_kernels(plan, *host);
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Precisions, HostKernels, testing::ValuesIn(precisions),
                         [](const auto& test) { return std::string(learn::name(test.param)); });

// Whole training, where differences feed on each other: four parts of FPTT.
TEST(Host, TrainsAsThePortableBackendDoes) {
    for (const Precision precision : precisions) {
        for (const Kernels* host : host_variants(precision)) {
            Plan plan{.shape = {3, 33, 5}, .batch = 9, .steps = 10, .parts = 4};
            plan.precision = precision;
            const Samples samples = random_samples(plan, 64);
            const Network start = random_network(plan.shape, 65);
            Training portable(plan, *portable_kernels(precision).value(), array_side);
            Training other(plan, *host, array_side);
            for (Training* training : {&portable, &other}) {
                training->load(start);
                (*training)->train({}, samples.batch(), {.learning_rate = 0.1f});
            }
            const std::vector<double> before = in_a_row(start);
            std::vector<double> a = in_a_row(portable.parameters());
            std::vector<double> b = in_a_row(other.parameters());
            double difference = 0.0;
            double moved = 0.0;
            for (std::size_t i = 0; i < a.size(); ++i) {
                difference += (a[i] - b[i]) * (a[i] - b[i]);
                moved += (a[i] - before[i]) * (a[i] - before[i]);
            }
            // FP32: the bound of each backend's gradient. Mixed: sums of 16-bit products are almost exact in
            // FP32, so that few operands round to another side, by a unit of 2^-7. BF16: each of the portable
            // backend's products is off by sqrt(8 + 5) roundings of 2^-8 / sqrt(3), 0.8 %, and they feed on
            // each other over ten steps and four updates.
            const double allowed = precision == Precision::fp32    ? 1e-6
                                   : precision == Precision::mixed ? 0x1p-7
                                                                   : 0.05;
            EXPECT_LE(std::sqrt(difference / moved), allowed) << host->name << ", " << learn::name(precision);
        }
    }
}

}  // namespace
}  // namespace partita::learn::test
