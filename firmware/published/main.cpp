// The published workload: one pass of FPTT-K over four samples, operation by operation as the published
// system runs it.

#include "data/blob.hpp"
#include "published/load.hpp"
#include "published/loss.hpp"
#include "published/network.hpp"
#include "published/regions.hpp"
#include "published/training.hpp"
#include "start/host.hpp"
#include "start/program.hpp"

extern "C" {
extern const std::byte partita_blob[];
extern const std::byte partita_blob_end[];
}

namespace partita::firmware {

Network network;

PARTITA_REGION_NAME(1, "data_movement");
PARTITA_REGION_NAME(2, "matmul");
PARTITA_REGION_NAME(3, "matmul_a_transposed");
PARTITA_REGION_NAME(4, "matmul_b_transposed");
PARTITA_REGION_NAME(5, "mat2vec");
PARTITA_REGION_NAME(6, "ewo_basic");
PARTITA_REGION_NAME(7, "ewo_combo");
PARTITA_REGION_NAME(8, "fptt_sgd");
PARTITA_REGION_NAME(9, "sigmoid");
PARTITA_REGION_NAME(10, "tanh");
PARTITA_REGION_NAME(11, "softmax");

// How often hart 0 enters a region in all, for whoever shows progress: of a part, of its forward and backward
// steps, of the pairs of steps that the backward pass looks at, and of the update.
constexpr std::size_t pairs_of_part = 2 * part_steps - 1;
constexpr std::size_t expected_regions =
    parts * (1 + 14 * part_steps + 4 + (5 + 4) * part_steps + 13 * pairs_of_part + 10);
PARTITA_EXPECTED_REGIONS(expected_regions, "");

int run(const Team& team) {
    Line line;
    if (team.hart == 0) {
        Blob blob;
        if (!read_blob({partita_blob, partita_blob_end}, blob) || !load(blob)) {
            line << "the linked-in network or samples do not fit: 1 input, 128 hidden units, 10 classes, 4 "
                    "sequences of "
                 << steps << " steps are expected";
            line.end();
            exit(3);
        }
    }
    barrier(team);
    for (std::size_t part = 0; part < parts; ++part) {
        begin_part(team, part);
        forward(team);
        backward(team);
        update(team);
    }
    if (team.hart == 0) {
        line << "loss ";
        line.fixed(final_loss(), 6);
        line.end();
    }
    return 0;
}

}  // namespace partita::firmware
