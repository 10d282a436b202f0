#pragma once

// The mesh against chains of the model's multiply-adds: rows in every cycle, sets of weights loaded by rows
// and by columns, in any order, with and without pauses, and as early as the mesh allows. PARTITA_RTL_CYCLES
// says how many cycles a mesh runs; the seed is printed, and PARTITA_RTL_SEED repeats it.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <iostream>
#include <numeric>
#include <optional>

#include "numbers.hpp"
#include "port_bits.hpp"
#include "rtl/instance.hpp"
#include "settings.hpp"

namespace partita::rtl::test {

template <typename Top>
class MeshBench {
  public:
    MeshBench(const Format& format, unsigned side, unsigned latency, std::uint64_t seed)
        : format_(format), side_(side), latency_(latency), engine_(seed) {
        top_.reset = 1;
        top_.load = 0;
        tick();
        top_.reset = 0;
    }

    // pressure: of 100 cycles, in how many a set that may be loaded is.
    void run(unsigned cycles, unsigned pressure) {
        for (unsigned cycle = 0; cycle < cycles && failures_ == 0; ++cycle) {
            choose_row();
            choose_load(pressure);
            top_.clock = 0;
            top_.eval();
            check();
            tick();
        }
        EXPECT_EQ(failures_, 0U);
        EXPECT_GT(checked_, cycles / 4);
    }

  private:
    using Row = std::vector<std::uint32_t>;

    struct Set {
        std::vector<std::uint32_t> weights;  // by rows
        std::vector<unsigned> to_load;       // of the load under way, rows or columns still to come
        bool by_column = false;
        bool loaded = false;
        unsigned rows_met = 0;  // since it was loaded
    };

    void tick() {
        top_.clock = 1;
        top_.eval();
        top_.clock = 0;
        top_.eval();
    }
    unsigned below(unsigned limit) { return static_cast<unsigned>(engine_() % limit); }

    // Mostly ordinary numbers, so that chains are not all infinite or NaN.
    std::uint32_t number() {
        const auto bits = static_cast<std::uint32_t>(engine_() >> (64 - format_.bits()));
        if (below(64) == 0) {
            return bits;
        }
        const std::uint32_t bias = (std::uint32_t{1} << (format_.exponent - 1)) - 1;
        return (bits & ~format_.infinity()) | (bias - 6 + below(12)) << (format_.significand - 1);
    }

    void choose_row() {
        Row a(side_);
        Row d(side_);
        const bool zero_d = below(2) == 0;
        for (unsigned i = 0; i < side_; ++i) {
            a[i] = number();
            d[i] = zero_d ? 0 : number();
            set_element(top_.a, i, format_.bits(), a[i]);
            set_element(top_.d, i, format_.bits(), d[i]);
        }
        // Rows stay with a bank for a while; one that meets no complete set is nobody's.
        if (below(side_) == 0) {
            bank_ ^= 1;
        }
        top_.bank = bank_;
        Set& set = sets_[bank_];
        expected_.push_back(set.loaded ? std::optional(chain(a, set.weights, d)) : std::nullopt);
        set.rows_met += 1;
    }

    Row chain(const Row& a, const std::vector<std::uint32_t>& weights, Row sums) const {
        for (unsigned k = 0; k < side_; ++k) {
            for (unsigned n = 0; n < side_; ++n) {
                sums[n] = multiply_add(format_, a[k], weights[k * side_ + n], sums[n]);
            }
        }
        return sums;
    }

    // Loads the bank that this cycle's row does not meet.
    void choose_load(unsigned pressure) {
        top_.load = 0;
        top_.load_bank = static_cast<unsigned char>(below(2));
        top_.load_column = static_cast<unsigned char>(below(2));
        top_.load_index = static_cast<unsigned char>(below(side_));
        for (unsigned i = 0; i < side_; ++i) {
            set_element(top_.b, i, format_.bits(), number());
        }
        const unsigned bank = bank_ ^ 1U;
        Set& set = sets_[bank];
        if (below(100) >= pressure) {
            return;
        }
        if (set.to_load.empty()) {
            if (set.loaded && set.rows_met == 0 && below(4) != 0) {
                return;
            }
            set.to_load.resize(side_);
            std::iota(set.to_load.begin(), set.to_load.end(), 0U);
            if (below(2) == 0) {
                std::shuffle(set.to_load.begin(), set.to_load.end(), engine_);
            }
            set.by_column = below(2) == 0;
            set.loaded = false;
            set.weights.resize(std::size_t{side_} * side_);
        }
        const unsigned index = set.to_load.back();
        set.to_load.pop_back();
        for (unsigned i = 0; i < side_; ++i) {
            const std::uint32_t weight = number();
            set_element(top_.b, i, format_.bits(), weight);
            set.weights[set.by_column ? i * side_ + index : index * side_ + i] = weight;
        }
        top_.load = 1;
        top_.load_bank = static_cast<unsigned char>(bank);
        top_.load_column = set.by_column;
        top_.load_index = static_cast<unsigned char>(index);
        if (set.to_load.empty()) {
            set.loaded = true;
            set.rows_met = 0;
        }
    }

    void check() {
        if (expected_.size() <= latency_) {
            return;
        }
        const std::optional<Row> due = std::move(expected_.front());
        expected_.pop_front();
        if (!due) {
            return;
        }
        checked_ += 1;
        for (unsigned n = 0; n < side_; ++n) {
            const std::uint32_t found = element_of(top_.c, n, format_.bits());
            if (found != (*due)[n] && ++failures_ <= 10) {
                ADD_FAILURE() << "row " << checked_ << ", column " << n << ": " << std::hex << found
                              << ", expected " << (*due)[n];
            }
        }
    }

    Format format_;
    unsigned side_;
    unsigned latency_;
    std::mt19937_64 engine_;
    Instance<Top> instance_;
    Top& top_ = *instance_;
    std::array<Set, 2> sets_;
    unsigned char bank_ = 0;
    std::deque<std::optional<Row>> expected_;
    unsigned checked_ = 0;
    unsigned failures_ = 0;
};

template <typename Top>
void check_mesh(const Format& format, unsigned side, unsigned sum_stages) {
    const std::uint64_t seed = chosen_seed();
    const unsigned cycles = chosen_count("PARTITA_RTL_CYCLES", 3000);
    std::cout << "seed " << seed << ", " << cycles << " cycles\n";
    const unsigned latency = 2 + side * sum_stages;
    for (const unsigned pressure : {30U, 100U}) {
        MeshBench<Top>(format, side, latency, seed + pressure).run(cycles, pressure);
    }
}

}  // namespace partita::rtl::test
