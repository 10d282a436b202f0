#pragma once

// The simulator beside published measurements: the program `published`, function by function.

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace partita::explore {

struct Point {
    unsigned mesh = 0;
    unsigned cores = 0;
    unsigned parts = 0;

    // NOLINTNEXTLINE(modernize-use-nullptr): sees a pointer in what the compiler makes of it
    auto operator<=>(const Point&) const = default;
    std::string chip() const;  // "ms4-c1"
    std::string name() const;  // "ms4-c1-k28"
};

// Cycles by function; "total" is the sum of the listed classes.
using Cycles = std::map<std::string, std::uint64_t>;
using Measurements = std::map<Point, Cycles>;

// Reads `mesh,cores,parts,function,cycles`. Throws ChipError naming the line, or the point that has no
// "total".
Measurements read_measurements(const std::filesystem::path& path);

// Hart 0's cycles by region from a run record; "total" is the sum over `functions`. Throws ChipError if the
// record has no such region.
Cycles cycles_of(const nlohmann::ordered_json& record, const std::vector<std::string>& functions);

// The run record in a file, if it is one of this very program (its hash) on this very chip (its fingerprint);
// else nothing: such a run has to be done (again).
std::optional<nlohmann::ordered_json> stored_record(const std::filesystem::path& path,
                                                    const std::string& fingerprint,
                                                    const std::string& program_hash);

struct Error {
    double mean = 0;    // of the absolute relative errors
    double worst = 0;   // signed
    std::string where;  // the worst one's point
    std::size_t points = 0;
};

// By function, "total" among them, over the points that both have.
std::map<std::string, Error> errors(const Measurements& published, const Measurements& simulated);

}  // namespace partita::explore
