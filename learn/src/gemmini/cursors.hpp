#pragma once

// Where a loop over the units of a step is in each matrix.

#include <cstddef>
#include <cstdint>

#include "gemmini/cells.hpp"

namespace partita::learn::words {

// The longest row that has a stand-in where the caller has none.
inline constexpr std::uint32_t longest_row = 16;

// One row in place of all those that nobody wants.
template <typename T>
class Unwanted {
  public:
    Rows<T> in_place_of(Rows<T> rows) { return rows ? rows : Rows<T>{reinterpret_cast<T*>(row_), 0}; }

  private:
    alignas(8) unsigned char row_[longest_row * sizeof(T)];  // elements would be set to zero
};

// Distances known to the compiler, in elements: rows of the tape (gates, cell states), rows of a single step,
// and the units of a group. Addresses are then constants beside one pointer a matrix.
template <std::size_t tape_stride, std::size_t step_stride, std::uint32_t group_units>
struct Spacing {
    static constexpr std::size_t tape = tape_stride;
    static constexpr std::size_t step = step_stride;
    static constexpr std::uint32_t units = group_units;

    template <typename T>
    static bool in_tape(Rows<T> rows) {
        return rows && rows.stride == tape;
    }
    template <typename T>
    static bool in_step(Rows<T> rows) {
        return rows && rows.stride == step;
    }
};

// Known only at run time.
using AnySpacing = Spacing<0, 0, 0>;

// Rows [unit]. `renew` keeps the compiler from remembering addresses that it can have from the pointer: it
// would put them on the stack from one stage to the next.
template <typename T, std::size_t known_stride>
class Cursor {
  public:
    Cursor(Rows<T> rows, std::uint32_t first) : at_(rows.start + first), stride_(rows.stride) {}
    T* operator*() const { return at_; }
    [[gnu::always_inline]] void renew() { asm("" : "+r"(at_)); }
    [[gnu::always_inline]] void next() { at_ += known_stride != 0 ? known_stride : stride_; }

  private:
    T* at_;
    std::size_t stride_;
};

// Rows [group][gate][unit].
template <typename T, std::size_t known_stride, std::uint32_t known_units>
class GateCursor {
  public:
    GateCursor(Rows<T> rows, std::uint32_t units, std::uint32_t first)
        : i_(rows.start + first), stride_(rows.stride), gate_(units * rows.stride) {}
    T* i() const { return i_; }
    T* f() const { return i_ + gate(); }
    T* g() const { return i_ + 2 * gate(); }
    T* o() const { return i_ + 3 * gate(); }
    [[gnu::always_inline]] void renew() { asm("" : "+r"(i_)); }
    [[gnu::always_inline]] void next() { i_ += known_stride != 0 ? known_stride : stride_; }
    // From the last unit's successor to the next group.
    [[gnu::always_inline]] void next_group() { i_ += 3 * gate(); }

  private:
    std::size_t gate() const { return known_units != 0 ? known_units * known_stride : gate_; }

    T* i_;
    std::size_t stride_;
    std::size_t gate_;
};

}  // namespace partita::learn::words
