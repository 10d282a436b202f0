#pragma once

// The time of a run from that of some of its parts. FPTT-K does the same work in each of K parts, so two
// short programs are simulated exactly, one with a few parts of the sequence and one with some more, and
// every count of the run is continued linearly from them. Parts differ a little where time depends on the
// data; how much is seen between the parts that were simulated, and the error bound follows from it.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "chip/soc/system.hpp"

namespace partita::explore {

// Parts of the sequence, counted from 0, of the two programs. The larger begins with those of the smaller.
struct EstimatePlan {
    std::vector<std::uint32_t> smaller;
    std::vector<std::uint32_t> larger;
};

// Nothing where an estimate is not worth it: parts of different lengths, or so few that they would nearly all
// be simulated.
std::optional<EstimatePlan> plan_estimate(std::uint32_t parts, std::uint32_t steps);

// The largest error that an estimate may claim; beyond it the run is simulated exactly.
inline constexpr double largest_error_bound = 0.02;

// Hears a run and tells its parts apart afterwards.
class PartClock final : public chip::soc::TraceSink {
  public:
    void region(unsigned hart, unsigned region, chip::Cycle at) override;
    void command(const char* /*unit*/, const char* /*name*/, chip::Cycle /*first*/,
                 chip::Cycle /*last*/) override {}

    // Cycles of hart 0 from the beginning of each part to that of the next, for all parts but the last: by
    // the region that it enters most rarely, equally often in each of the `parts`. Empty if there is none.
    std::vector<chip::Cycle> times(std::uint32_t parts) const;

  private:
    std::vector<std::vector<chip::Cycle>> entries_;  // by region
};

// Of the mean of the given times when it stands for that of `parts` parts, of which these are a systematic
// sample: relative, at 99 % by Student's t with the correction for finite populations. Infinite for fewer
// than two times.
double error_of_mean(const std::vector<chip::Cycle>& times, std::uint32_t parts);

// What an estimate claims, given the times of the larger program's parts: the error of the mean of those that
// were sampled, and what a shorter program's other addresses may change.
double claimed_error(const std::vector<chip::Cycle>& times, std::uint32_t parts);

// Every number of the two records continued to `parts` parts, utilisation computed anew. Throws ChipError if
// the records do not have the same form.
nlohmann::ordered_json extrapolate(const nlohmann::ordered_json& smaller, std::size_t smaller_parts,
                                   const nlohmann::ordered_json& larger, std::size_t larger_parts,
                                   std::uint32_t parts, std::uint32_t mesh_side);

}  // namespace partita::explore
