#include "rtl/netlist.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "chip/base/error.hpp"

namespace partita::rtl {

namespace {

using Json = nlohmann::json;

// LUTs of which memories are made (AMD UG574), by the name of the cell.
constexpr std::array<std::pair<std::string_view, unsigned>, 14> memory_cells{{{"SRL16E", 1},
                                                                              {"SRLC16E", 1},
                                                                              {"SRLC32E", 1},
                                                                              {"RAM32X1S", 1},
                                                                              {"RAM32X1D", 2},
                                                                              {"RAM64X1S", 1},
                                                                              {"RAM64X1D", 2},
                                                                              {"RAM128X1S", 2},
                                                                              {"RAM128X1D", 4},
                                                                              {"RAM256X1S", 4},
                                                                              {"RAM32M", 4},
                                                                              {"RAM64M", 4},
                                                                              {"RAM32M16", 8},
                                                                              {"RAM64M8", 8}}};

std::optional<unsigned> memory_luts(std::string_view type) {
    const auto found = std::ranges::find(memory_cells, type, &std::pair<std::string_view, unsigned>::first);
    return found == memory_cells.end() ? std::nullopt : std::optional(found->second);
}

// LUT1 to LUT6, and what inverts a signal on its way to something else.
bool is_lut(std::string_view type) {
    return type == "INV" || (type.size() == 4 && type.starts_with("LUT"));
}
// Whatever Yosys leaves beside logic: constants and buffers take nothing.
bool is_free(std::string_view type) {
    return type == "GND" || type == "VCC" || type == "BUFG" || type == "IBUF" || type == "OBUF";
}
bool is_wide_multiplexer(std::string_view type) {
    return type == "MUXF7" || type == "MUXF8" || type == "MUXF9";
}

Resources resources_of_cell(const std::string& type) {
    Resources one;
    if (is_lut(type)) {
        one.logic_luts = 1;
    } else if (const auto luts = memory_luts(type)) {
        one.memory_luts = *luts;
    } else if (type.starts_with("FD") || type.starts_with("LD")) {
        one.registers = 1;
    } else if (type == "CARRY4") {
        one.carry = 1;
    } else if (type.starts_with("DSP48")) {
        one.dsp = 1;
    } else if (type.starts_with("RAMB36")) {
        one.bram36 = 1;
    } else if (type.starts_with("RAMB18")) {
        one.bram36 = 0.5;
    } else if (type.starts_with("URAM")) {
        one.uram = 1;
    } else if (!is_free(type) && !is_wide_multiplexer(type)) {
        throw chip::ChipError(
            fmt::format("reading the netlist: it has a cell {}, which is not known to be anything", type));
    }
    return one;
}

// "\\mesh" of a module with parameters, whose own name is a digest of them.
std::string plain_name(const std::string& name, const Json& attributes) {
    std::string plain = attributes.value("hdlname", name);
    if (plain.starts_with("$paramod")) {
        plain = plain.substr(plain.find('\\') + 1);
        plain = plain.substr(0, plain.find('\\'));
    }
    return plain.starts_with('\\') ? plain.substr(1) : plain;
}

}  // namespace

struct Netlist::Module {
    struct Cell {
        std::string name, type;
        // By port: the nets of its bits; constants are -1.
        std::vector<std::pair<std::string, std::vector<int>>> inputs, outputs;
    };
    std::string name;
    std::vector<Cell> cells;
    std::unordered_map<int, std::string> net_names;
};

Resources& Resources::operator+=(const Resources& other) {
    logic_luts += other.logic_luts;
    memory_luts += other.memory_luts;
    registers += other.registers;
    carry += other.carry;
    dsp += other.dsp;
    bram36 += other.bram36;
    uram += other.uram;
    return *this;
}

Netlist::Netlist(Netlist&&) noexcept = default;
Netlist::~Netlist() = default;

Netlist::Netlist(std::string_view json, const std::string& top) : top_(top) {
    const auto nets_of = [](const Json& bits) {
        std::vector<int> nets;
        for (const Json& bit : bits) {
            nets.push_back(bit.is_number() ? bit.get<int>() : -1);
        }
        return nets;
    };
    try {
        const Json document = Json::parse(json);
        for (const auto& [name, content] : document.at("modules").items()) {
            const Json& attributes = content.at("attributes");
            if (attributes.contains("blackbox") || attributes.contains("whitebox")) {
                continue;
            }
            Module& module = modules_[name];
            module.name = plain_name(name, attributes);
            for (const auto& [cell_name, cell] : content.at("cells").items()) {
                Module::Cell& made = module.cells.emplace_back();
                made.name = cell_name;
                made.type = cell.at("type").get<std::string>();
                for (const auto& [port, direction] : cell.at("port_directions").items()) {
                    auto& side = direction == "output" ? made.outputs : made.inputs;
                    side.emplace_back(port, nets_of(cell.at("connections").at(port)));
                }
            }
            for (const auto& [net, description] : content.at("netnames").items()) {
                const std::vector<int> nets = nets_of(description.at("bits"));
                for (std::size_t bit = 0; bit < nets.size(); ++bit) {
                    if (description.at("hide_name") == 0) {
                        module.net_names.emplace(nets[bit], fmt::format("{}[{}]", net, bit));
                    }
                }
            }
        }
    } catch (const Json::exception& error) {
        throw chip::ChipError(fmt::format("reading the netlist that Yosys wrote: {}", error.what()));
    }
    if (!modules_.contains(top)) {
        throw chip::ChipError(fmt::format("reading the netlist that Yosys wrote: it has no module {}", top));
    }
}

const Resources& Netlist::resources_of(const std::string& module) const {
    if (const auto found = counted_.find(module); found != counted_.end()) {
        return found->second;
    }
    Resources sum;
    for (const Module::Cell& cell : modules_.at(module).cells) {
        sum += modules_.contains(cell.type) ? resources_of(cell.type) : resources_of_cell(cell.type);
    }
    return counted_.emplace(module, sum).first->second;
}

void Netlist::add_blocks(const Module& module, const Block& block, unsigned levels,
                         std::vector<Block>& blocks) const {
    blocks.push_back(block);
    if (block.level == levels) {
        return;
    }
    for (const Module::Cell& cell : module.cells) {
        if (const auto inside = modules_.find(cell.type); inside != modules_.end()) {
            const std::string name = block.name.empty() ? cell.name : block.name + "." + cell.name;
            add_blocks(inside->second, {name, inside->second.name, block.level + 1, resources_of(cell.type)},
                       levels, blocks);
        }
    }
}

std::vector<Block> Netlist::blocks(unsigned levels) const {
    std::vector<Block> blocks;
    const Module& top = modules_.at(top_);
    add_blocks(top, {"", top.name, 0, resources_of(top_)}, levels, blocks);
    return blocks;
}

namespace {

// A place on a way, ordered by LUTs, then by carry cells.
struct Way {
    unsigned luts = 0;
    unsigned carry = 0;
    // NOLINTNEXTLINE(modernize-use-nullptr): it takes the comparison with 0 for one of pointers
    auto operator<=>(const Way&) const = default;
};

// Whether a signal goes from this input through the cell without a clock, and what that adds to a way.
std::optional<Way> step_of(std::string_view type, std::string_view input) {
    if (is_lut(type)) {
        return Way{1, 0};
    }
    if (type == "CARRY4") {
        return Way{0, 1};
    }
    if (is_wide_multiplexer(type) || is_free(type)) {
        return Way{};
    }
    // Distributed memories are read without a clock, by the addresses of their reading ports; a shift
    // register by the length that is chosen.
    if (memory_luts(type)) {
        const bool shift = type.starts_with("SRL");
        const bool address =
            shift ? input.starts_with("A") : input.starts_with("ADDR") || input.starts_with("DPRA");
        return address ? std::optional(Way{1, 0}) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

Depth Netlist::depth() const {
    const Module& top = modules_.at(top_);
    std::unordered_map<int, const Module::Cell*> driver;
    for (const Module::Cell& cell : top.cells) {
        if (modules_.contains(cell.type)) {
            throw chip::ChipError(fmt::format("the netlist is not flat: it has a {}", cell.type));
        }
        for (const auto& [port, nets] : cell.outputs) {
            for (const int net : nets) {
                driver[net] = &cell;
            }
        }
    }
    // Ways are found from their ends backwards; a stack of its own, as they may be long.
    enum class State : std::uint8_t { open, done };
    std::unordered_map<const Module::Cell*, std::pair<State, Way>> ways;
    const auto through = [&](const Module::Cell& cell, auto&& visit) {
        for (const auto& [port, nets] : cell.inputs) {
            const auto step = step_of(cell.type, port);
            for (const int net : nets) {
                const auto from = driver.find(net);
                if (step && net >= 0) {
                    visit(from == driver.end() ? nullptr : from->second, *step);
                }
            }
        }
    };
    const auto find = [&](const Module::Cell* start) {
        std::vector<const Module::Cell*> stack{start};
        while (!stack.empty()) {
            const Module::Cell* const cell = stack.back();
            const auto [at, is_new] = ways.try_emplace(cell, State::open, Way{});
            if (at->second.first == State::done) {
                stack.pop_back();
                continue;
            }
            bool ready = true;
            through(*cell, [&](const Module::Cell* from, const Way&) {
                if (from == nullptr) {
                    return;
                }
                const auto known = ways.find(from);
                if (known == ways.end()) {
                    stack.push_back(from);
                    ready = false;
                } else if (known->second.first == State::open) {
                    throw chip::ChipError(
                        fmt::format("the logic of the netlist has a loop through {}", from->name));
                }
            });
            if (!ready) {
                continue;
            }
            Way longest;
            through(*cell, [&](const Module::Cell* from, const Way& step) {
                const Way before = from == nullptr ? Way{} : ways.at(from).second;
                longest = std::max(longest, Way{before.luts + step.luts, before.carry + step.carry});
            });
            ways[cell] = {State::done, longest};
            stack.pop_back();
        }
        return ways.at(start).second;
    };
    Way longest;
    std::string end;
    for (const Module::Cell& cell : top.cells) {
        const Way way = find(&cell);
        if (way > longest) {
            longest = way;
            const auto named = top.net_names.find(
                cell.outputs.empty() || cell.outputs[0].second.empty() ? -1 : cell.outputs[0].second[0]);
            end = named == top.net_names.end() ? cell.name : named->second;
        }
    }
    return {longest.luts, longest.carry, end};
}

}  // namespace partita::rtl
