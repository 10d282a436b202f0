// The update of the array's backend beside the portable one, bit for bit, from the same parameters: sizes
// with and without whole words, odd numbers of words, rows with gaps, numbers of every kind.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gemmini/cells.hpp"
#include "partita/learn/backend.hpp"
#include "support.hpp"

namespace partita::learn::test {
namespace {

constexpr float learning_rate = 0.03f;
constexpr float alpha = 0.1f;

struct Size {
    std::uint32_t rows, columns, gap, offset;
};
constexpr Size sizes[] = {{1, 1, 0, 0}, {1, 4, 0, 0}, {3, 4, 0, 0},   {3, 4, 4, 0},  {4, 8, 0, 0},
                          {5, 7, 2, 0}, {2, 8, 0, 2}, {16, 32, 8, 0}, {1, 12, 0, 0}, {7, 20, 12, 0}};

template <typename Case>
class UpdateTiles : public testing::Test {};

template <typename FormatOf, typename RegulariserOf, Precision precision_of>
struct UpdateCase {
    using Format = FormatOf;
    using Regulariser = RegulariserOf;
    static constexpr Precision precision = precision_of;
};
using UpdateCases = testing::Types<
    UpdateCase<PortableFp32, float, Precision::fp32>, UpdateCase<PortableFp32, Bf16, Precision::fp32>,
    UpdateCase<PortableBf16, Bf16, Precision::bf16>, UpdateCase<PortableMixed, Bf16, Precision::mixed>>;
TYPED_TEST_SUITE(UpdateTiles, UpdateCases);

// Mostly numbers as they occur, now and then zeros, infinities or any bits at all.
float draw_number(Random& random, float limit) {
    switch (draw(random) % 64) {
        case 0: {
            const auto any = std::bit_cast<float>(draw(random));
            return std::isnan(any) ? std::numeric_limits<float>::quiet_NaN() : any;
        }
        case 1:
            return draw(random) % 2 == 0 ? 0.0f : -0.0f;
        case 2:
            return std::numeric_limits<float>::infinity();
        default:
            return uniform(random, limit);
    }
}

template <typename T>
std::uint32_t bits_of(T x) {
    if constexpr (std::is_same_v<T, float>) {
        return std::isnan(x) ? 0x7FC00000u : std::bit_cast<std::uint32_t>(x);
    } else if constexpr (std::is_same_v<T, Bf16>) {
        return x.bits;
    } else {
        return x;
    }
}

// What the portable backend makes of one parameter after the other: the head's weights, which lie in plain
// order.
template <typename Case>
class PortableUpdate {
  public:
    using Operand = typename Case::Format::Operand;
    using Regulariser = typename Case::Regulariser;

    PortableUpdate()
        : layout_(layout(plan()).value()),
          memory_(layout_.total),
          ws_{layout_, memory_.bytes().data(), 4},
          at_(ws_.head_index(0)) {}

    void step(float gradient, Operand& w, std::uint16_t& low, Regulariser& e, Regulariser& d) {
        ws_.array<Operand>(BufferId::weights)[at_] = w;
        ws_.array<Regulariser>(BufferId::regulariser_e)[at_] = e;
        ws_.array<Regulariser>(BufferId::regulariser_d)[at_] = d;
        if constexpr (Case::precision == Precision::mixed) {
            ws_.array<std::uint16_t>(BufferId::weights_low)[at_] = low;
        }
        UpdateStep step;
        step.learning_rate = learning_rate;
        step.alpha = alpha;
        portable_kernels(Case::precision).value()->update(ws_, step, {at_, 1}, &gradient, false);
        w = ws_.array<Operand>(BufferId::weights)[at_];
        e = ws_.array<Regulariser>(BufferId::regulariser_e)[at_];
        d = ws_.array<Regulariser>(BufferId::regulariser_d)[at_];
        if constexpr (Case::precision == Precision::mixed) {
            low = ws_.array<std::uint16_t>(BufferId::weights_low)[at_];
        }
    }

  private:
    static Plan plan() {
        Plan plan{.shape = {1, 1, 2}, .batch = 1, .steps = 1, .parts = 1};
        plan.precision = Case::precision;
        plan.narrow_regulariser = sizeof(Regulariser) == 2;
        return plan;
    }

    Layout layout_;
    Memory memory_;
    Workspace ws_;
    std::size_t at_;
};

// The kernel on a tile; in the 16-bit formats e and d follow here as the accelerator would have it.
template <typename Format, typename Regulariser>
void update_by_tile(const Size& size, std::size_t stride, const std::vector<Sum<Format>>& gradient,
                    std::vector<typename Format::Operand>& w, std::vector<std::uint16_t>& low,
                    std::vector<Regulariser>& e, std::vector<Regulariser>& d) {
    if constexpr (std::is_same_v<Format, PortableFp32>) {
        update_tile(UpdateTile<Regulariser>{.rows = size.rows,
                                            .columns = size.columns,
                                            .gradient = {gradient.data() + size.offset, stride},
                                            .weights = w.data() + size.offset,
                                            .e = e.data() + size.offset,
                                            .d = d.data() + size.offset,
                                            .stride = stride,
                                            .learning_rate = learning_rate,
                                            .alpha = alpha});
    } else {
        std::vector<Bf16> moved(w.size());
        move_tile(MoveTile<Format>{.rows = size.rows,
                                   .columns = size.columns,
                                   .gradient = {gradient.data() + size.offset, stride},
                                   .moved = {moved.data() + size.offset, stride},
                                   .weights = w.data() + size.offset,
                                   .low = low.data() + size.offset,
                                   .e = e.data() + size.offset,
                                   .stride = stride,
                                   .learning_rate = learning_rate,
                                   .alpha = alpha});
        for (std::size_t row = 0; row < size.rows; ++row) {
            for (std::size_t column = 0; column < size.columns; ++column) {
                const std::size_t i = size.offset + row * stride + column;
                const auto next = regularise<Format>(value(moved[i]), value(e[i]), value(d[i]));
                put(next.e, e[i]);
                put(next.d, d[i]);
            }
        }
    }
}

TYPED_TEST(UpdateTiles, ArePortableUpdates) {
    using Format = typename TypeParam::Format;
    using Regulariser = typename TypeParam::Regulariser;
    using Operand = typename Format::Operand;
    PortableUpdate<TypeParam> portable;
    Random random(84);
    for (const Size& size : sizes) {
        const std::size_t stride = size.columns + size.gap;
        const std::size_t count = size.offset + size.rows * stride;
        std::vector<Sum<Format>> gradient(count);
        std::vector<Operand> w(count);
        std::vector<std::uint16_t> low(count);
        std::vector<Regulariser> e(count);
        std::vector<Regulariser> d(count);
        for (int repetition = 0; repetition < 20; ++repetition) {
            // Steps that move every weight, and such as leave most BF16 ones where they are.
            const float limit = repetition % 2 == 0 ? 1.0f : 1e-4f;
            for (std::size_t i = 0; i < count; ++i) {
                const float g = draw_number(random, limit);
                const float weight = draw_number(random, 0.5f);
                if constexpr (TypeParam::precision == Precision::mixed) {
                    const SplitFloat planes = split(weight);
                    w[i] = planes.high;
                    low[i] = planes.low;
                    put(draw_number(random, 0.01f), e[i]);
                } else {
                    put(weight, w[i]);
                    put(draw_number(random, 0.01f), e[i]);
                }
                put(draw_number(random, 0.01f), d[i]);
                put(g, gradient[i]);
            }
            auto expected_w = w;
            auto expected_low = low;
            auto expected_e = e;
            auto expected_d = d;
            for (std::size_t row = 0; row < size.rows; ++row) {
                for (std::size_t column = 0; column < size.columns; ++column) {
                    const std::size_t i = size.offset + row * stride + column;
                    portable.step(value(gradient[i]), expected_w[i], expected_low[i], expected_e[i],
                                  expected_d[i]);
                }
            }
            update_by_tile<Format, Regulariser>(size, stride, gradient, w, low, e, d);
            for (std::size_t i = 0; i < count; ++i) {
                const std::string what = std::to_string(size.rows) + " x " + std::to_string(size.columns) +
                                         ", element " + std::to_string(i);
                ASSERT_EQ(bits_of(w[i]), bits_of(expected_w[i])) << what;
                ASSERT_EQ(bits_of(low[i]), bits_of(expected_low[i])) << what;
                ASSERT_EQ(bits_of(e[i]), bits_of(expected_e[i])) << what;
                ASSERT_EQ(bits_of(d[i]), bits_of(expected_d[i])) << what;
            }
        }
    }
}

// The numbers that a word leaves to the element-wise code must come up, and be right there.
TEST(UpdateTile, TakeNumbersHalfWayBetweenTwoOneUnitFurther) {
    std::vector<float> gradient(8, 0.0f);
    std::vector<Bf16> w(8, narrow(1.0f));
    std::vector<std::uint16_t> low(8, 0);
    std::vector<Bf16> e(8);
    std::vector<Bf16> moved(8);
    gradient[5] = -0x1p-8f;  // W' = 1 + 2^-8: the low half is exactly 0x8000
    move_tile(MoveTile<PortableMixed>{.rows = 1,
                                      .columns = 8,
                                      .gradient = {gradient.data(), 8},
                                      .moved = {moved.data(), 8},
                                      .weights = w.data(),
                                      .low = low.data(),
                                      .e = e.data(),
                                      .stride = 8,
                                      .learning_rate = 1.0f,
                                      .alpha = 0.0f});
    EXPECT_EQ(join({w[5], low[5]}), 1.0f + 0x1p-8f + 0x1p-23f);
    EXPECT_EQ(join({w[4], low[4]}), 1.0f);
    EXPECT_EQ(widen(moved[5]), round_to_bf16(0x1p-8f + 0x1p-23f));
}

}  // namespace
}  // namespace partita::learn::test
