#pragma once

// The report as one HTML file that needs nothing else: style, libraries, script and data are in it.

#include <string>
#include <vector>

#include "explore/report/chart.hpp"
#include "explore/report/subject.hpp"

namespace partita::explore::report {

// False in a build that had not the page's libraries (`./dev setup report` brings them); it can write no
// page.
bool page_is_built();

// "96 runs on 8 chips, ..."
std::string summary_of(const Subjects& subjects);

// What the page's script reads: {"summary", "workload", "references": [platforms that are no chips], "texts":
// [...], "charts": [{..., "table": {column: [numbers] or
// {"at": [indices in texts]}}}]}. Texts of all tables stand there once.
nlohmann::ordered_json page_data(const Subjects& subjects, const std::vector<Chart>& charts);

// Throws std::logic_error if the page is not built.
std::string page(const Subjects& subjects, const std::vector<Chart>& charts);

}  // namespace partita::explore::report
