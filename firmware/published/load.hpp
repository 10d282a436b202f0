#pragma once

#include "data/blob.hpp"

namespace partita::firmware {

// Rounds the network and the samples to the element type; false if their sizes are not the program's.
bool load(const Blob& blob);

}  // namespace partita::firmware
