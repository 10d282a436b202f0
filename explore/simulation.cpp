#include "explore/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <sstream>

#include "chip/base/error.hpp"
#include "chip/base/fnv1a.hpp"
#include "chip/config/firmware.hpp"
#include "chip/trace/perfetto.hpp"

namespace partita::explore {
namespace {

using chip::Cycle;
using chip::Fnv1a;
namespace config = chip::config;
namespace program = chip::program;
namespace soc = chip::soc;
namespace trace = chip::trace;

// Region names by number, from lines "number name" in the program.
std::vector<std::string> region_names(const program::Program& program) {
    std::vector<std::string> names;
    std::string lines = program.section_text(".partita.regions").value_or("");
    std::erase(lines, '\0');  // each line may be a string with its end
    std::istringstream text(lines);
    std::string line;
    while (std::getline(text, line)) {
        std::istringstream fields(line);
        std::size_t number = 0;
        std::string name;
        if (fields >> number >> name && number < 2048) {
            names.resize(std::max(names.size(), number + 1));
            names[number] = name;
        }
    }
    return names;
}

// How far a program is, by how often hart 0 has entered certain regions: what the program says of that.
class Expected {
  public:
    explicit Expected(const program::Program& program) {
        std::istringstream text(program.section_text(".partita.expected").value_or("0"));
        text >> count_;
        for (unsigned region = 0; text >> region;) {
            regions_.push_back(region);
        }
    }
    // 0 where nothing is known.
    double share(const soc::Ledger& ledger) const {
        std::uint64_t entered = 0;
        const auto add = [&](unsigned region) {
            entered += region < ledger.regions() ? ledger.account(0, region).entries : 0;
        };
        for (const unsigned region : regions_) {
            add(region);
        }
        for (unsigned region = 0; regions_.empty() && region < ledger.regions(); ++region) {
            add(region);
        }
        return count_ == 0 ? 0 : std::min(static_cast<double>(entered) / static_cast<double>(count_), 1.0);
    }

  private:
    std::uint64_t count_ = 0;
    std::vector<unsigned> regions_;  // none: all
};

class Console final : public soc::ConsoleSink {
  public:
    explicit Console(const std::function<void(std::string_view)>& listener) : listener_(listener) {}
    void write(unsigned /*hart*/, std::string_view text, chip::Cycle /*at*/) override {
        text_ += text;
        if (listener_) {
            listener_(text);
        }
    }
    const std::string& text() const { return text_; }

  private:
    const std::function<void(std::string_view)>& listener_;
    std::string text_;
};

}  // namespace

std::string program_hash(const program::Program& program) {
    Fnv1a hash;
    hash.add(program.file());
    return fmt::format("{:016x}", hash.value());
}

Simulation simulate(const config::Chip& chip, const program::Program& program,
                    const SimulationOptions& options) {
    Simulation result;
    if (const auto constants = program.section_text(".partita.chip")) {
        config::check_fingerprint(chip, *constants, program.name());
    } else {
        result.warnings.push_back(
            fmt::format("{} does not say which chip it was built for; that it fits {} is not checked",
                        program.name(), chip.name));
    }
    const std::vector<std::string> regions = region_names(program);
    Console console(options.console);
    soc::System system(chip, program, console, options.accelerator);
    std::unique_ptr<trace::PerfettoTrace> trace;
    if (!options.trace.empty()) {
        trace =
            std::make_unique<trace::PerfettoTrace>(options.trace, system.harts(), regions, chip.soc.clock_hz);
    }
    const Expected expected(program);
    soc::RunOptions run;
    run.limit = options.limit;
    run.trace = trace != nullptr ? trace.get() : options.listener;
    if (options.progress) {
        run.progress = [&](Cycle cycles) { options.progress(cycles, expected.share(system.ledger())); };
    }
    const auto start = std::chrono::steady_clock::now();
    const soc::Outcome outcome = system.run(run);
    result.host_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (trace != nullptr) {
        trace->finish(outcome.cycles);
    }

    trace::RecordInput input;
    input.chip = &chip;
    input.system = &system;
    input.outcome = outcome;
    input.program = program.name();
    input.program_hash = program_hash(program);
    input.regions = regions;
    input.console = console.text();
    const auto first = program.address_of("partita_arena");
    const auto last = program.address_of("partita_arena_end");
    if (first && last && *first < *last) {
        input.arena_bytes = *last - *first;
        input.arena_touched = system.memory().touched_bytes(*first, *last);
    }
    result.record = trace::record(input);
    result.rows = trace::region_rows(input);
    result.exit_code = outcome.exit_code;
    result.cycles = outcome.cycles;
    for (unsigned hart = 0; hart < system.harts(); ++hart) {
        result.hart_cycles += system.core(hart).now();
    }
    return result;
}

}  // namespace partita::explore
