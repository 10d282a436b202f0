#include "model.hpp"

#include <cstdio>
#include <cstdlib>

#include "chip/base/error.hpp"
#include "gemmini/commands.hpp"

namespace partita::firmware::test {
namespace {

constexpr chip::Address memory_base = 0x80000000;
Model* current = nullptr;
// Gemmini's LOOP_WS reads up to a tile's rows beyond operand B.
constexpr std::size_t read_beyond = 4096;

}  // namespace

chip::gemmini::Config array_config(std::uint32_t side, chip::gemmini::Number operand,
                                   chip::gemmini::Number sum) {
    chip::gemmini::Config config;
    config.mesh_side = side;
    config.input_type = operand;
    config.spatial_array_type = sum;
    config.accumulator_type = sum;
    config.load_scale_type = operand;
    config.store_scale_type = operand;
    if (operand == chip::gemmini::Number::fp32) {
        config.scratchpad_bytes = std::uint64_t{256} << 10;
        config.accumulator_bytes = std::uint64_t{64} << 10;
    }
    return config;
}

Model::Model(const chip::gemmini::Config& config, std::size_t bytes)
    : memory_(memory_base,
              (bytes + read_beyond + chip::line_bytes - 1) / chip::line_bytes * chip::line_bytes),
      machine_(config, memory_) {
    current = this;
    gemmini::issue_to_model = &Model::issue;
}

Model::~Model() {
    current = nullptr;
    gemmini::issue_to_model = nullptr;
}

std::uint64_t Model::translate(std::uint64_t host_address) const {
    if (host_address == 0) {
        return 0;
    }
    return memory_base + (host_address - reinterpret_cast<std::uintptr_t>(memory_.at(memory_base)));
}

void Model::issue(unsigned funct, std::uint64_t rs1, std::uint64_t rs2) {
    const bool addresses =
        funct == gemmini::loop_operand_addresses || funct == gemmini::loop_result_addresses;
    const bool moves = funct == gemmini::move_in_0 || funct == gemmini::move_in_1 ||
                       funct == gemmini::move_in_2 || funct == gemmini::move_out;
    const std::uint64_t first = addresses || moves ? current->translate(rs1) : rs1;
    const std::uint64_t second = addresses ? current->translate(rs2) : rs2;
    try {
        current->machine_.issue({static_cast<std::uint8_t>(funct), false, first, second});
    } catch (const chip::ProgramError& error) {
        // The other members would wait for the results for ever.
        std::fprintf(stderr, "the accelerator refuses a command: %s\n", error.what());
        std::abort();
    }
}

}  // namespace partita::firmware::test
