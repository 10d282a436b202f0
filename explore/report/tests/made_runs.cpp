#include "made_runs.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>

namespace partita::explore::report::test {
namespace {

constexpr std::array<std::uint32_t, 6> all_parts{1, 2, 7, 14, 28, 56};
constexpr std::array<std::uint32_t, 4> all_cores{1, 2, 4, 8};
constexpr std::array<std::uint32_t, 2> all_meshes{4, 8};
constexpr std::array<const char*, 2> all_programs{"train", "published"};
constexpr std::array<const char*, 3> all_precisions{"bf16", "mixed", "fp32"};

// The next choice of a number that says all of them.
template <typename Choices>
auto choose(std::size_t& i, const Choices& choices) {
    const auto chosen = choices[i % choices.size()];
    i /= choices.size();
    return chosen;
}

}  // namespace

Wanted made_run(std::size_t i) {
    Wanted run;
    run.key.parts = choose(i, all_parts);
    run.machine.cores = choose(i, all_cores);
    run.machine.mesh_side = choose(i, all_meshes);
    run.key.routine = choose(i, all_programs);
    run.key.precision = choose(i, all_precisions);
    run.machine.scratchpad_bytes = 131072 + 1024 * i;
    run.machine.clock_hz = 500'000'000;
    run.machine.name = fmt::format("ms{}-c{}", run.machine.mesh_side, run.machine.cores);
    nlohmann::ordered_json settings = nlohmann::ordered_json::array();
    if (i != 0) {
        const std::string setting = fmt::format("gemmini.scratchpad_bytes={}", run.machine.scratchpad_bytes);
        settings.push_back(setting);
    }
    const std::string file = fmt::format("chips/{}.toml", run.machine.name);
    for (const auto& setting : settings) {
        run.machine.name += " + " + setting.get<std::string>();
    }
    if (run.key.precision != "bf16") {
        run.machine.name += " + gemmini.accumulator_type=fp32";
    }
    run.key.chip_fingerprint = fmt::format("{:016x}", std::hash<std::string>()(run.machine.name));
    run.key.firmware_hash = "abcd";
    run.key.hidden = 128;
    run.key.classes = 10;
    run.key.batch = 4;
    run.key.steps = 784;
    run.key.tape = run.key.routine == "train" ? "full" : "";
    run.key.data_digest = "1234";
    run.request =
        nlohmann::ordered_json{
            {"chip_file", file}, {"settings", settings}, {"hidden", 0}, {"model", ""}, {"samples", ""}}
            .dump();
    return run;
}

RunResult made_result(const Wanted& wanted) {
    const double parts = wanted.key.parts;
    const double cores = wanted.machine.cores;
    const bool is_train = wanted.key.routine == "train";
    const double pass = (is_train ? 2e8 : 1e9) * (1 + 0.01 * parts) / std::pow(cores, 0.7) *
                        (131072.0 / static_cast<double>(wanted.machine.scratchpad_bytes) + 0.5) *
                        (wanted.machine.mesh_side == 8 ? 0.8 : 1);
    const std::map<std::string, double> shares =
        is_train ? std::map<std::string, double>{{"cells", 0.3},
                                                 {"forward", 0.4},
                                                 {"update", 0.2},
                                                 {"training", 0.1}}
                 : std::map<std::string, double>{
                       {"matmul", 0.2}, {"sigmoid", 0.3}, {"tanh", 0.3}, {"fptt_sgd", 0.2}};
    RunResult result;
    std::uint64_t cycles = 1000;
    result.regions.push_back({0, "(outside)", 0, 1000, 0});
    for (const auto& [function, share] : shares) {
        const auto own = static_cast<std::uint64_t>(pass * share);
        cycles += own;
        result.regions.push_back({0, function, 1, own, 0.25});
    }
    result.cycles = cycles;
    result.seconds = static_cast<double>(cycles) / 5e8;
    result.utilisation = 0.25;
    if (is_train) {
        result.memory_planned = static_cast<std::uint64_t>(1e5 + 1e7 / parts);
    }
    result.record = {{"console", fmt::format("loss {:.6f}\n", 0.05 + 0.001 * parts)}};
    return result;
}

void fill(const std::filesystem::path& store, std::size_t count) {
    RunStore runs(store);
    for (std::size_t i = 0; i < count; ++i) {
        const Wanted wanted = made_run(i);
        runs.put(wanted, made_result(wanted));
    }
}

}  // namespace partita::explore::report::test
