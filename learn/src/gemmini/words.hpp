#pragma once

// Four BF16 numbers at a time in a 64-bit register, for a core without vectors: constants, words of memory,
// the indices of the activations' tables. A lane is 16 bits; lane k is element k of a row in memory.

#include <bit>
#include <cstdint>

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
class Constants {
    [[gnu::always_inline]] static Word kept(Word word) {
        asm("" : "+r"(word));
        return word;
    }

  public:
    Word signs = kept(every_lane(0x8000));
    Word upper = kept(0xFFFF'0000'FFFF'0000);  // of each half: lanes 1 and 3
    Word rounding = kept(0x0000'7FFF'0000'7FFF);
    Word last_places = kept(0x0000'0001'0000'0001);
    Word half_units = kept(0x0000'8000'0000'8000);  // of BF16's last place, in each half
    Word ones = kept(every_lane(1));
    Word exponent_ones = kept(every_lane(0x0080));
    Word sigmoid_lowest = kept(every_lane(activation::sigmoid_lowest));
    Word tanh_lowest = kept(every_lane(activation::tanh_lowest));
    // Added to an index, they set bit 15 of a lane if it is beyond the table.
    Word sigmoid_beyond = kept(every_lane(0x8000 - activation::sigmoid_entries));
    Word tanh_beyond = kept(every_lane(0x8000 - activation::tanh_entries));
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

// Work of one stage stays before that of the next: the compiler would read a buffer right after it was
// written.
[[gnu::always_inline]] inline void next_stage() {
    asm volatile("" ::: "memory");
}

// Words of a row that is known to begin at a multiple of 8 bytes. (Bare-metal code has no std::memcpy but a
// call.)
[[gnu::always_inline]] inline Word load(const void* from) {
    Word word;
    __builtin_memcpy(&word, __builtin_assume_aligned(from, 8), sizeof word);
    return word;
}
[[gnu::always_inline]] inline void store(Word word, void* to) {
    __builtin_memcpy(__builtin_assume_aligned(to, 8), &word, sizeof word);
}

// Four numbers, one after the other.
union Lanes {
    Word word;
    std::uint16_t lane[4];
};

// ---- Activations ----

// Offsets in bytes into a table go to memory, to be read lane by lane in a later stage. Each function returns
// a word in which bit 15 of a lane is set where the argument is beyond the table, or no number: the lane's
// offset means nothing then. Lower 15 bits of a lane of `inside` are set where the magnitude is at least the
// table's lowest.
[[gnu::always_inline]] inline Word find_sigmoid(const Constants& of, Word word, Lanes& offsets) {
    static_assert(activation::sigmoid_entries == 0x800, "a sign, moved by 3, is half the table in bytes");
    // Bit 15 tells whether the difference is positive.
    const Word above = (word | of.signs) - of.sigmoid_lowest;
    const Word bit = above & of.signs;
    const Word index = above & (bit - (bit >> 15));
    offsets.word = index << 1 | (word & of.signs) >> 3;
    in_memory(offsets);
    return index + of.sigmoid_beyond;
}

[[gnu::always_inline]] inline Word find_tanh(const Constants& of, Word word, Lanes& offsets, Word& inside) {
    const Word above = (word | of.signs) - of.tanh_lowest;
    const Word bit = above & of.signs;
    inside = bit - (bit >> 15);
    const Word index = above & inside;
    offsets.word = index << 1;
    in_memory(offsets);
    return index + of.tanh_beyond;
}

// tanh of `word` from the table's entries: their signs, and the arguments that are their own tanh.
[[gnu::always_inline]] inline Word chosen(Word word, Word inside, Word entries) {
    return word ^ ((word ^ entries) & inside);
}

// The entry at an offset in bytes.
template <std::size_t size>
[[gnu::always_inline]] inline std::uint16_t entry(const std::array<Bf16, size>& table, std::uint16_t offset) {
    return reinterpret_cast<const Bf16*>(reinterpret_cast<const unsigned char*>(table.data()) + offset)->bits;
}

[[gnu::always_inline]] inline Word tanh_entries(const Lanes& offsets) {
    const auto at = [&](int k) __attribute__((always_inline)) {
        return Word{entry(activation::tanh_table, offsets.lane[k])};
    };
    return at(0) | at(1) << 16 | at(2) << 32 | at(3) << 48;
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
