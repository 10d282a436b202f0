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

}  // namespace partita::firmware

// One line of the section .partita.regions: "id name". Once a region, outside of functions.
#define PARTITA_REGION_NAME(id, name) \
    asm(".pushsection .partita.regions, \"\", @progbits\n\t.ascii \"" #id " " name "\\n\"\n\t.popsection")

// How many regions hart 0 will enter in all. Once a program, in namespace partita::firmware.
#define PARTITA_EXPECTED_REGIONS(number)                                                                    \
    [[gnu::section(".partita.expected"), gnu::used]] static constinit const Decimal expected_region_count { \
        number                                                                                              \
    }
