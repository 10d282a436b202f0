#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "chip/base/error.hpp"
#include "commands.hpp"
#include "explore/validation.hpp"
#include "output.hpp"
#include "point_jobs.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;

std::string signed_percent(double share) {
    return fmt::format("{:+.1f} %", 100 * share);
}

void print_errors(const explore::Measurements& published, const explore::Measurements& simulated,
                  const std::vector<std::string>& functions) {
    Table points({"point", "published", "simulated", "error"});
    for (const auto& [point, cycles] : simulated) {
        const auto expected = static_cast<double>(published.at(point).at("total"));
        const auto found = static_cast<double>(cycles.at("total"));
        points.add({point.name(), fmt::format("{:.0f}", expected), fmt::format("{:.0f}", found),
                    signed_percent(found / expected - 1)});
    }
    fmt::print("{}\n", points.text());
    const auto errors = explore::errors(published, simulated);
    Table table({"function", "points", "mean |error|", "worst", "at"});
    for (const std::string& function : functions) {
        const auto found = errors.find(function);
        if (found == errors.end()) {
            continue;  // no measurement of it
        }
        const explore::Error& error = found->second;
        table.add({function, fmt::format("{}", error.points), fmt::format("{:.1f} %", 100 * error.mean),
                   signed_percent(error.worst), error.where});
    }
    fmt::print("{}", table.text());
}

void validate(const PointOptions& options) {
    check_writable(options.json);
    const explore::Measurements published = explore::read_measurements(options.reference);
    const std::vector<std::string> functions{"matmul",
                                             "matmul_a_transposed",
                                             "matmul_b_transposed",
                                             "mat2vec",
                                             "ewo_basic",
                                             "ewo_combo",
                                             "fptt_sgd",
                                             "sigmoid",
                                             "tanh",
                                             "softmax",
                                             "data_movement",
                                             "total"};
    check_names(options.only, published);
    make_store(options.store);
    explore::Measurements simulated;
    std::vector<PointJob> jobs;
    ChipProgramOptions program;
    program.name = "published";
    program.model = options.model;
    program.samples = options.samples;
    program.settings = options.settings;
    for (const auto& [point, cycles] : published) {
        if (!chosen(options.only, point)) {
            continue;
        }
        PointJob job =
            make_job(point, program, options.chips, fs::path(options.store) / (point.name() + ".json"));
        job.expected = cycles.at("total");
        if (const auto record = job.stored()) {
            simulated[point] = explore::cycles_of(*record, functions);
        } else {
            jobs.push_back(std::move(job));
        }
    }
    fmt::print("{} points: {} finished before, {} to run\n", simulated.size() + jobs.size(), simulated.size(),
               jobs.size());
    const std::size_t failed = run_all("validate", jobs, options.jobs);
    for (const PointJob& job : jobs) {
        if (const auto record = job.stored()) {
            simulated[job.point] = explore::cycles_of(*record, functions);
        }
    }
    if (!simulated.empty()) {
        print_errors(published, simulated, functions);
    }
    nlohmann::json result;
    for (const auto& [point, cycles] : simulated) {
        result[point.name()] = {{"simulated", cycles}, {"published", published.at(point)}};
    }
    write_json(options.json, result);
    if (failed != 0) {
        throw chip::ChipError(fmt::format("{} of {} simulations failed", failed, jobs.size()));
    }
}

}  // namespace

void add_validate(CLI::App& app) {
    auto options = std::make_shared<PointOptions>();
    options->store = "build/validate";
    CLI::App* command =
        app.add_subcommand("validate", "Simulate the published workload and compare with what was measured");
    options->add_to(*command, "the measurements", "both tables");
    command->footer("Example:\n  partita validate --jobs 2 --only ms4-c1 ms4-c8-k56");
    command->callback([options] { validate(*options); });
}

}  // namespace partita::cli
