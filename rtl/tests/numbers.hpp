#pragma once

// Numbers to test arithmetic with, and what it must give.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "chip/gemmini/element.hpp"

namespace partita::rtl::test {

// A float format: bits of the exponent and of the significand with its hidden one.
struct Format {
    unsigned exponent;
    unsigned significand;

    unsigned bits() const { return exponent + significand; }
    std::uint32_t sign() const { return std::uint32_t{1} << (bits() - 1); }
    std::uint32_t infinity() const { return ((std::uint32_t{1} << exponent) - 1) << (significand - 1); }
    std::uint32_t canonical_nan() const { return infinity() | std::uint32_t{1} << (significand - 2); }
    std::uint32_t one() const { return number(false, (std::uint32_t{1} << (exponent - 1)) - 1, 0); }
    std::uint32_t number(bool negative, std::uint32_t exponent_field, std::uint32_t fraction) const {
        return (negative ? sign() : 0) | exponent_field << (significand - 1) | fraction;
    }
};

inline constexpr Format bf16{8, 8};
inline constexpr Format fp32{8, 24};

// x * y + z in the model's arithmetic.
inline std::uint32_t multiply_add(const Format& format, std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    if (format.significand == bf16.significand) {
        const auto wide = [](std::uint32_t bits) {
            return chip::gemmini::widen_bf16(static_cast<std::uint16_t>(bits));
        };
        return chip::gemmini::multiply_add_bf16(wide(x), wide(y), wide(z));
    }
    return chip::gemmini::canonical_fp32(
        std::fma(std::bit_cast<float>(x), std::bit_cast<float>(y), std::bit_cast<float>(z)));
}

inline std::uint32_t add(const Format& format, std::uint32_t x, std::uint32_t z) {
    return multiply_add(format, x, format.one(), z);
}

// x * factor on the way into or out of local memory.
inline std::uint32_t scale(const Format& format, std::uint32_t x, std::uint32_t factor, bool relu,
                           bool adds_zero) {
    using chip::gemmini::multiply;
    using chip::gemmini::widen_bf16;
    if (relu && (x & format.sign()) != 0 && x != format.sign()) {
        x = 0;
    }
    if (format.significand == bf16.significand) {
        const float value = widen_bf16(static_cast<std::uint16_t>(x));
        return multiply<chip::gemmini::Bf16>(value, widen_bf16(static_cast<std::uint16_t>(factor)),
                                             adds_zero);
    }
    return multiply<chip::gemmini::Fp32>(std::bit_cast<float>(x), std::bit_cast<float>(factor), adds_zero);
}

// Every class of number, with the neighbours of each border: zeros, the least and largest subnormal and
// normal numbers, one and its neighbours, patterns that make ties and long carries, infinities, quiet and
// signalling NaNs; both signs.
inline std::vector<std::uint32_t> special_numbers(const Format& format) {
    const std::uint32_t fraction = (std::uint32_t{1} << (format.significand - 1)) - 1;
    const std::uint32_t half = std::uint32_t{1} << (format.significand - 2);
    const std::uint32_t bias = (std::uint32_t{1} << (format.exponent - 1)) - 1;
    const std::uint32_t most = (std::uint32_t{1} << format.exponent) - 1;
    std::vector<std::uint32_t> result;
    for (const bool negative : {false, true}) {
        for (const std::uint32_t exponent :
             {std::uint32_t{0}, std::uint32_t{1}, std::uint32_t{2}, bias - format.significand - 1,
              bias - format.significand, bias - 1, bias, bias + 1, bias + format.significand,
              bias + 2 * format.significand, most - 1}) {
            for (const std::uint32_t part :
                 {std::uint32_t{0}, std::uint32_t{1}, half - 1, half, half + 1, fraction - 1, fraction}) {
                result.push_back(format.number(negative, exponent, part));
            }
        }
        result.push_back(format.number(negative, most, 0));
        result.push_back(format.number(negative, most, 1));
        result.push_back(format.number(negative, most, half));
        result.push_back(format.number(negative, most, fraction));
    }
    return result;
}

// Random numbers; every other triple is made so that the addend lies near the product, or that product or
// result are near the ends of the range, where uniform bits hardly ever are.
class Triples {
  public:
    struct Triple {
        std::uint32_t x, y, z;
    };

    Triples(const Format& format, std::uint64_t seed) : format_(format), engine_(seed) {}

    Triple next() {
        Triple triple{bits(), bits(), bits()};
        switch (count_++ % 4) {
            case 0:
                break;
            case 1:  // the product's exponent, give or take the width of the sum
                near_product(triple, static_cast<int>(2 * format_.significand + 4));
                break;
            case 2:  // massive cancellation
                near_product(triple, 1);
                triple.z = (triple.z & ~format_.sign()) | (~(triple.x ^ triple.y) & format_.sign());
                triple.z ^= format_.sign();
                triple.z ^= format_.sign() & (random() << 31 >> (32 - format_.bits()));
                break;
            default:  // a product near the least numbers
                triple.x = with_exponent(triple.x, static_cast<int>(random() % most()));
                triple.y =
                    with_exponent(triple.y, bias() - field(triple.x) +
                                                static_cast<int>(random() % (3 * format_.significand)) -
                                                static_cast<int>(2 * format_.significand));
                triple.z = with_exponent(triple.z, static_cast<int>(random() % 12));
        }
        return triple;
    }

  private:
    std::uint32_t random() { return static_cast<std::uint32_t>(engine_()); }
    std::uint32_t bits() { return static_cast<std::uint32_t>(engine_() >> (64 - format_.bits())); }
    int bias() const { return (1 << (format_.exponent - 1)) - 1; }
    int most() const { return (1 << format_.exponent) - 1; }
    int field(std::uint32_t number) const {
        return static_cast<int>(number >> (format_.significand - 1)) & most();
    }
    std::uint32_t with_exponent(std::uint32_t number, int exponent) const {
        const auto kept = static_cast<std::uint32_t>(std::min(std::max(exponent, 0), most() - 1));
        return (number & ~format_.infinity()) | kept << (format_.significand - 1);
    }
    void near_product(Triple& triple, int reach) {
        const auto offset = static_cast<int>(random() % static_cast<unsigned>(2 * reach + 1)) - reach;
        triple.z = with_exponent(triple.z, field(triple.x) + field(triple.y) - bias() + offset);
    }

    Format format_;
    std::mt19937_64 engine_;
    std::uint64_t count_ = 0;
};

}  // namespace partita::rtl::test
