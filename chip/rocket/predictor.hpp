#pragma once

// Rocket's branch prediction (BTB.scala, and the predecoding in Frontend.scala): what the front end thought
// of a jump when it fetched it, and what it learns from it. An instruction is looked at once, in program
// order; that the front end is ahead of the pipeline is accounted for by the cycles in which what it learns
// becomes visible.
//
// A packet is 4 bytes; a jump belongs to the packet that holds its last halfword. Packets are numbered by
// their address / 4.
//
// Left out: what wrong-path fetches do to the return stack, the history and the BTB; the BTB pointing at what
// is no jump (possible after code was changed).

#include <array>
#include <cstdint>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/rocket/config.hpp"

namespace partita::chip::rocket {

enum class JumpKind : std::uint8_t { branch, jump, call, return_ };

struct Jump {
    Address address = 0;
    Address target = 0;       // where it goes if it is taken
    std::uint8_t length = 4;  // bytes
    JumpKind kind = JumpKind::branch;
    bool indirect = false;  // jalr
    bool pushes = false;    // calls, for the return stack
    bool pops = false;      // returns
    bool taken = true;
    bool entered_middle = false;  // its packet was jumped into at the second halfword
    bool bubble_likely = false;   // the fetch queue held less than two packets when this one came
    Cycle fetched = 0;            // the packet was in s2
    Cycle issued = 0;             // the jump was in ID
};

struct Prediction {
    bool wrong = false;
    // Cycles from this packet's s2 to the next one's, if it was right: 1 straight on or by the BTB, 2 by
    // predecoding.
    unsigned distance = 1;
};

class Predictor {
  public:
    explicit Predictor(const Config& config);

    Prediction predict(const Jump& jump);

    // For a loop that repeats itself. Equal at two passes: the next one will find what the last one found.
    struct Steady {
        std::uint64_t version = 0;
        std::uint32_t recency = 0;
        std::uint16_t history = 0;
        std::uint16_t previous_history = 0;
        std::array<Cycle, 6> since = {};
        std::array<std::uint32_t, 4> writes = {};
        bool operator==(const Steady&) const = default;
    };
    Steady steady(Cycle now) const;
    // As if everything happened so much later.
    void shift(Cycle by);

  private:
    static constexpr unsigned most_entries = 32;
    static constexpr std::uint8_t no_entry = 255;

    struct Entry {
        std::uint64_t packet = 0;
        Address target = 0;
        Cycle visible = 0;  // to an s1 in this cycle or later
        std::uint8_t page = 0;
        std::uint8_t target_page = 0;
        std::uint8_t halfword = 0;
        JumpKind kind = JumpKind::branch;
        bool valid = false;
    };
    struct TableWrite {
        Cycle at = 0;  // written at the end of this cycle
        std::uint32_t index = 0;
        std::uint8_t taken = 0;
    };

    std::uint16_t history_at(Cycle read) const;
    std::uint32_t table_index(std::uint64_t packet, std::uint16_t history) const;
    void write_table(Cycle before);
    std::uint8_t find(std::uint64_t packet, Cycle read);
    void insert(std::uint8_t entry, const Jump& jump, std::uint64_t packet, Cycle visible);
    std::uint8_t page_of(Address address, std::uint8_t keep);
    void touch(std::uint8_t entry) { recency_ = (recency_ & keep_[entry]) | set_[entry]; }
    std::uint8_t oldest() const;

    Config config_;
    std::uint32_t history_top_;  // the bit at which a new outcome enters
    std::uint32_t hash_factor_;
    unsigned index_shift_;
    unsigned tag_bits_;

    std::vector<std::uint8_t> table_;
    std::uint16_t history_ = 0;
    std::uint16_t previous_history_ = 0;
    Cycle advanced_ = 0;  // s2 of the packet that advanced the history last
    std::array<TableWrite, 4> writes_ = {};
    unsigned first_write_ = 0;
    unsigned write_count_ = 0;

    std::array<Entry, most_entries> entries_ = {};
    std::vector<std::uint8_t> where_;  // entry of a packet, by the low bits that the BTB matches
    std::array<Address, 8> pages_ = {};
    std::array<bool, 8> page_valid_ = {};
    std::uint8_t next_page_ = 0;
    std::uint32_t recency_ = 0;  // of the pseudo-LRU tree
    std::array<std::uint32_t, most_entries> keep_ = {};
    std::array<std::uint32_t, most_entries> set_ = {};

    std::array<Address, 16> stack_ = {};
    unsigned stack_top_ = 0;
    unsigned stack_count_ = 0;

    std::uint64_t version_ = 0;  // of everything but history and recency
};

}  // namespace partita::chip::rocket
