#pragma once

// What decides the bytes of a program, as a key to keep it by.

#include <string>

#include "firmware/host/build.hpp"

namespace partita::firmware {

// Of network and samples as programs start from them. Throws as make_blob.
std::string data_key(const data::Model& model, const data::Sequences& samples);

// Of a program: its compiler, commands, sources, chip and data, wherever they lie.
std::string program_key(const BuildOptions& options, const data::Model& model, const std::string& data_key);

// Of the objects that the commands make that are `common`.
std::string objects_key(const BuildOptions& options, const data::Model& model);

}  // namespace partita::firmware
