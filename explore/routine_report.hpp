#pragma once

// What comparisons of the training program with the published one look like: tables for people, JSON for
// machines, and the part of a Markdown document that holds the tables.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "explore/routine.hpp"

namespace partita::explore {

struct TextTable {
    std::string title;
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
};

// By precision ("bf16", "mixed"); none of the lists is empty.
using Comparisons = std::map<std::string, std::vector<Comparison>>;

// A summary; for each precision every point, and the array's utilisation there; the speed-up by eight cores.
std::vector<TextTable> routine_tables(const Comparisons& comparisons);
nlohmann::ordered_json routine_json(const Comparisons& comparisons);

std::string markdown(const std::vector<TextTable>& tables);

inline constexpr std::string_view tables_begin = "<!-- ./dev routine --markdown writes from here -->";
inline constexpr std::string_view tables_end = "<!-- to here -->";

// `document` with `content` between the lines tables_begin and tables_end, in place of what was there. Throws
// ChipError naming the file if it does not have each of them once, in this order.
std::string replace_tables(const std::string& document, const std::string& content, const std::string& file);

}  // namespace partita::explore
