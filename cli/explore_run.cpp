#include "explore_run.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "chip/base/error.hpp"
#include "explore/design.hpp"
#include "explore/estimate.hpp"
#include "explore/simulation.hpp"
#include "explore/sweep.hpp"

namespace partita::cli {
namespace {

using explore::Method;

std::string absolute(const std::string& path) {
    return path.empty() ? path : std::filesystem::absolute(path).string();
}

nlohmann::ordered_json simulate_one(const chip::config::Chip& chip, const ChipProgramOptions& options,
                                    chip::soc::TraceSink* listener) {
    const chip::program::Program program = options.program(chip, true);
    explore::SimulationOptions run;
    run.listener = listener;
    explore::Simulation simulation = explore::simulate(chip, program, run);
    if (simulation.exit_code != 0) {
        throw chip::ChipError(fmt::format("{} ended with exit code {}: {}", program.name(),
                                          simulation.exit_code,
                                          simulation.record.at("console").get<std::string>()));
    }
    return std::move(simulation.record);
}

// False if the parts differ too much for an estimate.
bool estimate(const chip::config::Chip& chip, const ChipProgramOptions& options,
              const explore::EstimatePlan& plan, explore::RunResult& result) {
    ChipProgramOptions program = options;
    program.sample = plan.smaller;
    const auto smaller = simulate_one(chip, program, nullptr);
    program.sample = plan.larger;
    explore::PartClock clock;
    const auto larger = simulate_one(chip, program, &clock);
    const auto parts = static_cast<std::uint32_t>(plan.larger.size());
    const double bound = explore::claimed_error(clock.times(parts), options.parts);
    if (bound > explore::largest_error_bound) {
        return false;
    }
    result = explore::result_of(explore::extrapolate(smaller, plan.smaller.size(), larger, parts,
                                                     options.parts, chip.gemmini.mesh_side));
    result.exact = false;
    result.error_bound = bound;
    return true;
}

}  // namespace

ChipFile read_chip_file(const std::string& name) {
    static_cast<void>(chip::config::read_chip(name));
    std::ifstream file(name, std::ios::binary);
    return {name, {std::istreambuf_iterator<char>(file), {}}};
}

explore::Wanted wanted_run(const ChipFile& file, const ChipProgramOptions& program, Method method) {
    const chip::config::Chip chip = chip::config::parse_chip(file.text, file.name, program.settings);
    const ProgramIdentity identity = program.identity(chip);
    explore::Wanted run;
    run.key.chip_fingerprint = fmt::format("{:016x}", chip::config::fingerprint(chip));
    run.key.firmware_hash = identity.program;
    run.key.routine = program.name;
    run.key.input = identity.input;
    run.key.hidden = identity.hidden;
    run.key.classes = identity.classes;
    run.key.batch = program.batch;
    run.key.steps = program.steps;
    run.key.parts = program.parts;
    run.key.precision = explore::precision_of(chip);
    run.key.tape = program.name == "train" ? program.tape : "";
    run.key.data_digest = identity.data;
    run.key.method = explore::plan_estimate(program.parts, program.steps) ? method : Method::exact;
    run.machine = {chip.name, chip.gemmini.mesh_side, chip.soc.cores, chip.gemmini.scratchpad_bytes,
                   chip.soc.clock_hz};
    run.request = nlohmann::ordered_json{{"chip_file", file.name},
                                         {"chip", file.text},
                                         {"settings", program.settings},
                                         {"program", program.name},
                                         {"parts", program.parts},
                                         {"steps", program.steps},
                                         {"batch", program.batch},
                                         {"hidden", program.hidden},
                                         {"tape", program.tape},
                                         {"model", absolute(program.model)},
                                         {"samples", absolute(program.samples)},
                                         {"firmware_hash", identity.program},
                                         {"method", name(run.key.method)}}
                      .dump();
    return run;
}

std::string carry_out(const std::string& request) {
    const auto start = std::chrono::steady_clock::now();
    ChipProgramOptions program;
    chip::config::Chip chip;
    std::string hash;
    bool exact = true;
    try {
        const auto json = nlohmann::json::parse(request);
        program.settings = json.at("settings").get<std::vector<std::string>>();
        chip = chip::config::parse_chip(json.at("chip").get<std::string>(),
                                        json.at("chip_file").get<std::string>(), program.settings);
        program.name = json.at("program");
        program.parts = json.at("parts");
        program.steps = json.at("steps");
        program.batch = json.at("batch");
        program.hidden = json.at("hidden");
        program.tape = json.at("tape");
        program.model = json.at("model");
        program.samples = json.at("samples");
        hash = json.at("firmware_hash");
        exact = json.at("method") == name(Method::exact);
    } catch (const nlohmann::json::exception& error) {
        throw chip::ChipError(fmt::format("this is no request for a run: {}", error.what()));
    }
    if (const std::string found = program.identity(chip).program; found != hash) {
        throw chip::ChipError(
            fmt::format("the program's sources, its compiler, the model or the samples are not those with "
                        "which the sweep began: found {}, expected {}; start the sweep again",
                        found, hash));
    }
    explore::RunResult result;
    const auto plan = explore::plan_estimate(program.parts, program.steps);
    if (exact || !plan || !estimate(chip, program, *plan, result)) {
        result = explore::result_of(simulate_one(chip, program, nullptr));
    }
    result.host_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return explore::answer_of(result);
}

}  // namespace partita::cli
