// The training program of learn on the chip: one pass over a batch by FPTT-K, matrix products on the array.
// The plan is fixed at compile time, and with it the memory: exactly layout(plan).total bytes, the symbol
// partita_arena.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "data/blob.hpp"
#include "partita/learn/array_runs.hpp"
#include "partita/learn/trainer.hpp"
#include "partita_chip.h"
#include "start/host.hpp"
#include "start/marks.hpp"
#include "start/program.hpp"

extern "C" {
extern const std::byte partita_blob[];
extern const std::byte partita_blob_end[];
}

namespace partita::firmware {
namespace {

#if defined(PARTITA_CHIP_ELEMENT_BF16) && defined(PARTITA_CHIP_ARRAY_ELEMENT_BF16)
constexpr auto precision = learn::Precision::bf16;
#elif defined(PARTITA_CHIP_ELEMENT_BF16) && defined(PARTITA_CHIP_ARRAY_ELEMENT_FP32)
constexpr auto precision = learn::Precision::mixed;
#elif defined(PARTITA_CHIP_ELEMENT_FP32)
constexpr auto precision = learn::Precision::fp32;
#else
#error "The training program needs a chip whose elements are BF16 or FP32"
#endif

constexpr learn::Plan plan{.shape = {PARTITA_INPUT, PARTITA_HIDDEN, PARTITA_CLASSES},
                           .batch = PARTITA_BATCH,
                           .steps = PARTITA_STEPS,
                           .parts = PARTITA_PARTS,
                           .precision = precision,
                           .tape = learn::Tape::PARTITA_TAPE,
                           .array_side = PARTITA_CHIP_MESH_SIDE,
                           .members = PARTITA_CHIP_CORES};
constexpr auto laid_out = learn::layout(plan);
static_assert(laid_out.ok(), "This plan is not possible on the chip");

constexpr std::uint32_t operand_row = PARTITA_CHIP_MESH_SIDE * (precision == learn::Precision::fp32 ? 4 : 2);
constexpr std::uint32_t sum_row = PARTITA_CHIP_MESH_SIDE * (precision == learn::Precision::bf16 ? 2 : 4);
constexpr learn::ArrayMemory array_memory{.side = PARTITA_CHIP_MESH_SIDE,
                                          .scratchpad_rows = PARTITA_CHIP_SCRATCHPAD_BYTES / operand_row,
                                          .accumulator_rows = PARTITA_CHIP_ACCUMULATOR_BYTES / sum_row};

}  // namespace

extern "C" {
alignas(64) [[gnu::section(".bss.arena")]] std::byte partita_arena[laid_out.value().total];
}

namespace {

constinit learn::Barrier team_barrier(PARTITA_CHIP_CORES);
constinit learn::Trainer trainer;
constinit std::array<const float*, PARTITA_BATCH> sequences{};
constinit learn::Batch samples;

[[noreturn]] void give_up(const char* sentence) {
    Line line;
    line << sentence;
    line.end();
    exit(3);
}

void prepare() {
    Blob blob;
    if (!read_blob({partita_blob, partita_blob_end}, blob) || blob.input != PARTITA_INPUT ||
        blob.hidden != PARTITA_HIDDEN || blob.classes != PARTITA_CLASSES || blob.count < PARTITA_BATCH ||
        blob.steps != PARTITA_STEPS) {
        give_up("the linked-in network or samples do not fit the plan that this program was compiled for");
    }
    const auto kernels = learn::gemmini_kernels(plan.precision, array_memory);
    if (!kernels.ok()) {
        give_up(learn::describe(kernels.error()));
    }
    const auto created =
        learn::Trainer::create(plan, partita_arena, *kernels.value(), PARTITA_CHIP_MESH_SIDE);
    if (!created.ok()) {
        give_up(learn::describe(created.error()));
    }
    trainer = created.value();
    if (const learn::Error error =
            trainer.load({blob.weight_ih, blob.weight_hh, blob.bias, blob.head_weight, blob.head_bias});
        error != learn::Error::none) {
        give_up(learn::describe(error));
    }
    for (std::size_t b = 0; b < sequences.size(); ++b) {
        sequences[b] = blob.samples.data() + b * blob.steps * blob.input;
    }
    samples = {sequences, blob.labels.first(PARTITA_BATCH)};
    if (const learn::Error error = trainer.check_training(samples); error != learn::Error::none) {
        give_up(learn::describe(error));
    }
}

void report() {
    float sum = 0.0f;
    for (const float loss : trainer.losses()) {
        Line line;
        line << "loss ";
        line.hexadecimal(std::bit_cast<std::uint32_t>(loss)) << " ";
        line.fixed(static_cast<double>(loss), 9);
        line.end();
        sum += loss;
    }
    Line line;
    line << "loss sum ";
    line.fixed(static_cast<double>(sum), 6);
    line.end();
    for (const learn::BufferId id :
         {learn::BufferId::weights, learn::BufferId::regulariser_e, learn::BufferId::regulariser_d}) {
        line << "digest " << learn::name(id) << " ";
        line.hexadecimal(trainer.digest(id));
        line.end();
    }
}

}  // namespace

PARTITA_REGION_NAME(1, "inputs");
PARTITA_REGION_NAME(2, "forward");
PARTITA_REGION_NAME(3, "head");
PARTITA_REGION_NAME(4, "gate_gradient");
PARTITA_REGION_NAME(5, "hidden_gradient");
PARTITA_REGION_NAME(6, "rebuild");
PARTITA_REGION_NAME(7, "weight_gradient");
PARTITA_REGION_NAME(8, "update");
PARTITA_REGION_NAME(9, "waiting");
PARTITA_REGION_NAME(10, "cells");
PARTITA_REGION_NAME(11, "cell_gradients");
PARTITA_REGION_NAME(12, "training");
constexpr int training_region = 12;  // what of a pass is in none of the others
static_assert(std::string_view(learn::name(learn::Function::inputs)) == "inputs" &&
                  learn::region(learn::Function::waiting) == 9 && learn::function_count == 9,
              "The names above are those of learn's functions, in their order");

// How often hart 0 works on cells: in each run of groups of which it has a share, forward and backward.
constexpr std::uint32_t expected_cells() {
    const learn::ArrayExtents& array = laid_out.value().array;
    const learn::Residence residence(array, array_memory, operand_row / PARTITA_CHIP_MESH_SIDE, PARTITA_BATCH,
                                     false);
    const auto shares = [](const learn::Runs& runs) {
        std::uint32_t count = 0;
        for (std::uint32_t run = 0; run < runs.count(); ++run) {
            const learn::Range share = runs.share(run, 0);
            count += share.first < share.last;
        }
        return count;
    };
    return PARTITA_STEPS * (shares(learn::Runs::forward(array, PARTITA_CHIP_CORES)) +
                            shares(learn::Runs::backward(array, residence, PARTITA_CHIP_CORES)));
}
PARTITA_EXPECTED_REGIONS(expected_cells(), "10 11");

int run(const Team& team) {
    if (team.hart == 0) {
        prepare();
    }
    const learn::Member member{static_cast<std::uint32_t>(team.hart), static_cast<std::uint32_t>(team.harts),
                               &team_barrier};
    member.meet();
    begin_region<training_region>();
    trainer.train(member, samples, {.learning_rate = 0.01f, .alpha = 0.1f});
    member.meet();
    end_region();
    if (team.hart == 0) {
        report();
    }
    return 0;
}

}  // namespace partita::firmware
