#include "explore/report/subject.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <tuple>

#include "chip/trace/record.hpp"

namespace partita::explore::report {
namespace {

// "ms4-c1 + soc.cores=2 + gemmini.input_type=fp32" without the last, which is a column of its own.
std::string short_name(const std::string& name) {
    std::string result;
    std::size_t from = 0;
    constexpr std::string_view separator = " + ";
    for (;;) {
        const std::size_t end = name.find(separator, from);
        const std::string part = name.substr(from, end - from);
        const bool chooses_precision = part.starts_with("gemmini.input_type=") ||
                                       part.starts_with("gemmini.spatial_array_type=") ||
                                       part.starts_with("gemmini.accumulator_type=");
        if (!chooses_precision) {
            result += (result.empty() ? "" : std::string(separator)) + part;
        }
        if (end == std::string::npos) {
            return result;
        }
        from = end + separator.size();
    }
}

// Both programs print the cross-entropy at the last step: `published` its sum over the sequences, `train`
// each sequence's and then "loss sum".
std::optional<double> loss_of(const nlohmann::ordered_json& record) {
    if (!record.is_object() || !record.contains("console")) {
        return std::nullopt;
    }
    std::optional<double> loss;
    std::istringstream console(record.at("console").get<std::string>());
    std::string line;
    while (std::getline(console, line)) {
        if (line.starts_with("loss ")) {
            const char* text = line.c_str() + line.rfind(' ') + 1;
            char* end = nullptr;
            const double value = std::strtod(text, &end);
            loss = end == text ? loss : value;
        }
    }
    return loss;
}

std::vector<double> losses_of(const nlohmann::ordered_json& record) {
    return record.is_object() && record.contains("losses") ? record.at("losses").get<std::vector<double>>()
                                                           : std::vector<double>();
}

void take_pass(Subject& subject) {
    const RunResult& result = subject.run.result;
    for (const RegionTime& region : subject.regions) {
        subject.pass_cycles += region.region == chip::trace::outside ? 0 : region.cycles;
    }
    if (subject.pass_cycles == 0 || subject.run.machine.clock_hz == 0) {
        subject.pass_cycles = result.cycles.value_or(0);
        subject.pass_seconds = result.seconds;
        return;
    }
    subject.pass_seconds =
        static_cast<double>(subject.pass_cycles) / static_cast<double>(subject.run.machine.clock_hz);
}

// Done runs that differ from a later one in the program's version or the method alone.
std::set<std::int64_t> older_of_equals(const std::vector<Run>& runs) {
    std::map<std::string, std::int64_t> newest;
    std::set<std::int64_t> older;
    for (const Run& run : runs) {
        if (run.status != Status::done) {
            continue;
        }
        const RunKey& key = run.key;
        const auto same =
            fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}", key.platform, key.chip_fingerprint,
                        key.routine, key.input, key.hidden, key.classes, key.batch, key.steps, key.parts,
                        key.precision, key.tape, key.data_digest);
        const auto [at, is_new] = newest.emplace(same, run.id);
        if (!is_new) {
            older.insert(at->second);
            at->second = run.id;
        }
    }
    return older;
}

void take_synthesis(const Run& run, const nlohmann::ordered_json& record, Subjects& all) {
    if (!record.is_object()) {
        return;
    }
    const bool with_dsps = run.key.data_digest == "dsp";
    const auto resources = [&](const char* of) -> Resources {
        const auto& found = record.at(of);
        return {found.value("lut", 0.0), found.value("register", 0.0), found.value("bram36", 0.0),
                found.value("dsp", 0.0)};
    };
    if (record.contains("accelerator")) {
        all.synthesised_accelerators.push_back({run.key.precision + (with_dsps ? ", DSPs" : ""),
                                                run.machine.mesh_side, resources("accelerator")});
    }
    // Systems are compared without DSPs in the mesh.
    if (record.contains("resources") && !with_dsps) {
        all.synthesised.push_back({run.machine.mesh_side, run.machine.cores, resources("resources")});
    }
}

}  // namespace

const char* Subject::source() const {
    return !is_of_chip() ? "measured" : run.result.exact ? "simulated" : "estimated";
}

std::string Subjects::first_workload() const {
    std::map<std::string, std::size_t> counts;
    for (const Subject& subject : runs) {
        ++counts[subject.workload];
    }
    if (counts.empty() || counts.contains(published_workload)) {
        return published_workload;
    }
    return std::ranges::max_element(counts, {}, &std::pair<const std::string, std::size_t>::second)->first;
}

Subjects gather(RunStore& store, const CommandOf& command_of) {
    Subjects all;
    const std::map<std::int64_t, std::string> requests = store.requests();
    std::map<std::int64_t, std::vector<RegionTime>> regions = store.all_regions(0);
    std::set<std::tuple<std::string, std::string, std::string, std::uint32_t, std::uint32_t, std::string>>
        with_loss;
    std::vector<Run> runs = store.runs();
    const std::set<std::int64_t> superseded = older_of_equals(runs);
    for (Run& run : runs) {
        if (run.status == Status::failed) {
            ++all.failed;
        } else if (run.status != Status::done) {
            ++all.unfinished;
        }
        if (run.status != Status::done || superseded.contains(run.id)) {
            continue;
        }
        if (run.key.platform == "synth") {
            take_synthesis(run, store.record(run.id), all);
            continue;
        }
        const RunKey& key = run.key;
        Subject subject;
        const bool is_of_chip = key.platform == "chip";
        subject.chip = is_of_chip ? short_name(run.machine.name)
                                  : fmt::format("{} {}, {}", key.routine, key.precision, run.machine.name);
        subject.workload = fmt::format("T={} batch={} hidden={}", key.steps, key.batch, key.hidden);
        if (const auto request = requests.find(run.id); request != requests.end()) {
            subject.command = command_of(run, request->second);
        }
        subject.regions = std::move(regions[run.id]);
        const bool is_first = with_loss
                                  .emplace(subject.workload, key.precision, key.routine,
                                           run.machine.mesh_side, key.parts, key.data_digest)
                                  .second;
        if (!is_of_chip) {
            subject.losses = losses_of(store.record(run.id));
        } else if (is_first && run.result.exact) {
            subject.loss = loss_of(store.record(run.id));
        }
        subject.run = std::move(run);
        take_pass(subject);
        all.runs.push_back(std::move(subject));
    }
    return all;
}

std::vector<Cell> run_cells(const Subject& subject) {
    const Run& run = subject.run;
    // Other machines have no array, and threads are no cores of a chip.
    const bool is_of_chip = subject.is_of_chip();
    return {subject.source(),
            run.key.routine,
            subject.chip,
            is_of_chip ? Cell(run.machine.mesh_side) : Cell(),
            is_of_chip ? Cell(run.machine.cores) : Cell(),
            run.key.precision,
            subject.workload,
            run.key.parts};
}

std::vector<Cell> published_cells(const char* source, const Point& point, const char* precision) {
    const auto given = [](unsigned value) { return value == 0 ? Cell() : Cell(value); };
    return {source,
            "published",
            point.mesh == 0 ? Cell() : Cell(point.chip()),
            given(point.mesh),
            given(point.cores),
            precision,
            published_workload,
            given(point.parts)};
}

std::vector<std::string> columns_with(const std::vector<std::string>& more) {
    std::vector<std::string> columns = run_columns;
    columns.insert(columns.end(), more.begin(), more.end());
    return columns;
}

std::vector<Cell> cells_with(std::vector<Cell> first, const std::vector<Cell>& more) {
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

}  // namespace partita::explore::report
