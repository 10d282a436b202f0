#pragma once

// What Gemmini's primitive commands do to scratchpad, accumulator and memory, bit for bit; nothing here takes
// time. Commands of one queue (load, store, execute) must come in their order; how the queues interleave is
// the caller's matter, as long as it keeps the order of commands that touch the same local rows.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "chip/gemmini/command.hpp"
#include "chip/gemmini/config.hpp"
#include "chip/memory/flat.hpp"

namespace partita::chip::gemmini {

class Datapath;

// Of a row that is moved: a block of the largest mesh at 4 bytes an element.
inline constexpr std::size_t most_row_bytes = 256;

// A row of memory that a move-in brings to local memory, and how.
struct RowLoad {
    Address address = 0;
    std::uint32_t bytes = 0;
    std::uint32_t columns = 0;
    LocalAddress local;
    std::uint32_t copies = 1;  // local rows that get it, one after the other
    std::uint32_t block_stride = 0;
    std::uint32_t scale = 0;  // bits
    bool narrow = false;      // in the input type
};

// Takes the rows of moves in their order, those in and those out. All lie within memory.
class RowSink {
  public:
    // To be given back to Function::load_row with the row's bytes.
    virtual void load(const RowLoad& row) = 0;
    virtual void store(Address address, std::span<const std::byte> row) = 0;

  protected:
    ~RowSink() = default;
};

class Function {
  public:
    // `config` must be valid. Scratchpad and accumulator start as zeros.
    Function(const Config& config, memory::FlatMemory& memory);
    ~Function();
    Function(const Function&) = delete;
    Function& operator=(const Function&) = delete;

    // Carries out one command completely: configuration, move, preload, compute, flush. Commands of the front
    // end (loops, counters) do nothing here. Throws ProgramError that names the command: a DMA outside
    // memory, a compute without its preload, an operand where this chip cannot have one, a move without
    // configuration.
    void execute(const Command& command);

    // From now on moves do not touch memory, but hand their rows to `sink`.
    void hand_rows_to(RowSink& sink) { sink_ = &sink; }
    // Puts a row of a move-in into local memory; `bytes` null: zeros.
    void load_row(const RowLoad& row, const std::byte* bytes);

    const Config& config() const { return config_; }
    const Geometry& geometry() const { return geometry_; }

    // Bytes of one row. Rows are below the memory's number of rows.
    std::span<std::byte> scratchpad_row(std::uint32_t row);
    std::span<std::byte> accumulator_row(std::uint32_t row);

    // The configuration in force; empty until its first command.
    const std::optional<ConfigExecute>& config_execute() const { return config_execute_; }
    const std::optional<ConfigLoad>& config_load(unsigned channel) const { return config_load_[channel]; }
    const std::optional<ConfigStore>& config_store() const { return config_store_; }

  private:
    void configure(const ConfigExecute& update);
    void configure(const ConfigStore& update);
    void move_in(const Command& command);
    void move_out(const Command& command);
    void take_row(const LocalAddress& first, unsigned columns, unsigned element, std::byte* target) const;
    void preload(const Command& command);
    void compute(const Command& command);

    Config config_;
    Geometry geometry_;
    memory::FlatMemory* memory_;
    RowSink* sink_ = nullptr;  // null: memory itself
    std::unique_ptr<Datapath> datapath_;
    std::optional<ConfigExecute> config_execute_;
    std::optional<ConfigLoad> config_load_[3];
    std::optional<ConfigStore> config_store_;
    std::optional<Tile> result_;  // of the preload that waits for its compute
};

}  // namespace partita::chip::gemmini
