#include "explore/report/figures.hpp"

#include <set>

namespace partita::explore::report {

const char* name(Mark mark) {
    constexpr const char* names[] = {"bars", "lines", "dots"};
    return names[static_cast<std::size_t>(mark)];
}

const char* name(Scale scale) {
    constexpr const char* names[] = {"category", "linear", "logarithmic"};
    return names[static_cast<std::size_t>(scale)];
}

std::vector<Chart> charts(const Subjects& subjects, const Published& published) {
    std::vector<Chart> all;
    all.push_back(latency(subjects, published));
    all.push_back(memory(subjects, published));
    all.push_back(pareto_memory(subjects));
    all.push_back(pareto_resources(subjects, published));
    std::set<std::string> programs;
    for (const Subject& subject : subjects.runs) {
        if (!subject.regions.empty()) {
            programs.insert(subject.run.key.routine);
        }
    }
    programs.insert("published");
    for (const std::string& program : programs) {
        all.push_back(functions(subjects, published, program));
    }
    all.push_back(scaling(subjects, published));
    all.push_back(utilisation(subjects));
    all.push_back(compression_resources(subjects, published));
    all.push_back(compression_loss(subjects, published));
    all.push_back(compression_sequence(subjects, published));
    all.push_back(system_resources(subjects, published));
    all.push_back(validation(subjects, published));
    std::erase_if(all, [](const Chart& chart) { return chart.table.rows().empty(); });
    return all;
}

}  // namespace partita::explore::report
