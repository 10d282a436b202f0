#pragma once

// Four BF16 numbers on their way to FP32 and back, as a core with Zfbfmin converts them, or one without.
//
// Without it, conversions work on four numbers in integer registers. Numbers change between integer and FP
// registers by way of a small buffer: two integer stores serve four FP loads, and FP loads, unlike fmv.w.x,
// never meet a multiplication at the FP registers' write port (Rocket's FPU.scala). A buffer is read some
// instructions after it was written, since a load of bytes whose store is not yet in the cache is replayed.

#include <cstdint>

#include "gemmini/words.hpp"

namespace partita::learn::words {

// Four numbers as FP32: lanes 0 and 2 are the halves of one word, lanes 1 and 3 those of another.
struct Pairs {
    Word even;
    Word odd;
};
union Halves {
    Pairs pairs;
    float number[4];
    std::uint16_t half[8];

    // Where lane k is in `number`.
    static constexpr int place(int k) { return k / 2 + k % 2 * 2; }
};

[[gnu::always_inline]] inline void read(const Halves& from, float (&x)[4]) {
    for_lanes([&](int k) __attribute__((always_inline)) { x[k] = from.number[Halves::place(k)]; });
}

[[gnu::always_inline]] inline void write(const float (&x)[4], Halves& to) {
    for_lanes([&](int k) __attribute__((always_inline)) { to.number[Halves::place(k)] = x[k]; });
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

[[gnu::always_inline]] inline Pairs round(const Constants& of, Pairs from) {
    return {round(of, from.even), round(of, from.odd)};
}

// The upper halves of lanes in order.
[[gnu::always_inline]] inline Word packed(const Constants& of, Pairs rounded) {
    return (rounded.even & of.upper) >> 16 | (rounded.odd & of.upper);
}

#ifdef PARTITA_ZFBFMIN

// Debian's assembler does not know Zfbfmin by name (firmware/README.md). Four at a time in one statement, so
// that no conversion waits for its load, and no store for its conversion.
[[gnu::always_inline]] inline void load_bf16(const std::uint16_t* from, float (&x)[4]) {
    asm(".insn i 0x07, 1, %0, %4\n\t"
        ".insn i 0x07, 1, %1, %5\n\t"
        ".insn i 0x07, 1, %2, %6\n\t"
        ".insn i 0x07, 1, %3, %7\n\t"
        ".insn r 0x53, 0, 0x20, %0, %0, x6\n\t"
        ".insn r 0x53, 0, 0x20, %1, %1, x6\n\t"
        ".insn r 0x53, 0, 0x20, %2, %2, x6\n\t"
        ".insn r 0x53, 0, 0x20, %3, %3, x6"
        : "=&f"(x[0]), "=&f"(x[1]), "=&f"(x[2]), "=&f"(x[3])
        : "m"(from[0]), "m"(from[1]), "m"(from[2]), "m"(from[3]));
}
[[gnu::always_inline]] inline void store_bf16(const float (&x)[4], std::uint16_t* to) {
    float narrow[4];
    asm(".insn r 0x53, 7, 0x22, %4, %8, x8\n\t"
        ".insn r 0x53, 7, 0x22, %5, %9, x8\n\t"
        ".insn r 0x53, 7, 0x22, %6, %10, x8\n\t"
        ".insn r 0x53, 7, 0x22, %7, %11, x8\n\t"
        ".insn s 0x27, 1, %4, %0\n\t"
        ".insn s 0x27, 1, %5, %1\n\t"
        ".insn s 0x27, 1, %6, %2\n\t"
        ".insn s 0x27, 1, %7, %3"
        : "=m"(to[0]), "=m"(to[1]), "=m"(to[2]), "=m"(to[3]), "=&f"(narrow[0]), "=&f"(narrow[1]),
          "=&f"(narrow[2]), "=&f"(narrow[3])
        : "f"(x[0]), "f"(x[1]), "f"(x[2]), "f"(x[3]));
}

// Numbers that are in a register.
class WideningWord {
  public:
    void put(const Constants& /*of*/, Word word) {
        lanes_.word = word;
        in_memory(lanes_);
    }
    void read(float (&x)[4]) const { load_bf16(lanes_.lane, x); }

  private:
    Lanes lanes_;
};

// Numbers that come one by one: put each, then all_put.
class WideningLanes {
  public:
    void put(int k, std::uint16_t bits) { lanes_.lane[k] = bits; }
    void all_put() { in_memory(lanes_); }
    void read(float (&x)[4]) const { load_bf16(lanes_.lane, x); }

  private:
    Lanes lanes_;
};

// Numbers in memory, which do not change until they are read.
class WideningRow {
  public:
    void load(const Constants& /*of*/, const Bf16* from) { row_ = from; }
    void read(float (&x)[4]) const { load_bf16(&row_->bits, x); }

  private:
    const Bf16* row_ = nullptr;
};

class NarrowingWord {
  public:
    void write(const float (&x)[4]) {
        store_bf16(x, lanes_.lane);
        in_memory(lanes_);
    }
    Word word(const Constants& /*of*/) const { return lanes_.word; }

  private:
    Lanes lanes_;
};

// Numbers that go to a row in memory: at once.
class NarrowingRow {
  public:
    void write(const float (&x)[4], Bf16* to) { store_bf16(x, &to->bits); }
    void finish(const Constants& /*of*/, Bf16* /*to*/) const {}
};

// Numbers that are wanted as BF16 and then, rounded, as FP32 again: write, word, keep, read, in stages.
class RoundingWord {
  public:
    void write(const float (&x)[4]) {
        store_bf16(x, lanes_.lane);
        in_memory(lanes_);
    }
    Word word(const Constants& /*of*/, Pairs& /*rounded*/) const { return lanes_.word; }
    void keep(const Pairs& /*rounded*/) {}
    void read(float (&x)[4]) const { load_bf16(lanes_.lane, x); }

  private:
    Lanes lanes_;
};

#else

// Numbers that are in a register.
class WideningWord {
  public:
    void put(const Constants& of, Word word) {
        halves_.pairs = {(word << 16) & of.upper, word & of.upper};
        in_memory(halves_);
    }
    void read(float (&x)[4]) const { words::read(halves_, x); }

  private:
    Halves halves_;
};

// Numbers that come one by one: put each, then all_put. The lower halves of their halves stay zero.
class WideningLanes {
  public:
    void put(int k, std::uint16_t bits) { halves_.half[2 * Halves::place(k) + 1] = bits; }
    void all_put() { in_memory(halves_); }
    void read(float (&x)[4]) const { words::read(halves_, x); }

  private:
    Halves halves_ = {{}};
};

// Numbers in memory, which do not change until they are read.
class WideningRow {
  public:
    void load(const Constants& of, const Bf16* from) { word_.put(of, words::load(from)); }
    void read(float (&x)[4]) const { word_.read(x); }

  private:
    WideningWord word_;
};

class NarrowingWord {
  public:
    void write(const float (&x)[4]) { words::write(x, halves_); }
    Word word(const Constants& of) const { return packed(of, round(of, halves_.pairs)); }

  private:
    Halves halves_;
};

// Numbers that go to a row in memory: `write`, and in a later stage `finish`, to the same row.
class NarrowingRow {
  public:
    void write(const float (&x)[4], Bf16* /*to*/) { narrow_.write(x); }
    void finish(const Constants& of, Bf16* to) const { store(narrow_.word(of), to); }

  private:
    NarrowingWord narrow_;
};

// Numbers that are wanted as BF16 and then, rounded, as FP32 again: write, word, keep, read, in stages.
class RoundingWord {
  public:
    void write(const float (&x)[4]) { words::write(x, halves_); }
    Word word(const Constants& of, Pairs& rounded) const {
        const Pairs pairs = round(of, halves_.pairs);
        rounded = {pairs.even & of.upper, pairs.odd & of.upper};
        return rounded.even >> 16 | rounded.odd;
    }
    void keep(const Pairs& rounded) {
        halves_.pairs = rounded;
        in_memory(halves_);
    }
    void read(float (&x)[4]) const { words::read(halves_, x); }

  private:
    Halves halves_;
};

#endif

}  // namespace partita::learn::words
