#pragma once

// Builds a program for a chip: a plain list of compiler commands, run in parallel, one ELF in a second or
// two.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "partita/data/model_file.hpp"
#include "partita/data/sequences.hpp"

namespace partita::firmware {

// A program cannot be built. The sentence says which, what was found and what was expected.
class BuildError : public std::runtime_error {
  public:
    explicit BuildError(const std::string& sentence) : std::runtime_error(sentence) {}
};

enum class ProgramKind : std::uint8_t {
    published,  // the published workload, operation by operation
    train,      // learn's training with the array
};

struct BuildOptions {
    ProgramKind program = ProgramKind::train;
    std::string chip_header;                          // text of partita_chip.h (README.md lists its macros)
    std::uint32_t harts = 1;                          // PARTITA_CHIP_CORES of that header
    std::uint64_t memory = std::uint64_t{256} << 20;  // bytes of the chip's main memory
    bool bf16_extension = false;                      // its cores have Zfbfmin; `train` uses it
    std::uint32_t parts = 28;                         // K
    std::uint32_t steps = 784;                        // T
    std::uint32_t batch = 4;
    std::string tape = "full";  // train: what the forward pass keeps
    std::string compiler = "riscv64-linux-gnu-g++";
    std::filesystem::path picolibc = "/usr/lib/picolibc/riscv64-unknown-elf/lib";
    // Folder where the objects that many programs have in common are kept, by what decides them, from build
    // to build; several processes may share it. Empty: they are compiled each time.
    std::filesystem::path objects;
};

struct BuildCommand {
    std::vector<std::string> words;  // a program and its arguments, the file that it makes last
    bool common = false;             // depends on neither chip, K, sizes nor network
};

// Network and samples in the form that programs start from (data/blob.hpp). Throws BuildError if the
// sequences' input is not the network's, or a label is not one of its classes.
std::vector<std::byte> make_blob(const data::Model& model, const data::Sequences& samples);

// The project's own: models/strokes.safetensors and digits of one writer, drawn from a fixed seed.
data::Model default_model();
data::Sequences default_samples(std::size_t count);

// The commands that build `program` in `folder` (which holds partita_chip.h and network.blob) into `elf`; all
// but the last can run at the same time. `options.objects` says nothing here.
std::vector<BuildCommand> build_commands(const BuildOptions& options, const data::Model& model,
                                         const std::filesystem::path& folder,
                                         const std::filesystem::path& elf);

// Builds it; `samples` has at least `batch` sequences of `steps` steps. Throws BuildError with the compiler's
// words if a command fails, or if the program cannot be made of these (K that does not divide T or another
// shape than 1 x 128 x 10 for `published`).
void build(const BuildOptions& options, const data::Model& model, const data::Sequences& samples,
           const std::filesystem::path& elf);

}  // namespace partita::firmware
