#include "chip/trace/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace partita::chip::trace {
namespace {

using nlohmann::ordered_json;

std::string region_name(const RecordInput& input, unsigned region) {
    if (region == 0) {
        return std::string(outside);
    }
    return region < input.regions.size() && !input.regions[region].empty() ? input.regions[region]
                                                                           : fmt::format("region {}", region);
}

double utilisation(const RecordInput& input, const soc::Account& account) {
    const double peak =
        static_cast<double>(account.cycles()) * input.chip->gemmini.mesh_side * input.chip->gemmini.mesh_side;
    return peak == 0 ? 0 : static_cast<double>(account.activity.multiply_adds) / peak;
}

ordered_json causes(const soc::Account& account) {
    ordered_json json;
    for (unsigned cause = 0; cause < soc::cause_count; ++cause) {
        json[name(static_cast<rocket::Cause>(cause))] = account.causes[cause];
    }
    return json;
}

ordered_json activity(const soc::Activity& activity) {
    return {{"busy_cycles", activity.busy_cycles},
            {"array_cycles", activity.array_cycles},
            {"multiply_adds", activity.multiply_adds},
            {"dma_read_bytes", activity.read_bytes},
            {"dma_written_bytes", activity.written_bytes}};
}

ordered_json hart(const RecordInput& input, unsigned number) {
    const soc::Ledger& ledger = input.system->ledger();
    soc::Account total;
    ordered_json regions = ordered_json::array();
    for (unsigned region = 0; region < ledger.regions(); ++region) {
        const soc::Account& account = ledger.account(number, region);
        if (account.cycles() == 0 && account.entries == 0) {
            continue;
        }
        for (unsigned cause = 0; cause < soc::cause_count; ++cause) {
            total.causes[cause] += account.causes[cause];
        }
        total.instructions += account.instructions;
        ordered_json row = {{"region", region_name(input, region)},
                            {"entries", account.entries},
                            {"cycles", account.cycles()},
                            {"instructions", account.instructions},
                            {"causes", causes(account)}};
        if (number == 0) {
            row["accelerator"] = activity(account.activity);
            row["utilisation"] = utilisation(input, account);
        }
        regions.push_back(row);
    }
    return {{"hart", number},
            {"cycles", total.cycles()},
            {"instructions", total.instructions},
            {"causes", causes(total)},
            {"regions", regions}};
}

}  // namespace

const char* name(rocket::Cause cause) {
    constexpr const char* names[soc::cause_count] = {
        "issue",      "load_use",  "fp_hazard", "multiply",    "branch", "instruction_cache",
        "data_cache", "coherence", "replay",    "accelerator", "fence",  "barrier",
        "asleep",     "other"};
    return names[static_cast<unsigned>(cause)];
}

std::vector<RegionRow> region_rows(const RecordInput& input) {
    const soc::Ledger& ledger = input.system->ledger();
    std::vector<RegionRow> rows;
    std::uint64_t total = 0;
    for (unsigned region = 0; region < ledger.regions(); ++region) {
        const soc::Account& account = ledger.account(0, region);
        if (account.cycles() == 0 && account.entries == 0) {
            continue;
        }
        rows.push_back(
            {region_name(input, region), account.entries, account.cycles(), 0, utilisation(input, account)});
        total += account.cycles();
    }
    for (RegionRow& row : rows) {
        row.share = total == 0 ? 0 : static_cast<double>(row.cycles) / static_cast<double>(total);
    }
    std::stable_sort(rows.begin(), rows.end(), [](const RegionRow& left, const RegionRow& right) {
        return left.cycles > right.cycles;
    });
    return rows;
}

ordered_json record(const RecordInput& input) {
    const memory::Statistics& counted = input.system->memory_statistics();
    ordered_json harts = ordered_json::array();
    for (unsigned number = 0; number < input.system->harts(); ++number) {
        harts.push_back(hart(input, number));
    }
    const double seconds =
        static_cast<double>(input.outcome.cycles) / static_cast<double>(input.chip->soc.clock_hz);
    return {{"record", 1},
            {"chip",
             {{"name", input.chip->name},
              {"fingerprint", fmt::format("{:016x}", config::fingerprint(*input.chip))}}},
            {"program", {{"name", input.program}, {"hash", input.program_hash}}},
            {"exit_code", input.outcome.exit_code},
            {"cycles", input.outcome.cycles},
            {"seconds", seconds},
            {"harts", harts},
            {"accelerator", activity(input.system->activity())},
            {"memory",
             {{"arena_bytes", input.arena_bytes},
              {"arena_touched_bytes", input.arena_touched},
              {"l2_hits", counted.l2_hits},
              {"l2_misses", counted.l2_misses},
              {"probes", counted.probes},
              {"dirty_probes", counted.dirty_probes},
              {"upgrades", counted.upgrades},
              {"releases", counted.releases},
              {"instruction_lines", counted.instruction_lines},
              {"dma_read_bytes", counted.dma_read_bytes},
              {"dma_write_bytes", counted.dma_write_bytes},
              {"dram_read_bytes", counted.dram_read_bytes},
              {"dram_write_bytes", counted.dram_write_bytes}}},
            {"console", input.console}};
}

}  // namespace partita::chip::trace
