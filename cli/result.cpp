#include "result.hpp"

#include <fmt/format.h>

#include <cmath>

#include "output.hpp"
#include "partita/runner/cost.hpp"

namespace partita::cli {
namespace {

// The runs of one K.
std::vector<std::span<const RunResult>> by_parts(std::span<const RunResult> results, std::uint32_t seeds) {
    std::vector<std::span<const RunResult>> groups;
    for (std::size_t first = 0; first < results.size(); first += seeds) {
        groups.push_back(results.subspan(first, std::min<std::size_t>(seeds, results.size() - first)));
    }
    return groups;
}

template <typename Value>
double mean(std::span<const RunResult> runs, const Value& value) {
    double sum = 0.0;
    for (const RunResult& run : runs) {
        sum += static_cast<double>(value(run));
    }
    return sum / static_cast<double>(runs.size());
}

std::string percent(double share) {
    return fmt::format("{:.1f} %", 100.0 * share);
}

std::string parts_text(const learn::Plan& plan) {
    const std::uint32_t made = learn::part_count(plan);
    const std::string name = plan.parts == 1 ? "BPTT (1)" : fmt::format("FPTT-{}", plan.parts);
    return made == plan.parts ? name : fmt::format("{} ({} parts)", name, made);
}

nlohmann::json functions_json(const RunResult& result) {
    nlohmann::json json = nlohmann::json::array();
    for (std::size_t i = 0; i < learn::function_count; ++i) {
        const auto function = static_cast<learn::Function>(i);
        const runner::Cost cost = runner::cost(result.plan, function);
        json.push_back({{"function", learn::name(function)},
                        {"calls", result.profile.calls[i]},
                        {"seconds", static_cast<double>(result.profile.ticks[i]) * 1e-9},
                        {"operations", cost.operations * result.batches},
                        {"bytes", cost.bytes * result.batches}});
    }
    return json;
}

std::string comparison_text(const ExperimentSetup& setup, std::span<const RunResult> results) {
    std::vector<std::string> header{"",         "learning rate",    "planned", "peak resident",
                                    "training", "last batch's loss"};
    for (const HeldOut& held_out : setup.held_out) {
        header.push_back(held_out.name + ": before");
        header.emplace_back("after");
    }
    Table table(header);
    for (const auto& runs : by_parts(results, setup.training.seeds)) {
        const RunResult& first = runs.front();
        std::vector<std::string> row{
            parts_text(first.plan),
            fmt::format("{:g}", first.learning_rate),
            mebibytes(first.planned_bytes),
            mebibytes(static_cast<std::size_t>(mean(runs, [](const RunResult& r) { return r.peak_bytes; }))),
            duration(mean(runs, [](const RunResult& r) { return r.seconds; })),
            fmt::format("{:.6f}",
                        mean(runs, [](const RunResult& r) { return r.last_epoch.last_batch_loss; }))};
        for (std::size_t i = 0; i < setup.held_out.size() && first.end == runner::TrainingEnd::finished;
             ++i) {
            row.push_back(percent(mean(runs, [i](const RunResult& r) { return r.before[i].accuracy(); })));
            row.push_back(percent(mean(runs, [i](const RunResult& r) { return r.after[i].accuracy(); })));
        }
        table.add(row);
    }
    std::string text = table.text();
    if (setup.training.seeds > 1) {
        text += fmt::format("  means of {} seeds\n", setup.training.seeds);
    }
    return text;
}

std::string functions_text(const RunResult& result) {
    double total = 0.0;
    for (const std::uint64_t ticks : result.profile.ticks) {
        total += static_cast<double>(ticks) * 1e-9;
    }
    Table table({fmt::format("{}, {}{}, {}", parts_text(result.plan), learn::name(result.plan.precision),
                             result.plan.rounding == learn::Rounding::stochastic ? " stochastic" : "",
                             result.backend),
                 "time", "share", "Gop", "Gop/s", "GB", "GB/s"});
    runner::Cost all;
    const auto add = [&](const std::string& name, double seconds, runner::Cost cost) {
        const double operations =
            static_cast<double>(cost.operations) * static_cast<double>(result.batches) * 1e-9;
        const double bytes = static_cast<double>(cost.bytes) * static_cast<double>(result.batches) * 1e-9;
        const auto rate = [&](double amount) {
            return seconds > 0.0 && amount > 0.0 ? fmt::format("{:.1f}", amount / seconds) : std::string("-");
        };
        table.add({name, duration(seconds), total > 0.0 ? percent(seconds / total) : "-",
                   fmt::format("{:.3f}", operations), rate(operations), fmt::format("{:.3f}", bytes),
                   rate(bytes)});
    };
    for (std::size_t i = 0; i < learn::function_count; ++i) {
        const auto function = static_cast<learn::Function>(i);
        if (result.profile.calls[i] == 0) {
            continue;
        }
        const runner::Cost cost = runner::cost(result.plan, function);
        all.operations += cost.operations;
        all.bytes += cost.bytes;
        add(learn::name(function), static_cast<double>(result.profile.ticks[i]) * 1e-9, cost);
    }
    add("all", total, all);
    return table.text();
}

}  // namespace

std::string results_text(const ExperimentSetup& setup, std::span<const RunResult> results) {
    std::string text = comparison_text(setup, results);
    for (std::size_t i = 0; i < results.size(); i += setup.training.seeds) {
        text += "\n" + functions_text(results[i]);
    }
    return text;
}

nlohmann::json results_json(const ExperimentSetup& setup, std::span<const RunResult> results) {
    nlohmann::json json = nlohmann::json::array();
    for (const RunResult& run : results) {
        nlohmann::json held_out = nlohmann::json::object();
        for (std::size_t i = 0; i < run.after.size(); ++i) {
            held_out[setup.held_out[i].name] = {{"sequences", run.after[i].count},
                                                {"accuracy_before", run.before[i].accuracy()},
                                                {"accuracy_after", run.after[i].accuracy()},
                                                {"loss_before", run.before[i].loss},
                                                {"loss_after", run.after[i].loss}};
        }
        json.push_back({{"parts", run.plan.parts},
                        {"parts_made", learn::part_count(run.plan)},
                        {"precision", learn::name(run.plan.precision)},
                        {"rounding", learn::name(run.plan.rounding)},
                        {"tape", learn::name(run.plan.tape)},
                        {"rule", learn::name(run.plan.rule)},
                        {"threads", run.plan.members},
                        {"backend", run.backend},
                        {"batch", run.plan.batch},
                        {"steps", run.plan.steps},
                        {"learning_rate", run.learning_rate},
                        {"seed", run.seed},
                        {"planned_bytes", run.planned_bytes},
                        {"peak_resident_bytes", run.peak_bytes},
                        {"training_seconds", run.seconds},
                        {"batches", run.batches},
                        {"last_epoch_mean_loss", run.last_epoch.mean_loss()},
                        {"last_batch_loss_sum", run.last_epoch.last_batch_loss},
                        {"finished", run.end == runner::TrainingEnd::finished},
                        {"held_out", held_out},
                        {"functions", functions_json(run)}});
    }
    return json;
}

}  // namespace partita::cli
