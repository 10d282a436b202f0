// From start-up to the program: all harts run it, hart 0 reports its result.

#include "partita_chip.h"
#include "start/host.hpp"
#include "start/program.hpp"

// What the simulator compares with its own chip: lines, "key = value", and a zero byte.
[[gnu::section(".partita.chip"), gnu::used]] static const char chip_constants[] = PARTITA_CHIP_CONSTANTS;

extern "C" void partita_enter(std::size_t hart) {
    const partita::firmware::Team team{hart, PARTITA_CHIP_CORES};
    const int code = partita::firmware::run(team);
    if (hart == 0) {
        partita::firmware::exit(code);
    }
}
