#include "explore/routine.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "chip/base/error.hpp"
#include "commands.hpp"
#include "explore/design.hpp"
#include "explore/routine_report.hpp"
#include "firmware/host/build.hpp"
#include "options.hpp"
#include "output.hpp"
#include "partita/data/atomic_file.hpp"
#include "partita/data/model_file.hpp"
#include "partita/learn/layout.hpp"
#include "point_jobs.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t published_steps = 784;

struct RoutineOptions : PointOptions {
    std::string memory = "published/memory_mb.csv";
    std::set<std::string> precisions{"bf16", "mixed"};
    std::uint32_t steps = published_steps;
    std::string markdown;
};

learn::Precision precision(const std::string& name) {
    return name == "mixed" ? learn::Precision::mixed : learn::Precision::bf16;
}

std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw chip::ChipError(fmt::format("the document {} cannot be read", path));
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

struct RoutineJob {
    std::string precision;
    PointJob point;
    std::size_t planned = 0;  // bytes
};

learn::Shape shape_of(const RoutineOptions& options) {
    const data::Model model =
        options.model.empty() ? firmware::default_model() : data::load_model(options.model);
    return {static_cast<std::uint32_t>(model.input), static_cast<std::uint32_t>(model.hidden),
            static_cast<std::uint32_t>(model.classes)};
}

std::vector<RoutineJob> make_jobs(const RoutineOptions& options, const explore::Measurements& published) {
    std::vector<RoutineJob> jobs;
    const learn::Shape shape = shape_of(options);
    ChipProgramOptions program;
    program.steps = options.steps;
    program.model = options.model;
    program.samples = options.samples;
    for (const std::string& name : options.precisions) {
        // The published chips are BF16's as they are.
        program.settings = name == "bf16" ? explore::Settings{} : explore::precision_settings(name);
        program.settings.insert(program.settings.end(), options.settings.begin(), options.settings.end());
        for (const auto& [point, cycles] : published) {
            if (!chosen(options.only, point)) {
                continue;
            }
            PointJob job = make_job(point, program, options.chips,
                                    fs::path(options.store) / fmt::format("{}-{}.json", point.name(), name));
            job.name += " in " + name;
            // Every hart is simulated in turn.
            job.expected = cycles.at("total") * point.cores;
            const learn::Plan plan{.shape = shape,
                                   .batch = program.batch,
                                   .steps = program.steps,
                                   .parts = point.parts,
                                   .precision = precision(name),
                                   .array_side = point.mesh,
                                   .members = point.cores};
            jobs.push_back({name, std::move(job), checked_layout(plan).total});
        }
    }
    return jobs;
}

// The run of a job that is done. Its memory must be the plan's: so it is known, too, that the program
// computed in the precision that it was meant to.
explore::RoutineRun finished_run(const RoutineJob& job, const nlohmann::ordered_json& record) {
    const explore::RoutineRun run = explore::routine_run(record);
    if (run.memory_bytes != job.planned) {
        throw chip::ChipError(
            fmt::format("{}: the program set {} bytes aside, but the plan takes {}; expected the same",
                        job.point.name, run.memory_bytes, job.planned));
    }
    return run;
}

// Of all runs that are done and are what they should be; says which are not.
explore::Comparisons finished(const std::vector<RoutineJob>& jobs, const explore::Measurements& published,
                              const std::map<unsigned, double>& memory) {
    std::map<std::string, std::map<explore::Point, explore::RoutineRun>> runs;
    for (const RoutineJob& job : jobs) {
        try {
            if (const auto record = job.point.stored()) {
                runs[job.precision][job.point.point] = finished_run(job, *record);
            }
        } catch (const chip::ChipError& error) {
            fmt::print(stderr, "partita: {}\n", error.what());
        }
    }
    explore::Comparisons comparisons;
    for (const auto& [name, of_precision] : runs) {
        comparisons[name] = explore::compare(published, memory, of_precision);
    }
    return comparisons;
}

void print_tables(const std::vector<explore::TextTable>& tables) {
    for (const explore::TextTable& table : tables) {
        Table text(table.header);
        for (const auto& row : table.rows) {
            text.add(row);
        }
        fmt::print("\n{}\n{}", table.title, text.text());
    }
}

// What the runs were of, as a paragraph.
std::string caption(const RoutineOptions& options) {
    const auto file = [](const std::string& path, const char* other) {
        return path.empty() ? std::string(other) : fmt::format("`{}`", fs::path(path).filename().string());
    };
    return fmt::format("T = {}, batch 4; network: {}; sequences: {}.\n", options.steps,
                       file(options.model, "the project's own"), file(options.samples, "the project's own"));
}

void routine(const RoutineOptions& options) {
    check_distinct({options.json, options.markdown});
    check_writable(options.json);
    if (!options.markdown.empty()) {
        // Before hours of simulation, not after.
        explore::replace_tables(text_of(options.markdown), "", options.markdown);
        check_writable(options.markdown);
    }
    const explore::Measurements published = explore::read_measurements(options.reference);
    const std::map<unsigned, double> memory = explore::read_memory(options.memory);
    check_names(options.only, published);
    make_store(options.store);
    const std::vector<RoutineJob> jobs = make_jobs(options, published);
    std::vector<PointJob> missing;
    for (const RoutineJob& job : jobs) {
        if (!job.point.stored()) {
            missing.push_back(job.point);
        }
    }
    if (options.steps != published_steps) {
        fmt::print(stderr, "partita: warning: the published cycles are those of {} steps, not of {}\n",
                   published_steps, options.steps);
    }
    fmt::print("{} runs: {} finished before, {} to do\n", jobs.size(), jobs.size() - missing.size(),
               missing.size());
    std::fflush(stdout);
    run_all("routine", missing, options.jobs);
    const explore::Comparisons comparisons = finished(jobs, published, memory);
    std::size_t found = 0;
    for (const auto& [name, list] : comparisons) {
        found += list.size();
    }
    const auto tables = explore::routine_tables(comparisons);
    print_tables(tables);
    write_json(options.json, explore::routine_json(comparisons));
    if (found != jobs.size()) {
        throw chip::ChipError(fmt::format(
            "{} of {} runs failed{}", jobs.size() - found, jobs.size(),
            options.markdown.empty() ? "" : fmt::format("; {} is left as it was", options.markdown)));
    }
    if (!options.markdown.empty()) {
        const std::string content = caption(options) + "\n" + explore::markdown(tables);
        data::write_file_atomically(
            options.markdown, explore::replace_tables(text_of(options.markdown), content, options.markdown));
    }
}

}  // namespace

void add_routine(CLI::App& app) {
    auto options = std::make_shared<RoutineOptions>();
    CLI::App* command = app.add_subcommand(
        "routine", "Simulate the training program on the published design points and compare with theirs");
    options->store = "build/routine";
    options->add_to(*command, "the published cycles", "all figures");
    command->add_option("--memory", options->memory, "the published memory [published/memory_mb.csv]");
    command
        ->add_option("--precision", options->precisions,
                     "bf16: the published chips; mixed: sums in FP32 [bf16 mixed]")
        ->check(CLI::IsMember({"bf16", "mixed"}));
    command->add_option("--steps", options->steps, "steps of a sequence, for a try [784]")
        ->check(CLI::PositiveNumber);
    command->add_option("--markdown", options->markdown,
                        "write the tables into this document, between its two marks");
    command->footer(
        "Examples:\n"
        "  partita routine --jobs 2 --markdown docs/routine.md\n"
        "  partita routine --only ms4-c1 ms4-c8 --precision bf16 --json routine.json");
    command->callback([options] { routine(*options); });
}

}  // namespace partita::cli
