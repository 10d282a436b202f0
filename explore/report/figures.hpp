#pragma once

// The figures of a report, one function each. A new one is a function here and a line in `charts`.

#include <string>
#include <vector>

#include "explore/report/chart.hpp"
#include "explore/report/published.hpp"
#include "explore/report/subject.hpp"

namespace partita::explore::report {

// All of them, in the order of the page; those without a row are left out.
std::vector<Chart> charts(const Subjects& subjects, const Published& published);

// Resources of the accelerator alone: FP32 as it comes, BF16 as the publication compressed it.
Chart compression_resources(const Subjects& subjects, const Published& published);
// Loss at the last step by K, in each precision.
Chart compression_loss(const Subjects& subjects, const Published& published);
// Loss at the end of each part of a sequence, as baselines have it.
Chart compression_sequence(const Subjects& subjects, const Published& published);
// Seconds of a pass by K, beside the publication's chips and other platforms.
Chart latency(const Subjects& subjects, const Published& published);
// Bytes set aside for training by K.
Chart memory(const Subjects& subjects, const Published& published);
// Resources of whole systems, as a share of the publication's FPGA.
Chart system_resources(const Subjects& subjects, const Published& published);
// Where the time of hart 0 went, in the runs of one program.
Chart functions(const Subjects& subjects, const Published& published, const std::string& program);
// Time with one core over time with more.
Chart scaling(const Subjects& subjects, const Published& published);
// Multiply-adds of real data over those that the array could have done in the time of the pass.
Chart utilisation(const Subjects& subjects);
// Latency against memory: which runs no other beats in both.
Chart pareto_memory(const Subjects& subjects);
// Latency against the logic that the chip takes, where that is known.
Chart pareto_resources(const Subjects& subjects, const Published& published);
// The program `published` on the published chips: cycles of each function beside what was measured.
Chart validation(const Subjects& subjects, const Published& published);

}  // namespace partita::explore::report
