// Writes the hardware's parameters of a chip for the build: FILE.f with Verilator's options, FILE.ys with a
// command of Yosys, and FILE.inc with a string of C++.
//
//     rtl_parameters FILE CHIP.toml [section.key=value...]

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "chip/config/chip.hpp"
#include "rtl/parameters.hpp"

int main(int count, char** words) {
    try {
        if (count < 3) {
            fmt::print(stderr, "usage: rtl_parameters FILE CHIP.toml [section.key=value...]\n");
            return 2;
        }
        const std::string file = words[1];
        const std::vector<std::string> settings(words + 3, words + count);
        const auto list =
            partita::rtl::parameters(partita::chip::config::read_chip(words[2], settings).gemmini);
        std::ofstream options(file + ".f");
        std::ofstream command(file + ".ys");
        command << "chparam";
        for (const partita::rtl::Parameter& each : list) {
            options << fmt::format("-G{}={}\n", each.name, each.value);
            command << fmt::format(" -set {} {}", each.name, each.value);
        }
        command << " gemmini\n";
        std::ofstream(file + ".inc") << '"' << describe(list) << "\"\n";
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "rtl_parameters: {}\n", error.what());
        return 1;
    }
}
