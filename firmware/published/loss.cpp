#include "published/loss.hpp"

#include "published/mathematics.hpp"
#include "published/network.hpp"

namespace partita::firmware {

double final_loss() {
    double sum = 0.0;
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t label = 0; label < classes; ++label) {
            if (network.labels[b][label] != 0) {
                sum -= log(static_cast<double>(widen(network.output[part_steps][b][label])));
            }
        }
    }
    return sum;
}

}  // namespace partita::firmware
