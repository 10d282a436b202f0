#pragma once

// Simulations of the published design points, each a process of its own, with its run record kept in a folder
// so that it is not repeated.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "chip_program.hpp"
#include "explore/validation.hpp"

namespace partita::cli {

// What commands that simulate design points have in common.
struct PointOptions {
    std::string chips = "chips";
    std::string reference = "published/cycles.csv";
    std::string store;
    std::string model;
    std::string samples;
    std::vector<std::string> settings;
    std::vector<std::string> only;
    std::uint32_t jobs = 1;
    std::string json;

    // `cycles` and `result` say what --reference holds and what --json gets.
    void add_to(CLI::App& app, const std::string& cycles, const std::string& result);
};

struct PointJob {
    explore::Point point;
    std::string name;  // what it is called where it fails
    std::filesystem::path elf;
    std::string chip_file;
    std::vector<std::string> settings;
    std::filesystem::path record;
    std::string fingerprint;
    std::string program_hash;
    std::uint64_t expected = 0;  // what it may cost compared with the others

    // The record, if this very program has run on this very chip.
    std::optional<nlohmann::ordered_json> stored() const;
};

// Builds the point's program, as `program` says, for its chip in the folder `chips`.
PointJob make_job(const explore::Point& point, ChipProgramOptions program, const std::string& chips,
                  std::filesystem::path record);

// Runs the jobs, so many at a time, longest first. A job that fails does not stop the others; returns how
// many did. `title` is the progress bar's.
std::size_t run_all(const std::string& title, std::vector<PointJob> jobs, std::uint32_t at_a_time);

// True if `only` is empty or has the point's name or that of its chip.
bool chosen(const std::vector<std::string>& only, const explore::Point& point);
// Throws UsageError for a name that is of no measured point or chip.
void check_names(const std::vector<std::string>& only, const explore::Measurements& published);
// Makes the folder for run records, or throws ChipError.
void make_store(const std::string& path);

}  // namespace partita::cli
