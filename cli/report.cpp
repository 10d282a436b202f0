#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "chip/base/error.hpp"
#include "commands.hpp"
#include "explore/report/drawing.hpp"
#include "explore/report/figures.hpp"
#include "explore/report/page.hpp"
#include "options.hpp"
#include "partita/data/atomic_file.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;
namespace report = explore::report;
using chip::ChipError;

struct ReportOptions {
    std::string store = "build/explore.sqlite";
    std::string folder = "build/report";
    std::string published = PARTITA_SOURCE "/published";
};

// As short as it can be said from here.
std::string path_from_here(const std::string& path) {
    std::error_code error;
    const std::string relative = fs::proximate(path, error).string();
    return error || relative.starts_with("..") ? path : relative;
}

std::string quoted(const std::string& word) {
    return word.find_first_of(" \"'$&;()<>|*?\\") == std::string::npos ? word : "'" + word + "'";
}

// The command that simulates a run again, from the request that a sweep made it by. Empty if it is not of
// this form, as those of baselines.
std::string command_of(const explore::Run& run, const std::string& request) {
    const auto json = nlohmann::json::parse(request, nullptr, false);
    if (!json.is_object() || run.key.platform != "chip") {
        return "";
    }
    try {
        std::string command = fmt::format("partita simulate --chip {}",
                                          quoted(path_from_here(json.at("chip_file").get<std::string>())));
        for (const auto& setting : json.at("settings")) {
            command += " --set " + quoted(setting.get<std::string>());
        }
        command += fmt::format(" --program {} --parts {} --steps {} --batch {}", run.key.routine,
                               run.key.parts, run.key.steps, run.key.batch);
        if (json.at("hidden").get<std::uint32_t>() != 0) {
            command += fmt::format(" --hidden {}", run.key.hidden);
        }
        if (!run.key.tape.empty() && run.key.tape != "full") {
            command += fmt::format(" --tape {}", run.key.tape);
        }
        for (const char* file : {"model", "samples"}) {
            if (const std::string name = json.at(file); !name.empty()) {
                command += fmt::format(" --{} {}", file, quoted(path_from_here(name)));
            }
        }
        return command;
    } catch (const nlohmann::json::exception&) {
        return "";
    }
}

void check_store(const std::string& path) {
    std::error_code error;
    if (!fs::exists(path, error)) {
        throw ChipError(
            fmt::format("there is no store of runs {}; partita explore --store {} makes one", path, path));
    }
    if (!fs::is_regular_file(path, error)) {
        throw ChipError(fmt::format("{} is no store of runs: it is not a file", path));
    }
    if (fs::file_size(path, error) == 0) {
        throw ChipError(fmt::format("{} is no store of runs: it is empty", path));
    }
}

void make_folder(const std::string& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error || !fs::is_directory(folder)) {
        throw ChipError(fmt::format("the report's folder {} cannot be made: {}", folder,
                                    error ? error.message() : "there is a file of that name"));
    }
}

void write_report(const ReportOptions& options) {
    if (!report::page_is_built()) {
        throw ChipError(
            "this partita was built without the report's page, whose libraries were not there; ./dev setup "
            "report "
            "and then ./dev build bring it");
    }
    check_store(options.store);
    const report::Published published = report::read_published(options.published);
    explore::RunStore store(options.store);
    const report::Subjects subjects = report::gather(store, command_of);
    if (subjects.empty()) {
        throw ChipError(
            fmt::format("the store of runs {} has no finished run to report ({} failed, {} not finished)",
                        options.store, subjects.failed, subjects.unfinished));
    }
    const std::vector<report::Chart> charts = report::charts(subjects, published);
    const std::string page = report::page(subjects, charts);
    make_folder(options.folder);
    const fs::path folder = options.folder;
    for (const report::Chart& chart : charts) {
        data::write_file_atomically(folder / (chart.name + ".csv"), chart.table.csv());
        data::write_file_atomically(folder / (chart.name + ".svg"),
                                    report::draw(chart, subjects.first_workload()));
    }
    data::write_file_atomically(folder / "index.html", page);
    fmt::print("{}\nThe report is {}; beside it each of its {} figures as CSV and SVG.\n",
               report::summary_of(subjects), (folder / "index.html").string(), charts.size());
}

}  // namespace

void add_report(CLI::App& app) {
    auto options = std::make_shared<ReportOptions>();
    CLI::App* command = app.add_subcommand(
        "report", "Draw what a store of runs shows: one HTML page, and each figure as CSV and SVG");
    command->add_option("store", options->store,
                        "the file that `explore` keeps runs in [build/explore.sqlite]");
    command->add_option("--out", options->folder, "folder of the report [build/report]");
    command->add_option("--published", options->published,
                        "folder of the published tables to draw beside the runs [the project's]");
    command->footer(
        "Examples:\n"
        "  partita report\n"
        "  partita report build/reproduce.sqlite --out build/reproduce");
    command->callback([options] { write_report(*options); });
}

}  // namespace partita::cli
