// Whole matrix products through LOOP_WS against the order of rounding written as plain loops.

#include <algorithm>
#include <type_traits>

#include "chip/gemmini/tests/function_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

constexpr Address a_at = memory_base + 0x1'0000;
constexpr Address b_at = memory_base + 0x4'0000;
constexpr Address d_at = memory_base + 0x8'0000;
constexpr Address c_at = memory_base + 0xC'0000;

// What an element type needs here: its scale of one, a draw, a step of the mesh, a sum in the accumulator,
// the way out. `full`: D and C are sums as they are.
struct Bf16Kind {
    using Element = std::uint16_t;
    using Sum = std::uint16_t;
    using Chain = std::uint16_t;  // of a tile
    using Out = std::uint16_t;
    static constexpr bool full = false;
    static Config chip() { return bf16_chip(4); }
    static constexpr std::uint32_t one = one_bf16;
    static Element draw(Random& random) {
        // Half of the bits of a significand, so that ties are frequent; zeros of both signs, subnormals, now
        // and then NaN.
        const std::uint32_t word = random();
        if (word % 64 < 6) {
            constexpr Element rare[] = {0x0000, 0x8000, 0x0001, 0x807F, 0x0000, 0x7F81};
            return word % 64 == 5 && word >> 24 != 0 ? rare[0] : rare[word % 64];
        }
        return static_cast<Element>((word >> 31) << 15 | (122 + (word >> 8 & 7)) << 7 | (word & 0x78));
    }
    static Element clean(Element x) { return exact_multiply_add(x, one_bf16, 0); }
    static Sum step(Element a, Element b, Sum sum) { return exact_multiply_add(a, b, sum); }
    static Sum add(Sum x, Sum y) { return exact_add(x, y); }
    static Sum take(Chain chain) { return chain; }
    static Sum widen(Element x) { return clean(x); }
    static Element out(Sum x) { return clean(x); }
};

struct WideBf16Kind : Bf16Kind {
    using Sum = float;
    static Config chip() { return wide_bf16_chip(); }
    static constexpr std::uint32_t one = one_fp32;
    static Element draw(Random& random) {
        const Element element = Bf16Kind::draw(random);
        return is_nan(element) ? Element{0} : element;  // floats are compared as numbers
    }
    static float add(float x, float y) { return x + y; }
    static float take(Element chain) { return to_float(chain); }
    static float widen(Element x) { return to_float(clean(x)); }
    static Element out(float x) { return round_to_bf16(x == 0.0F ? 0.0F : x); }
};

// Chains of FP32 multiply-adds of widened BF16 numbers. NaN included: it comes out as the canonical one.
template <unsigned Side>
struct MixedKind : Bf16Kind {
    using Sum = float;
    using Chain = float;
    static Config chip() { return mixed_chip(Side); }
    static float step(Element a, Element b, float sum) { return std::fma(to_float(a), to_float(b), sum); }
    static float add(float x, float y) { return x + y; }
    static float take(float chain) { return chain; }
    static float widen(Element x) { return to_float(clean(x)); }
    static Element out(float x) { return round_to_bf16(x == 0.0F ? 0.0F : x); }
};

template <unsigned Side>
struct MixedFullKind : MixedKind<Side> {
    using Out = std::uint32_t;  // bits
    static constexpr bool full = true;
    // As wide as a sum: bits below BF16's are kept, -0 is not.
    static float draw_sum(Random& random) {
        const float wide = static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-30F;
        return random() % 16 == 0 ? -0.0F : wide;
    }
    static float widen(float x) { return x == 0.0F ? 0.0F : x; }
    static Out out(float x) { return std::isnan(x) ? 0x7FC0'0000 : std::bit_cast<std::uint32_t>(x); }
};

struct Bf16WideArrayKind : Bf16Kind {
    static Config chip() { return bf16_chip(8); }
};

struct Fp32Kind {
    using Element = float;
    using Sum = float;
    using Chain = float;
    using Out = float;
    static constexpr bool full = false;
    static Config chip() { return fp32_chip(); }
    static constexpr std::uint32_t one = one_fp32;
    static Element draw(Random& random) {
        const std::uint32_t word = random();
        return word % 32 == 0 ? -0.0F : static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-29F;
    }
    static Element clean(Element x) { return x == 0.0F ? 0.0F : x; }
    static Sum step(Element a, Element b, Sum sum) { return std::fma(a, b, sum); }
    static Sum add(Sum x, Sum y) { return x + y; }
    static Sum take(Chain chain) { return chain; }
    static Sum widen(Element x) { return clean(x); }
    static Element out(Sum x) { return clean(x); }
};

struct Int8Kind {
    using Element = std::int8_t;
    using Sum = std::int32_t;
    using Chain = std::int32_t;
    using Out = std::int8_t;
    static constexpr bool full = false;
    static Config chip() { return int8_chip(); }
    static constexpr std::uint32_t one = one_fp32;
    static Element draw(Random& random) {
        return static_cast<Element>(random() % 16 == 0 ? -128 : random() % 25 - 12);
    }
    static Element clean(Element x) { return x; }
    static Sum step(Element a, Element b, Sum sum) { return sum + a * b; }
    static Sum add(Sum x, Sum y) { return x + y; }
    static Sum take(Chain chain) { return chain; }
    static Sum widen(Element x) { return x; }
    static Element out(Sum x) { return static_cast<Element>(std::clamp(x, -128, 127)); }
};

// An element of D.
template <typename Kind>
using Bias = std::conditional_t<Kind::full, typename Kind::Sum, typename Kind::Element>;

template <typename Element>
struct Matrix {
    unsigned rows;
    unsigned columns;
    unsigned stride;
    std::vector<Element> elements;

    Matrix(unsigned r, unsigned c, unsigned s)
        : rows(r), columns(c), stride(s), elements(std::size_t{r} * s + 64) {}
    Element& at(unsigned row, unsigned column) { return elements[row * stride + column]; }
    Element at(unsigned row, unsigned column) const { return elements[row * stride + column]; }
};

template <typename Kind>
Matrix<typename Kind::Element> draw(Random& random, unsigned rows, unsigned columns) {
    Matrix<typename Kind::Element> matrix(rows, columns, columns + random() % 5);
    for (auto& element : matrix.elements) {
        element = Kind::draw(random);
    }
    return matrix;
}

template <typename Kind>
Matrix<Bias<Kind>> draw_bias(Random& random, unsigned columns) {
    if constexpr (Kind::full) {
        Matrix<Bias<Kind>> matrix(1, columns, columns);
        for (auto& element : matrix.elements) {
            element = Kind::draw_sum(random);
        }
        return matrix;
    } else {
        return draw<Kind>(random, 1, columns);
    }
}

struct Product {
    unsigned i, j, k;
    bool transpose_a = false;
    bool transpose_b = false;
    bool bias = false;
    unsigned tiles_of_k = 1000;  // of a loop; the next loops go on with k
};

template <typename Kind>
class Gemm {
    using Element = typename Kind::Element;
    using Sum = typename Kind::Sum;
    using Out = typename Kind::Out;

  public:
    Gemm(const Product& product, Random& random)
        : p_(product),
          rig_(Kind::chip()),
          side_(rig_.geometry.side),
          a_(draw<Kind>(random, p_.transpose_a ? p_.k : p_.i, p_.transpose_a ? p_.i : p_.k)),
          b_(draw<Kind>(random, p_.transpose_b ? p_.j : p_.k, p_.transpose_b ? p_.k : p_.j)),
          d_(draw_bias<Kind>(random, p_.j)) {
        rig_.put(a_at, a_.elements);
        rig_.put(b_at, b_.elements);
        rig_.put(d_at, d_.elements);
    }

    void check() {
        run();
        const auto c = rig_.get<Out>(c_at, std::size_t{p_.i} * c_stride());
        for (unsigned row = 0; row < p_.i; ++row) {
            for (unsigned column = 0; column < p_.j; ++column) {
                ASSERT_EQ(c[row * c_stride() + column], Kind::out(expected(row, column)))
                    << p_.i << " x " << p_.j << " x " << p_.k << " at " << row << ", " << column;
            }
            for (unsigned column = p_.j; column < c_stride(); ++column) {
                ASSERT_EQ(c[row * c_stride() + column], Out{}) << "beyond the columns of C";
            }
        }
    }

  private:
    unsigned c_stride() const { return p_.j + 3; }

    void run() {
        const unsigned bytes = sizeof(Element);
        rig_.issue(config_execute(
            {.transpose_a = p_.transpose_a, .transpose_b = p_.transpose_b, .scale = Kind::one}));
        rig_.issue(config_store(c_stride() * sizeof(Out), Kind::one));
        rig_.issue(config_load(0, a_.stride * bytes, Kind::one, side_));
        rig_.issue(config_load(1, b_.stride * bytes, Kind::one, side_));
        rig_.issue(config_load(2, 0, Kind::one, side_, !Kind::full));
        const unsigned tiles = (p_.k + side_ - 1) / side_;
        for (unsigned first = 0; first < tiles; first += p_.tiles_of_k) {
            loop(first, std::min(p_.tiles_of_k, tiles - first), first + p_.tiles_of_k >= tiles);
        }
    }

    void loop(unsigned first, unsigned count, bool last) {
        const unsigned k = first * side_;
        const auto cut = [&](unsigned size) { return (side_ - size % side_) % side_; };
        const auto whole = [&](unsigned size) { return (size + side_ - 1) / side_; };
        const unsigned pad_k = last ? cut(p_.k) : 0;
        rig_.issue(command(9, std::uint64_t{pad_k} << 32 | cut(p_.j) << 16 | cut(p_.i),
                           std::uint64_t{count} << 32 | whole(p_.j) << 16 | whole(p_.i)));
        const Address a = a_at + Address{p_.transpose_a ? k * a_.stride : k} * sizeof(Element);
        const Address b = b_at + Address{p_.transpose_b ? k : k * b_.stride} * sizeof(Element);
        const bool bias = p_.bias && first == 0;
        rig_.issue(command(10, a, b));
        rig_.issue(command(11, bias ? d_at : 0, last ? c_at : 0));
        rig_.issue(command(12, a_.stride, b_.stride));
        rig_.issue(command(13, 0, c_stride()));
        rig_.issue(command(8, (Kind::full ? 1 << 1 : 1 << 2) | (bias || first != 0 ? 1 : 0),
                           p_.transpose_b << 1 | p_.transpose_a));
    }

    Sum expected(unsigned row, unsigned column) const {
        const unsigned tiles = (p_.k + side_ - 1) / side_;
        Sum sum{};
        for (unsigned t = 0; t < tiles; ++t) {
            typename Kind::Chain chain{};
            for (unsigned k = t * side_; k < (t + 1) * side_; ++k) {
                const bool inside = k < p_.k;
                const Element a = inside ? (p_.transpose_a ? a_.at(k, row) : a_.at(row, k)) : Element{};
                const Element b = inside ? (p_.transpose_b ? b_.at(column, k) : b_.at(k, column)) : Element{};
                chain = Kind::step(Kind::clean(a), Kind::clean(b), chain);
            }
            if (t == 0 && !p_.bias) {
                sum = Kind::take(chain);
            } else {
                sum = Kind::add(t == 0 ? Kind::widen(d_.at(0, column)) : sum, Kind::take(chain));
            }
        }
        return sum;
    }

    Product p_;
    Rig rig_;
    unsigned side_;
    Matrix<Element> a_;
    Matrix<Element> b_;
    Matrix<Bias<Kind>> d_;
};

template <typename Kind>
class FunctionGemm : public testing::Test {};
using Kinds = testing::Types<Bf16Kind, Bf16WideArrayKind, WideBf16Kind, MixedKind<4>, MixedKind<8>,
                             MixedFullKind<4>, MixedFullKind<8>, Fp32Kind, Int8Kind>;
TYPED_TEST_SUITE(FunctionGemm, Kinds);

TYPED_TEST(FunctionGemm, SizesOneToForty) {
    Random random(11);
    for (int round = 0; round < 60; ++round) {
        Product product{1 + random() % 40, 1 + random() % 40, 1 + random() % 40};
        const unsigned transposed = random() % 3;
        product.transpose_a = transposed == 1;
        product.transpose_b = transposed == 2;
        product.bias = random() % 2 == 0;
        Gemm<TypeParam>(product, random).check();
    }
}

TYPED_TEST(FunctionGemm, SizesAroundATile) {
    Random random(12);
    const unsigned side = Geometry(TypeParam::chip()).side;
    for (const unsigned i : {1U, side - 1, side, side + 1}) {
        for (const unsigned j : {1U, side, side + 1}) {
            for (const unsigned k : {1U, side - 1, side, 2 * side + 1}) {
                Gemm<TypeParam>(
                    {.i = i, .j = j, .k = k, .transpose_b = (i + j + k) % 2 == 0, .bias = k == side}, random)
                    .check();
            }
        }
    }
}

TYPED_TEST(FunctionGemm, LoopsGoOnWithK) {
    Random random(13);
    for (const unsigned tiles : {1U, 2U, 3U}) {
        Gemm<TypeParam>({.i = 7, .j = 21, .k = 37, .bias = true, .tiles_of_k = tiles}, random).check();
        Gemm<TypeParam>({.i = 19, .j = 5, .k = 70, .transpose_a = true, .tiles_of_k = tiles}, random).check();
    }
}

// The stream that Gemmini's software sends for C(4 x 128) = A(4 x 129) B(128 x 129)^T + repeating bias, word
// for word.
TEST(FunctionGemmStream, TransposedProductWithBias) {
    Rig rig(bf16_chip());
    Random random(14);
    std::vector<std::uint16_t> a(4 * 129);
    std::vector<std::uint16_t> b(128 * 129);
    std::vector<std::uint16_t> d(128);
    for (auto* const matrix : {&a, &b, &d}) {
        for (std::uint16_t& element : *matrix) {
            element = bf16(static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-32F);
        }
    }
    rig.put(a_at, a);
    rig.put(b_at, b);
    rig.put(d_at, d);
    for (const RoccCommand& raw :
         {command(0, 0x3f80'0001'0204, 0x0001'0000'0000'0000), command(0, 0x2, 0x3f80'0000'0100),
          command(0, 0x3f80'0004'0101, 258), command(0, 0x3f80'0004'0109, 258),
          command(0, 0x3f80'0004'0115, 0), command(9, 0x3'0000'0000, 0x21'0020'0001), command(10, a_at, b_at),
          command(11, d_at, c_at), command(12, 129, 129), command(13, 0, 128), command(8, 0x50005, 0x2)}) {
        rig.issue(raw);
    }
    const auto c = rig.get<std::uint16_t>(c_at, 4 * 128);
    for (unsigned row = 0; row < 4; ++row) {
        for (unsigned column = 0; column < 128; ++column) {
            std::uint16_t sum = d[column];
            for (unsigned first = 0; first < 129; first += 4) {
                std::uint16_t chain = 0;
                for (unsigned k = first; k < std::min(first + 4, 129U); ++k) {
                    chain = exact_multiply_add(a[row * 129 + k], b[column * 129 + k], chain);
                }
                sum = exact_add(sum, chain);
            }
            ASSERT_EQ(c[row * 128 + column], sum) << row << ", " << column;
        }
    }
}

// B's last tile loads all its rows, so a matrix at the end of memory is one DMA too far, as on the hardware.
TEST(FunctionGemmStream, LastRowsOfBAreReadInFull) {
    Rig rig(bf16_chip());
    rig.issue(config_execute());
    rig.issue(config_load(0, 8, one_bf16, 4));
    rig.issue(config_load(1, 8, one_bf16, 4));
    rig.issue(command(9, std::uint64_t{3} << 32, std::uint64_t{1} << 32 | 1 << 16 | 1));
    rig.issue(command(10, memory_base, memory_base + memory_size - 8));
    rig.issue(command(12, 4, 4));
    EXPECT_EQ(rig.error(command(8, 0, 0)),
              "MVIN2 4 x 4 from 0x800ffff8 to scratchpad row 8188: row 1, 8 bytes at 0x80100000, is outside "
              "memory, 0x80000000 "
              "to 0x80100000");
}

TEST(FunctionMachine, CountersAnswer) {
    Rig rig(bf16_chip());
    EXPECT_EQ(rig.issue(command(126, 1 << 3 | 2 << 4 | 24 << 12, 0, true)), 0U);
    EXPECT_EQ(rig.issue(command(126, 2 << 4, 0, true)), 0U);
    EXPECT_EQ(rig.issue(command(7, 1, 0)), 0U);
}

}  // namespace
}  // namespace partita::chip::gemmini::test
