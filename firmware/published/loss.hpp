#pragma once

namespace partita::firmware {

// Cross-entropy in nats, summed over the four samples, of the outputs at the last step of the part last run.
double final_loss();

}  // namespace partita::firmware
