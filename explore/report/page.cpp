#include "explore/report/page.hpp"

#include <fmt/format.h>

#include <set>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "explore/report/page_parts.hpp"
#include "explore/report/selection.hpp"

namespace partita::explore::report {
namespace {

using nlohmann::ordered_json;

// Replaces the one place of the mark.
void fill(std::string& text, std::string_view mark, std::string_view content) {
    const std::size_t at = text.find(mark);
    if (at == std::string::npos) {
        throw std::logic_error(fmt::format("the report's page has no place for {}", mark));
    }
    text.replace(at, mark.size(), content);
}

// Within a script element no text may look like the element's end or like a comment's begin.
std::string for_script_element(const ordered_json& json) {
    std::string text = json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (c == '<') {
            result += "\\u003c";
        } else {
            result += c;
        }
    }
    return result;
}

ordered_json axis_json(const Axis& axis) {
    return {{"column", axis.column}, {"label", axis.label}, {"scale", name(axis.scale)}};
}

// Texts of all tables, each once.
class Texts {
  public:
    std::size_t index(const std::string& text) {
        const auto [at, is_new] = known_.emplace(text, known_.size());
        if (is_new) {
            all_.push_back(text);
        }
        return at->second;
    }
    ordered_json take() { return std::move(all_); }

  private:
    std::unordered_map<std::string, std::size_t> known_;
    ordered_json all_ = ordered_json::array();
};

}  // namespace

bool page_is_built() {
    return !page_parts::libraries().empty();
}

std::string summary_of(const Subjects& subjects) {
    std::set<std::string> chips;
    std::set<std::string> workloads;
    std::size_t estimated = 0;
    std::size_t measured = 0;
    for (const Subject& subject : subjects.runs) {
        if (subject.is_of_chip()) {
            chips.insert(subject.chip);
        } else {
            ++measured;
        }
        workloads.insert(subject.workload);
        estimated += subject.run.result.exact ? 0 : 1;
    }
    const auto counted = [](std::size_t count, std::string_view noun) {
        return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
    };
    std::string text = fmt::format("{} on {}, {}", counted(subjects.runs.size() - measured, "run"),
                                   counted(chips.size(), "chip"), counted(workloads.size(), "workload"));
    if (estimated != 0) {
        text += fmt::format("; {} estimated, drawn as diamonds", estimated);
    }
    if (measured != 0) {
        text += fmt::format("; {} measured on other machines", measured);
    }
    if (!subjects.synthesised_accelerators.empty()) {
        text +=
            fmt::format("; {} synthesised", counted(subjects.synthesised_accelerators.size(), "accelerator"));
    }
    if (subjects.failed != 0) {
        text += fmt::format("; {} failed", subjects.failed);
    }
    if (subjects.unfinished != 0) {
        text += fmt::format("; {} not finished", subjects.unfinished);
    }
    return text + ".";
}

ordered_json page_data(const Subjects& subjects, const std::vector<Chart>& charts) {
    Texts texts;
    std::set<std::string> references;
    ordered_json drawn = ordered_json::array();
    for (const Chart& chart : charts) {
        for (std::size_t row = 0; chart.name == "latency" && row < chart.table.rows().size(); ++row) {
            if (is_elsewhere(chart.table.at(row, "source").text())) {
                references.insert(chart.table.at(row, "chip").text());
            }
        }
        drawn.push_back(
            {{"name", chart.name},
             {"title", chart.title},
             {"sentence", chart.sentence},
             {"mark", name(chart.mark)},
             {"x", axis_json(chart.x)},
             {"y", axis_json(chart.y)},
             {"colour", chart.colour},
             {"colour_label", chart.colour_label},
             {"panel", chart.panel},
             {"panel_label", chart.panel_label},
             {"row", chart.row},
             {"row_label", chart.row_label},
             {"line", chart.line},
             {"front", chart.front},
             {"proportional", chart.proportional},
             {"table", chart.table.json([&](const std::string& text) { return texts.index(text); })}});
    }
    return {{"summary", summary_of(subjects)},
            {"workload", subjects.first_workload()},
            {"references", references},
            {"texts", texts.take()},
            {"charts", std::move(drawn)}};
}

std::string page(const Subjects& subjects, const std::vector<Chart>& charts) {
    if (!page_is_built()) {
        throw std::logic_error("the report's page is not built");
    }
    std::string text(page_parts::page());
    // The data last, so that nothing in them is taken for a mark.
    fill(text, "@style@", page_parts::style());
    fill(text, "@libraries@", page_parts::libraries());
    fill(text, "@script@", page_parts::script());
    fill(text, "@data@", for_script_element(page_data(subjects, charts)));
    return text;
}

}  // namespace partita::explore::report
