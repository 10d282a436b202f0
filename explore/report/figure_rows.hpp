#pragma once

// What several figures put in their rows.

#include <cstddef>
#include <string>
#include <vector>

#include "explore/report/subject.hpp"

namespace partita::explore::report {

// "ms4-c1, train, K = 28, bf16"
std::string run_label(const Subject& subject);

// "ms4-c1, published, K = 28"
std::string published_label(const Point& point);

// "ms4-c1" without its cores: what stays the same when they are varied.
std::string chip_family(const std::string& chip);

// For each, whether no other is at most as large in every measure and smaller in one. All have equally many
// measures.
std::vector<bool> undominated(const std::vector<std::vector<double>>& measures);

// Of the chip: what its RTL takes by `synth`, else what was published for this mesh side and these cores in
// BF16; null if neither is known, or the chip has settings of its own.
const Resources* resources_of(const Subject& subject, const Subjects& subjects, const Published& published);

}  // namespace partita::explore::report
