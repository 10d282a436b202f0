#pragma once

#include <string>
#include <vector>

#include "measure.hpp"

namespace partita::bench {

/// One sentence for each peer whose loss, or whose change of the weights, is further from the first FP32
/// peer's than its precision explains; empty if all have trained the same network.
std::vector<std::string> disagreements(const Comparison& comparison);

/// The bounds that disagreements() holds the peers to, in a sentence for the report.
std::string agreement_rule();

}  // namespace partita::bench
