#pragma once

// The units of arithmetic, in all depths (arithmetic_bench.sv), against the model's: special numbers crossed
// with each other, and random triples. PARTITA_RTL_TRIPLES says how many; the seed is printed, and
// PARTITA_RTL_SEED repeats it. PARTITA_RTL_SPECIAL is the part of all triples of special numbers that is
// tried, one in so many.

#include <gtest/gtest.h>

#include <deque>
#include <iostream>

#include "numbers.hpp"
#include "port_bits.hpp"
#include "rtl/instance.hpp"
#include "settings.hpp"

namespace partita::rtl::test {

struct Operands {
    Triples::Triple triple;
    bool relu;
};

template <typename Top>
class ArithmeticBench {
  public:
    // input_stages: as the bench has in front of its units.
    ArithmeticBench(const Format& format, unsigned input_stages)
        : format_(format), input_stages_(input_stages) {}

    // Gives the operands to all units and compares what comes out of each with the operands of as many cycles
    // ago as it has stages.
    void feed(const Operands& operands) {
        set_element(top_.in_x, 0, format_.bits(), operands.triple.x);
        set_element(top_.in_y, 0, format_.bits(), operands.triple.y);
        set_element(top_.in_z, 0, format_.bits(), operands.triple.z);
        top_.in_relu = operands.relu;
        top_.clock = 0;
        top_.eval();
        under_way_.push_front(operands);
        for (unsigned stages = 0; stages + input_stages_ < under_way_.size(); ++stages) {
            check(stages, under_way_[stages + input_stages_]);
        }
        if (under_way_.size() == most_stages + input_stages_ + 1) {
            under_way_.pop_back();
        }
        top_.clock = 1;
        top_.eval();
    }
    unsigned failures() const { return failures_; }

  private:
    static constexpr unsigned most_stages = 5;
    static constexpr unsigned most_add_stages = 4;
    static constexpr unsigned most_scale_stages = 3;

    void check(unsigned stages, const Operands& operands) {
        const std::uint32_t x = operands.triple.x;
        const std::uint32_t y = operands.triple.y;
        const std::uint32_t z = operands.triple.z;
        const unsigned bits = format_.bits();
        const auto expect = [&](const char* unit, std::uint32_t found, std::uint32_t expected) {
            if (found != expected && ++failures_ <= 10) {
                ADD_FAILURE() << unit << " of " << stages << " stages: x = " << std::hex << x << ", y = " << y
                              << ", z = " << z << ", relu = " << operands.relu << " gave " << found
                              << ", expected " << expected;
            }
        };
        const std::uint32_t multiplied = multiply_add(format_, x, y, z);
        expect("fma", element_of(top_.multiply_adds, stages, bits), multiplied);
        expect("fma by DSP", element_of(top_.multiply_adds_dsp, stages, bits), multiplied);
        if (stages <= most_add_stages) {
            expect("add", element_of(top_.sums, stages, bits), add(format_, x, z));
        }
        for (unsigned i = 0; i < 2 && stages <= most_scale_stages; ++i) {
            const std::uint32_t value = i == 0 ? x : y;
            expect("scale", element_of(top_.scaled, 2 * stages + i, bits),
                   scale(format_, value, z, operands.relu, true));
            expect("scale without adding zero", element_of(top_.scaled_signed, 2 * stages + i, bits),
                   scale(format_, value, z, operands.relu, false));
        }
    }

    Format format_;
    unsigned input_stages_;
    Instance<Top> instance_;
    Top& top_ = *instance_;
    std::deque<Operands> under_way_;
    unsigned failures_ = 0;
};

template <typename Top>
void check_special_numbers(const Format& format, unsigned input_stages = 0) {
    ArithmeticBench<Top> bench(format, input_stages);
    const auto numbers = special_numbers(format);
    const unsigned step = chosen_count("PARTITA_RTL_SPECIAL", 9);
    unsigned count = 0;
    for (const auto x : numbers) {
        for (const auto y : numbers) {
            for (std::size_t i = count % step; i < numbers.size(); i += step) {
                bench.feed({{x, y, numbers[i]}, count % 4 == 0});
                count += 1;
            }
        }
        ASSERT_EQ(bench.failures(), 0U);
    }
}

template <typename Top>
void check_random_numbers(const Format& format, unsigned input_stages = 0) {
    const std::uint64_t seed = chosen_seed();
    const unsigned count = chosen_count("PARTITA_RTL_TRIPLES", 20'000);
    std::cout << "seed " << seed << ", " << count << " triples\n";
    ArithmeticBench<Top> bench(format, input_stages);
    Triples numbers(format, seed);
    for (unsigned i = 0; i < count; ++i) {
        bench.feed({numbers.next(), i % 8 == 0});
    }
    EXPECT_EQ(bench.failures(), 0U);
}

}  // namespace partita::rtl::test
