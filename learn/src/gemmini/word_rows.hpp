#pragma once

// Rows of matrices on their way from and to FP32, four elements at a time.

#include <cstddef>
#include <cstdint>

#include "gemmini/cells.hpp"
#include "gemmini/word_buffers.hpp"
#include "gemmini/words.hpp"

namespace partita::learn {

// Where rows begin and how far they are apart allows whole words.
template <typename T>
bool in_words(Rows<T> rows) {
    return (reinterpret_cast<std::uintptr_t>(rows.start) | rows.stride * sizeof(T)) % 8 == 0;
}

namespace words {

template <typename Format>
inline constexpr bool wide_state = sizeof(typename Format::State) == 4;

// A row of states on its way to FP32.
template <typename State>
struct StateRow;
template <>
struct StateRow<Bf16> {
    Word word;
    WideningWord wide;

    void load(const Constants& of, const Bf16* from) {
        word = words::load(from);
        wide.put(of, word);
    }
    void read(float (&x)[4]) const { wide.read(x); }
    Word as_operands(const Constants& /*of*/) const { return word; }
};
template <>
struct StateRow<float> {
    const float* row;
    NarrowingWord narrow;

    void load(const Constants& /*of*/, const float* from) { row = from; }
    void read(float (&x)[4]) const {
        for_lanes([&](int k) __attribute__((always_inline)) { x[k] = row[k]; });
    }
    Word as_operands(const Constants& of) {
        float x[4];
        read(x);
        narrow.write(x);
        return narrow.word(of);
    }
};

// A State is stored from FP32 or from BF16, whichever it is.
[[gnu::always_inline]] inline void store_wide(const float (&/*x*/)[4], Bf16* /*to*/) {}
[[gnu::always_inline]] inline void store_wide(const float (&x)[4], float* to) {
    for_lanes([&](int k) __attribute__((always_inline)) { to[k] = x[k]; });
}
[[gnu::always_inline]] inline void store_narrow(Word word, Bf16* to) {
    store(word, to);
}
[[gnu::always_inline]] inline void store_narrow(Word /*word*/, float* /*to*/) {}

// Pre-activations as BF16: element `element_of[k]` of the row is in lane k.
template <typename T>
struct SumLanes;
template <>
struct SumLanes<Bf16> {
    static constexpr int element_of[4] = {0, 1, 2, 3};
    static Word load(const Constants& /*of*/, const Bf16* from) { return words::load(from); }
    static Word in_order(Word word) { return word; }
};
template <>
struct SumLanes<float> {
    static constexpr int element_of[4] = {0, 2, 1, 3};
    static Word load(const Constants& of, const float* from) {
        return packed(of, round(of, Pairs{words::load(from), words::load(from + 2)}));
    }
    static Word in_order(Word word) {
        const Word changed = (word ^ word >> 16) & 0x0000'0000'FFFF'0000;
        return word ^ changed ^ changed << 16;
    }
};

}  // namespace words
}  // namespace partita::learn
