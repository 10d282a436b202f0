#pragma once

// One run of a sweep as text: made by the command that plans the sweep, carried out by a worker, maybe on
// another machine.

#include <string>

#include "chip_program.hpp"
#include "explore/store.hpp"

namespace partita::cli {

// A chip's file as it was read, so that a worker needs no copy of it.
struct ChipFile {
    std::string name;
    std::string text;
};
// Throws ChipError as chip::config::read_chip does.
ChipFile read_chip_file(const std::string& name);

// What a run is of, and the request by which a worker carries it out: the chip's text with the program's
// settings, files of the model and the samples by name. Throws ChipError for a chip that is impossible, and
// as ChipProgramOptions::identity does.
explore::Wanted wanted_run(const ChipFile& file, const ChipProgramOptions& program, explore::Method method);

// Builds the program, simulates it and returns the answer. Throws ChipError, BuildError or DataError; also if
// the program's sources are no longer those of the request.
std::string carry_out(const std::string& request);

}  // namespace partita::cli
