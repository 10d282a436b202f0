#pragma once

// A queue of fixed depth, as hardware has it.

#include <bit>
#include <cstddef>
#include <vector>

namespace partita::chip::gemmini {

template <typename T>
class Ring {
  public:
    explicit Ring(std::size_t depth)
        : items_(std::bit_ceil(depth)), mask_(items_.size() - 1), depth_(depth) {}

    bool empty() const { return size_ == 0; }
    bool full() const { return size_ == depth_; }
    std::size_t size() const { return size_; }
    std::size_t depth() const { return depth_; }

    // The `place`-th oldest. Unchecked, as front() and pop() are.
    T& operator[](std::size_t place) { return items_[(first_ + place) & mask_]; }
    const T& operator[](std::size_t place) const { return items_[(first_ + place) & mask_]; }
    T& front() { return items_[first_]; }
    const T& front() const { return items_[first_]; }

    // The caller has asked full().
    void push(const T& item) {
        items_[(first_ + size_) & mask_] = item;
        ++size_;
    }
    void pop() {
        first_ = (first_ + 1) & mask_;
        --size_;
    }
    // Inserts after all items that `before` does not order behind `item`.
    template <typename Before>
    void insert(const T& item, Before&& before) {
        std::size_t place = size_;
        for (; place > 0 && before(item, (*this)[place - 1]); --place) {
            (*this)[place] = (*this)[place - 1];
        }
        (*this)[place] = item;
        ++size_;
    }

  private:
    std::vector<T> items_;
    std::size_t mask_;
    std::size_t depth_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace partita::chip::gemmini
