#pragma once

#include "partita/learn/marks.hpp"

namespace partita::firmware {

using learn::begin_region;
using learn::begin_wait;
using learn::end_region;
using learn::end_wait;

// A number as decimal text.
struct Decimal {
    explicit constexpr Decimal(unsigned long number) {
        for (int i = 19; i >= 0; --i, number /= 10) {
            text[i] = static_cast<char>('0' + number % 10);
        }
    }
    char text[20] = {};
};

template <unsigned long Size>
struct ExpectedRegions {
    constexpr ExpectedRegions(unsigned long count, const char (&ids)[Size]) : number(count) {
        for (unsigned long i = 0; i + 1 < Size; ++i) {
            regions[i + 1] = ids[i];
        }
    }
    Decimal number;
    char regions[Size] = {' '};  // then the ids
};

}  // namespace partita::firmware

// One line of the section .partita.regions: "id name". Once a region, outside of functions.
#define PARTITA_REGION_NAME(id, name) \
    asm(".pushsection .partita.regions, \"\", @progbits\n\t.ascii \"" #id " " name "\\n\"\n\t.popsection")

// Whoever shows progress counts how often hart 0 enters certain regions: `number` times in all. The regions
// follow as a text of their ids, like "10 11"; none: every region. Once a program, in namespace
// partita::firmware.
#define PARTITA_EXPECTED_REGIONS(number, ids)                                               \
    [[gnu::section(".partita.expected"), gnu::used]] static constinit const ExpectedRegions \
    expected_region_count(number, ids)
