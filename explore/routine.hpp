#pragma once

// learn's training program beside the published one: cycles, memory, how busy the array was, and what more
// cores bring.

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "explore/validation.hpp"

namespace partita::explore {

// Multiply-adds of the array, and the cycles in which the accelerator had work.
struct ArrayWork {
    std::uint64_t multiply_adds = 0;
    std::uint64_t busy_cycles = 0;

    // Multiply-adds over those of a mesh of that side that is never idle while the accelerator is busy; 0 if
    // it never was.
    double utilisation(unsigned mesh) const;
};

// The products of a pass. Harts work while the array does, so the array's work for a phase is what it did in
// the phase's own region and in that of the harts' work beside it. `all` has the head's logits, too.
enum class Phase : std::uint8_t { forward, backward, weights, all };
inline constexpr std::size_t phase_count = 4;
const char* name(Phase phase);

// One run of the training program.
struct RoutineRun {
    std::uint64_t cycles = 0;        // of hart 0, without setting up and reporting
    std::uint64_t memory_bytes = 0;  // set aside for training
    std::array<ArrayWork, phase_count> array = {};
    // Cycles of the hart that spends most on it.
    std::uint64_t element_wise = 0;  // cells forward and backward
    std::uint64_t update = 0;        // of the parameters

    const ArrayWork& work(Phase phase) const { return array[static_cast<std::size_t>(phase)]; }
};

// Takes the figures from a run record. Throws ChipError if it is not one of the training program, whose pass
// lies in the region "training".
RoutineRun routine_run(const nlohmann::ordered_json& record);

// Published memory in MiB (2^20 bytes) by K, of BF16, from a file `parts,fp32,bf16`. Throws ChipError naming
// the line.
std::map<unsigned, double> read_memory(const std::filesystem::path& path);

struct Comparison {
    Point point;
    std::uint64_t published_cycles = 0;
    double published_mebibytes = 0;
    RoutineRun run;

    double times_fewer_cycles() const;  // published over ours
    double share_of_memory() const;     // ours over published
};

// In the order of the points. Throws ChipError if a point has no published cycles or memory.
std::vector<Comparison> compare(const Measurements& published, const std::map<unsigned, double>& memory,
                                const std::map<Point, RoutineRun>& runs);

// Of at least one comparison.
struct Summary {
    double geometric_mean = 0;  // of times_fewer_cycles
    double least = 0;           // of times_fewer_cycles
    Point least_at;
    double most_memory = 0;  // of share_of_memory
    Point most_memory_at;
};
Summary summarise(const std::vector<Comparison>& comparisons);

// Time of one core over time of eight, each that of its busiest hart. 0 where one of them has none.
struct SpeedUp {
    double element_wise = 0;
    double update = 0;
};
// By mesh side and K, where the chips with one and with eight cores are both there.
std::map<std::pair<unsigned, unsigned>, SpeedUp> speed_ups(const std::vector<Comparison>& comparisons);

}  // namespace partita::explore
