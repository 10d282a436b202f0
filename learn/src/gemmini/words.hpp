#pragma once

// Four BF16 numbers at a time in a 64-bit register: conversions and the indices of the activations' tables,
// for a core that has neither BF16 nor vectors. A lane is 16 bits; lane k is element k of a row in memory.
//
// Numbers change between integer and FP registers by way of a small buffer: two integer stores serve four FP
// loads, and FP loads, unlike fmv.w.x, never meet a multiplication at the FP registers' write port
// (Rocket's FPU.scala). A buffer is read some instructions after it was written, since a load of bytes whose
// store is not yet in the cache is replayed.

#include <bit>
#include <cstdint>
#include <cstring>

#include "partita/learn/narrow_activation.hpp"

namespace partita::learn::words {

using Word = std::uint64_t;

static_assert(std::endian::native == std::endian::little,
              "lane 0 is the lowest in a word and first in memory");

constexpr Word every_lane(std::uint16_t x) {
    return x * Word{0x0001'0001'0001'0001};
}

// Constants that take several instructions to make: made once, before a loop, and then kept in registers or
// on the stack. The compiler, left alone, makes them anew at each use.
struct Constants {
    Word signs = every_lane(0x8000);
    Word ones = every_lane(1);
    Word upper = 0xFFFF'0000'FFFF'0000;  // of each half: lanes 1 and 3
    Word lower = 0x0000'FFFF'0000'FFFF;
    Word rounding = 0x0000'7FFF'0000'7FFF;
    Word last_places = 0x0000'0001'0000'0001;
    Word sigmoid_lowest = every_lane(activation::sigmoid_lowest);
    Word tanh_lowest = every_lane(activation::tanh_lowest);
    // Added to an index, they set bit 15 of a lane if it is beyond the table.
    Word sigmoid_beyond = every_lane(0x8000 - activation::sigmoid_entries);
    Word tanh_beyond = every_lane(0x8000 - activation::tanh_entries);

    Constants() {
        for (Word* word : {&signs, &ones, &upper, &lower, &rounding, &last_places, &sigmoid_lowest,
                           &tanh_lowest, &sigmoid_beyond, &tanh_beyond}) {
            asm("" : "+r"(*word));
        }
    }
};

template <typename Work>
[[gnu::always_inline]] inline void for_lanes(const Work& work) {
    work(0);
    work(1);
    work(2);
    work(3);
}

// What was stored is in memory from here on, so that the compiler does not keep halves in registers and shift
// them instead.
template <typename T>
[[gnu::always_inline]] inline void in_memory(T& buffer) {
    asm("" : "+m"(buffer));
}

inline Word load(const void* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}
inline void store(Word word, void* to) {
    std::memcpy(to, &word, sizeof word);
}

// Four numbers as FP32, in two halves of two words: lanes 0 and 2, lanes 1 and 3.
struct Halves {
    Word even;
    Word odd;
};

[[gnu::always_inline]] inline void widen(const Constants& of, Word word, Halves& to) {
    to.even = (word << 16) & of.upper;
    to.odd = word & of.upper;
    in_memory(to);
}

[[gnu::always_inline]] inline void read(const Halves& from, float (&x)[4]) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(&from);
    std::memcpy(&x[0], bytes, 4);
    std::memcpy(&x[2], bytes + 4, 4);
    std::memcpy(&x[1], bytes + 8, 4);
    std::memcpy(&x[3], bytes + 12, 4);
}

[[gnu::always_inline]] inline void write(const float (&x)[4], Halves& to) {
    auto* const bytes = reinterpret_cast<unsigned char*>(&to);
    std::memcpy(bytes, &x[0], 4);
    std::memcpy(bytes + 4, &x[2], 4);
    std::memcpy(bytes + 8, &x[1], 4);
    std::memcpy(bytes + 12, &x[3], 4);
    in_memory(to);
}

// RISC-V's arithmetic knows one NaN, 0x7FC00000, which rounds like a number. Elsewhere a NaN has a sign and a
// payload, so that adding to it could carry into its neighbour.
[[gnu::always_inline]] inline Word one_not_a_number(Word pair) {
#if defined(__riscv)
    return pair;
#else
    for (const int shift : {0, 32}) {
        if ((pair >> shift & 0x7FFF'FFFF) > 0x7F80'0000) {
            pair = (pair & ~(Word{0xFFFF'FFFF} << shift)) | Word{0x7FC0'0000} << shift;
        }
    }
    return pair;
#endif
}

// Two FP32 numbers to BF16, to nearest even: in the upper half of each half; the lower ones are undefined.
// There is no carry between them, since infinity is the largest and 0xFF80'0000 + 0x8000 fits in 32 bits.
[[gnu::always_inline]] inline Word round(const Constants& of, Word pair) {
    pair = one_not_a_number(pair);
    return pair + of.rounding + (pair >> 16 & of.last_places);
}

[[gnu::always_inline]] inline Halves round(const Constants& of, const Halves& from) {
    return {round(of, from.even), round(of, from.odd)};
}

// The upper halves of lanes in order.
[[gnu::always_inline]] inline Word packed(const Constants& of, const Halves& rounded) {
    return (rounded.even >> 16 & of.lower) | (rounded.odd & of.upper);
}

// ---- Activations ----

// Offsets in bytes into a table, lane by lane. Where bit 15 of a lane of `beyond` is set, the argument is
// beyond the table (or no number), and the offset means nothing.
struct Offsets {
    Word offsets;
    Word inside;  // the lane's lower 15 bits, where its magnitude is at least the table's lowest
    Word beyond;
};

[[gnu::always_inline]] inline Offsets magnitude_offsets(const Constants& of, Word word, Word lowest,
                                                        Word beyond) {
    // Bit 15 tells whether the difference is positive.
    const Word above = (word | of.signs) - lowest;
    const Word bit = above >> 15 & of.ones;
    const Word inside = (bit << 15) - bit;
    const Word index = above & inside;
    return {index << 1, inside, index + beyond};
}

[[gnu::always_inline]] inline Offsets sigmoid_offsets(const Constants& of, Word word) {
    static_assert(activation::sigmoid_entries == 0x800, "a sign, moved by 3, is half the table in bytes");
    Offsets found = magnitude_offsets(of, word, of.sigmoid_lowest, of.sigmoid_beyond);
    found.offsets |= (word & of.signs) >> 3;
    return found;
}

[[gnu::always_inline]] inline Offsets tanh_offsets(const Constants& of, Word word) {
    return magnitude_offsets(of, word, of.tanh_lowest, of.tanh_beyond);
}

// tanh of `word` from the table's entries: their signs, and the arguments that are their own tanh.
[[gnu::always_inline]] inline Word chosen(Word word, Word inside, Word entries) {
    return word ^ ((word ^ entries) & inside);
}

// Lane `lane` of offsets that are in memory, looked up.
template <std::size_t size>
[[gnu::always_inline]] inline std::uint16_t entry(const std::array<Bf16, size>& table, const Word& offsets,
                                                  int lane) {
    std::uint16_t offset;
    std::memcpy(&offset, reinterpret_cast<const unsigned char*>(&offsets) + 2 * lane, 2);
    std::uint16_t found;
    std::memcpy(&found, reinterpret_cast<const unsigned char*>(table.data()) + offset, 2);
    return found;
}

[[gnu::always_inline]] inline void put_lane(std::uint16_t x, int lane, Word& word) {
    std::memcpy(reinterpret_cast<unsigned char*>(&word) + 2 * lane, &x, 2);
}

[[gnu::noinline, gnu::cold]] inline Word tanh_lane_by_lane(Word word) {
    Word result = 0;
    for (int shift = 0; shift < 64; shift += 16) {
        const Bf16 t = tanh(Bf16{static_cast<std::uint16_t>(word >> shift)});
        result |= Word{t.bits} << shift;
    }
    return result;
}

}  // namespace partita::learn::words
