#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include "chip/config/chip.hpp"
#include "chip_program.hpp"
#include "commands.hpp"
#include "explore/design.hpp"
#include "options.hpp"
#include "output.hpp"
#include "partita/data/error.hpp"
#include "partita/learn/layout.hpp"

namespace partita::cli {
namespace {

struct PlanOptions {
    learn::Plan plan{.shape = {1, 128, 10}, .batch = 4, .steps = 784, .parts = 1};
    std::vector<std::uint32_t> parts;
    std::optional<std::uint32_t> buffers_of;
    bool no_regulariser = false;
    MachineOptions machine;
    bool one_precision = false;
    std::string chip;  // for its training program
    std::vector<std::string> settings;
    std::string title;

    std::string against;
    std::string json;
};

// A configuration of which the table has a column.
struct Column {
    std::string name;
    learn::Precision precision;
    learn::Tape tape;
    bool narrow_state;
};

std::vector<Column> columns(const PlanOptions& options) {
    using learn::Precision;
    using learn::Tape;
    std::vector<Column> all{{"fp32 full", Precision::fp32, Tape::full, false},
                            {"fp32 lean", Precision::fp32, Tape::lean, false},
                            {"fp32*", Precision::fp32, Tape::full, true},
                            {"mixed full", Precision::mixed, Tape::full, true},
                            {"mixed lean", Precision::mixed, Tape::lean, true},
                            {"bf16 full", Precision::bf16, Tape::full, true},
                            {"bf16 lean", Precision::bf16, Tape::lean, true}};
    if (options.one_precision) {
        std::erase_if(all, [&](const Column& c) { return c.precision != options.machine.precision; });
    }
    if (!options.chip.empty()) {  // whose program has no other tape, and e and d as wide as its elements
        std::erase_if(all, [](const Column& c) {
            return c.tape == Tape::lean || (c.precision == Precision::fp32 && c.narrow_state);
        });
    }
    return all;
}

std::vector<std::uint32_t> divisors(std::uint32_t steps) {
    std::vector<std::uint32_t> result;
    for (std::uint32_t k = 1; std::uint64_t{k} * k <= steps; ++k) {
        if (steps % k == 0) {
            result.push_back(k);
            if (k != steps / k) {
                result.push_back(steps / k);
            }
        }
    }
    std::ranges::sort(result);
    result.resize(std::min<std::size_t>(result.size(), 24));
    return result;
}

learn::Plan plan_of(const PlanOptions& options, const Column& column, std::uint32_t parts) {
    learn::Plan plan = options.plan;
    plan.parts = parts;
    plan.precision = column.precision;
    plan.tape = column.tape;
    plan.narrow_regulariser = column.narrow_state;
    plan.members = options.machine.threads;
    return plan;
}

// Published memory by parts: a CSV of `parts`, `fp32` and `bf16` in MiB.
struct Published {
    double fp32 = 0.0;
    double bf16 = 0.0;
};

std::map<std::uint32_t, Published> read_published(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw data::DataError(
            fmt::format("{} cannot be read; expected a CSV with the columns parts,fp32,bf16 (MiB)", path));
    }
    std::map<std::uint32_t, Published> result;
    std::string line;
    std::getline(file, line);
    if (!line.starts_with("parts,fp32,bf16")) {
        throw data::DataError(
            fmt::format("{}, line 1: found '{}', expected the columns parts,fp32,bf16", path, line));
    }
    for (std::size_t number = 2; std::getline(file, line); ++number) {
        std::istringstream fields(line);
        std::uint32_t parts = 0;
        Published row;
        char comma = 0;
        char comma2 = 0;
        if (!(fields >> parts >> comma >> row.fp32 >> comma2 >> row.bf16) || comma != ',' || comma2 != ',') {
            throw data::DataError(
                fmt::format("{}, line {}: found '{}', expected three numbers", path, number, line));
        }
        result[parts] = row;
    }
    return result;
}

void print_buffers(const PlanOptions& options) {
    learn::Plan plan = options.plan;
    plan.parts = *options.buffers_of;
    plan.precision = options.machine.precision;
    plan.tape = options.machine.tape;
    plan.narrow_regulariser = options.machine.narrow_state;
    plan.members = options.machine.threads;
    const learn::Layout layout = checked_layout(plan);
    Table table(
        {fmt::format("K = {}, {}, {} tape", plan.parts, learn::name(plan.precision), learn::name(plan.tape)),
         "offset", "bytes"});
    nlohmann::json buffers = nlohmann::json::array();
    for (std::size_t i = 0; i < learn::buffer_count; ++i) {
        const auto id = static_cast<learn::BufferId>(i);
        if (layout[id].size != 0) {
            table.add({learn::name(id), std::to_string(layout[id].offset), std::to_string(layout[id].size)});
            buffers.push_back(
                {{"name", learn::name(id)}, {"offset", layout[id].offset}, {"bytes", layout[id].size}});
        }
    }
    table.add({"total", "", std::to_string(layout.total)});
    fmt::print("{}", table.text());
    write_json(options.json, {{"command", "plan"}, {"total_bytes", layout.total}, {"buffers", buffers}});
}

// The plan of the program that `simulate` builds for the chip (firmware/train).
void plan_for_chip(PlanOptions& options) {
    const chip::config::Chip chip = chip::config::read_chip(options.chip, options.settings);
    check_elements("train", chip);
    const std::string precision = explore::precision_of(chip);
    options.one_precision = true;
    options.machine.precision = precision == "fp32"    ? learn::Precision::fp32
                                : precision == "mixed" ? learn::Precision::mixed
                                                       : learn::Precision::bf16;
    options.machine.threads = chip.soc.cores;
    options.plan.array_side = chip.gemmini.mesh_side;
    options.title = fmt::format("{}: ", chip.name);
}

void plan(const PlanOptions& given) {
    PlanOptions options = given;
    options.plan.regulariser = !options.no_regulariser;
    if (!options.chip.empty()) {
        plan_for_chip(options);
    }
    check_writable(options.json);
    checked_layout(options.plan);
    if (options.buffers_of) {
        print_buffers(options);
        return;
    }
    const auto published =
        options.against.empty() ? std::map<std::uint32_t, Published>{} : read_published(options.against);
    if (options.parts.empty()) {
        if (published.empty()) {
            options.parts = divisors(options.plan.steps);
        }
        for (const auto& [parts, row] : published) {
            options.parts.push_back(parts);
        }
    }
    std::vector<std::string> header{"K", "steps", "Gop"};
    for (const Column& column : columns(options)) {
        header.push_back(column.name);
    }
    Table table(header);
    nlohmann::json rows = nlohmann::json::array();
    for (const std::uint32_t parts : options.parts) {
        std::vector<std::string> row;
        for (const Column& column : columns(options)) {
            const learn::Plan one = plan_of(options, column, parts);
            const learn::Layout layout = checked_layout(one);
            const double gop = static_cast<double>(learn::operations(one).total()) * 1e-9;
            if (row.empty()) {
                row = {std::to_string(parts), std::to_string(learn::part_steps(one)),
                       fmt::format("{:.3f}", gop)};
            }
            const double mib = static_cast<double>(layout.total) / 1048576.0;
            nlohmann::json json{{"parts", parts},
                                {"steps_a_part", learn::part_steps(one)},
                                {"precision", learn::name(one.precision)},
                                {"tape", learn::name(one.tape)},
                                {"narrow_state", column.narrow_state},
                                {"bytes", layout.total},
                                {"operations", learn::operations(one).total()}};
            if (const auto found = published.find(parts); found != published.end()) {
                const double theirs =
                    one.precision == learn::Precision::fp32 ? found->second.fp32 : found->second.bf16;
                row.push_back(fmt::format("{:.3f} ({:.2f}x)", mib, mib / theirs));
                json["published_mib"] = theirs;
                json["share_of_published"] = mib / theirs;
            } else {
                row.push_back(fmt::format("{:.3f}", mib));
            }
            rows.push_back(json);
        }
        table.add(row);
    }
    const learn::Shape shape = options.plan.shape;
    fmt::print(
        "{}LSTM {} -> {}, linear {} -> {}, batch {}, {} steps, {} parameters; memory in MiB (2^20 bytes), "
        "everything included{}\n\n{}\n",
        options.title, shape.input, shape.hidden, shape.hidden, shape.classes, options.plan.batch,
        options.plan.steps, learn::parameter_count(shape),
        published.empty() ? "" : "; (share of the published FP32 figure for fp32, BF16 for mixed and bf16)",
        table.text());
    fmt::print(
        "  Gop: operations of one pass over a batch{}.\n",
        options.chip.empty() ? " with the first column's tape; lean computes the gates twice more" : "");
    if (std::ranges::find(header, "fp32*") != header.end()) {
        fmt::print("  fp32*: full tape, FPTT's e and d in BF16 (--narrow-state).\n");
    }
    write_json(options.json, {{"command", "plan"}, {"rows", rows}});
}

}  // namespace

void add_plan(CLI::App& app) {
    auto options = std::make_shared<PlanOptions>();
    CLI::App* command =
        app.add_subcommand("plan", "Memory and operations for a shape and every K, before anything runs");
    // Zero is left to the plan, which says what must not be zero.
    const CLI::Validator size = whole_from(0, UINT32_MAX);
    command->add_option("--input", options->plan.shape.input, "values a step [1]")->check(size);
    command->add_option("--hidden", options->plan.shape.hidden, "hidden units [128]")->check(size);
    command->add_option("--classes", options->plan.shape.classes, "classes [10]")->check(size);
    command->add_option("--batch", options->plan.batch, "sequences trained together [4]")->check(size);
    command->add_option("--steps", options->plan.steps, "steps of a sequence, T [784]")->check(size);
    command->add_option("-k,--parts", options->parts, "values of K [the divisors of T]")
        ->delimiter(',')
        ->check(size);
    options->machine.add_to(*command);
    command->get_option("--precision")->each([options](const std::string&) {
        options->one_precision = true;
    });
    CLI::Option* chip = command->add_option("--chip", options->chip,
                                            "the training program's plan for this chip, a file like "
                                            "chips/ms4-c1.toml, instead of a workstation's");
    for (const char* of_workstation :
         {"--precision", "--narrow-state", "--backend", "--array-side", "--threads"}) {
        chip->excludes(of_workstation);
    }
    add_settings(*command, options->settings);
    command->get_option("--set")->needs(chip);
    add_rule(*command, options->plan.rule);
    command->add_flag("--clipping", options->plan.clipping,
                      "room for gradient clipping: the whole gradient is kept");
    command->add_flag("--auxiliary", options->plan.auxiliary, "room for FPTT's auxiliary loss");
    command->add_flag("--no-regulariser", options->no_regulariser, "without FPTT's e and d");
    command->add_option("--buffers", options->buffers_of, "list every buffer for this K instead of the table")
        ->check(size);
    command->add_option("--against", options->against,
                        "a CSV parts,fp32,bf16 of memory in MiB to compare with");
    command->add_option("--json", options->json, "write the result to this file, for machines");
    command->footer(
        "Examples:\n"
        "  partita plan --hidden 128 --steps 784 --batch 4\n"
        "  partita plan --buffers 28 --precision mixed --tape lean\n"
        "  partita plan --chip chips/ms4-c1.toml --parts 1,7,28,56");
    command->callback([options] { plan(*options); });
}

}  // namespace partita::cli
