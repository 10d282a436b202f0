#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "chip/base/error.hpp"
#include "chip/config/chip.hpp"
#include "commands.hpp"
#include "explore/report/published.hpp"
#include "explore/store.hpp"
#include "options.hpp"
#include "output.hpp"
#include "partita/data/content_key.hpp"
#include "rtl/synthesis.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;
namespace report = explore::report;
using chip::ChipError;
using chip::config::Chip;

struct SynthOptions {
    std::vector<std::string> chips{"chips/ms4-c1.toml"};
    std::vector<std::string> settings;
    bool dsp = false;
    bool again = false;
    std::uint32_t levels = 2;
    std::string yosys = "yosys";
    std::string sources = PARTITA_SOURCE "/rtl/src";
    std::string published = PARTITA_SOURCE "/published";
    std::string keep;
    std::string store = "build/explore.sqlite";
    std::string json;
};

// A folder that goes with its owner, unless it was named.
class WorkFolder {
  public:
    explicit WorkFolder(const std::string& named) : keeps_(!named.empty()), path_(named) {
        std::error_code error;
        if (keeps_) {
            fs::create_directories(path_, error);
            if (!fs::is_directory(path_)) {
                throw ChipError(fmt::format("the folder {} for Yosys' files cannot be made: {}", named,
                                            error ? error.message() : "there is a file of that name"));
            }
            return;
        }
        std::string form = (fs::temp_directory_path() / "partita-synth-XXXXXX").string();
        if (mkdtemp(form.data()) == nullptr) {
            throw ChipError(fmt::format("no folder for Yosys' files can be made as {}", form));
        }
        path_ = form;
    }
    ~WorkFolder() {
        std::error_code ignored;
        if (!keeps_) {
            fs::remove_all(path_, ignored);
        }
    }
    WorkFolder(const WorkFolder&) = delete;
    WorkFolder& operator=(const WorkFolder&) = delete;
    const fs::path& path() const { return path_; }

  private:
    bool keeps_;
    fs::path path_;
};

// What a result depends on besides the chip: the sources, the tool and how it is asked.
std::string version_of(const SynthOptions& options) {
    data::ContentKey key;
    for (const fs::path& source : rtl::sources_in(options.sources)) {
        key.add(source.filename().string());
        key.add_file(source);
    }
    key.add_file(rtl::mapping_script());
    key.add(options.yosys);
    key.add(options.dsp ? "dsp" : "lut");
    key.add(fmt::format("{}", options.levels));
    return key.text();
}

nlohmann::ordered_json json_of(const rtl::Resources& resources) {
    return {{"lut", resources.luts()},
            {"lut_logic", resources.logic_luts},
            {"lut_memory", resources.memory_luts},
            {"register", resources.registers},
            {"carry4", resources.carry},
            {"dsp", resources.dsp},
            {"bram36", resources.bram36},
            {"uram", resources.uram}};
}

nlohmann::ordered_json json_of(const rtl::Synthesis& synthesis) {
    nlohmann::ordered_json blocks = nlohmann::ordered_json::array();
    for (const rtl::Block& block : synthesis.blocks) {
        nlohmann::ordered_json row{{"block", block.name}, {"module", block.module}, {"level", block.level}};
        row.update(json_of(block.resources));
        blocks.push_back(row);
    }
    nlohmann::ordered_json accelerator = json_of(synthesis.total());
    accelerator["lut_shared"] = synthesis.shared_luts;
    return {
        {"tool", synthesis.tool},
        {"accelerator", accelerator},
        {"depth",
         {{"lut", synthesis.depth.luts}, {"carry4", synthesis.depth.carry}, {"end", synthesis.depth.end}}},
        {"blocks", blocks}};
}

const char* precision_of(const Chip& chip) {
    return chip.gemmini.input_type == chip::gemmini::Number::bf16 ? "bf16" : "fp32";
}

// The accelerator in the published system: all that the system takes without the accelerator that was
// measured in it is added. Nothing if no such system was published.
std::optional<nlohmann::ordered_json> system_with(const rtl::Synthesis& synthesis, const Chip& chip,
                                                  const report::Published& published) {
    const report::Resources* system = report::find(published.systems, chip.gemmini.mesh_side, chip.soc.cores);
    const report::Resources* accelerator =
        report::find(published.accelerators, "bf16_compressed_scaled_timing", chip.gemmini.mesh_side);
    if (system == nullptr || accelerator == nullptr || precision_of(chip) != std::string("bf16")) {
        return std::nullopt;
    }
    const auto sum = [&](double report::Resources::*amount, double ours) {
        return system->*amount - accelerator->*amount + ours;
    };
    const rtl::Resources& total = synthesis.total();
    return nlohmann::ordered_json{
        {"lut", sum(&report::Resources::lut, static_cast<double>(total.luts()))},
        {"register", sum(&report::Resources::register_bits, static_cast<double>(total.registers))},
        {"bram36", sum(&report::Resources::bram36, total.bram36)},
        {"dsp", sum(&report::Resources::dsp, static_cast<double>(total.dsp))}};
}

explore::Wanted wanted(const Chip& chip, const SynthOptions& options, const std::string& version) {
    explore::Wanted run;
    run.key.platform = "synth";
    run.key.chip_fingerprint = fmt::format("{:016x}", chip::config::fingerprint(chip));
    run.key.firmware_hash = version;
    run.key.routine = "gemmini";
    run.key.precision = precision_of(chip);
    run.key.data_digest = options.dsp ? "dsp" : "lut";
    run.machine = {chip.name, chip.gemmini.mesh_side, chip.soc.cores, chip.gemmini.scratchpad_bytes,
                   chip.soc.clock_hz};
    return run;
}

void print(const Chip& chip, const nlohmann::ordered_json& record) {
    Table table({chip.name, "LUT", "of these memory", "registers", "CARRY4", "DSP", "BRAM36", "URAM"});
    for (const auto& block : record.at("blocks")) {
        const std::string name = block.at("block").get<std::string>();
        const std::size_t dot = name.rfind('.');
        const std::string label = name.empty() ? block.at("module").get<std::string>()
                                               : std::string(2 * block.at("level").get<std::size_t>(), ' ') +
                                                     (dot == std::string::npos ? name : name.substr(dot + 1));
        const auto count = [&](const char* key) {
            return fmt::format("{}", block.at(key).get<std::uint64_t>());
        };
        table.add({label, count("lut"), count("lut_memory"), count("register"), count("carry4"), count("dsp"),
                   fmt::format("{:g}", block.at("bram36").get<double>()), count("uram")});
    }
    const auto& depth = record.at("depth");
    fmt::print("{}{} LUTs where small ones share one, as Yosys estimates\n", table.text(),
               record.at("accelerator").at("lut_shared").get<std::uint64_t>());
    fmt::print("longest way without a register: {} LUTs and {} CARRY4, ending in {}\n\n",
               depth.at("lut").get<unsigned>(), depth.at("carry4").get<unsigned>(),
               depth.at("end").get<std::string>());
}

rtl::Synthesis run_yosys(const Chip& chip, const SynthOptions& options) {
    const WorkFolder folder(options.keep.empty() ? "" : (fs::path(options.keep) / chip.name).string());
    rtl::SynthesisOptions work;
    work.yosys = options.yosys;
    work.sources = options.sources;
    work.parameters = rtl::parameters(chip.gemmini);
    work.dsp = options.dsp;
    work.levels = options.levels;
    work.work = folder.path();
    Progress progress("synth " + chip.name);
    rtl::Synthesis synthesis = rtl::synthesise(
        work,
        [&](unsigned done, unsigned total, const std::string& step) { progress.update(done, total, step); });
    progress.clear();
    return synthesis;
}

void synth(const SynthOptions& options) {
    check_writable(options.json);
    check_distinct({options.json, options.store});
    std::vector<Chip> chips;
    for (const std::string& file : options.chips) {
        chips.push_back(chip::config::read_chip(file, options.settings));
        rtl::parameters(chips.back().gemmini);  // what cannot be built is said before anything runs
    }
    const std::string version = version_of(options);
    const report::Published published = report::read_published(options.published);
    // Nothing is made before there is something to keep.
    std::optional<explore::RunStore> store;
    if (fs::exists(options.store)) {
        store.emplace(options.store);
    }
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    // Chips that differ in their cores alone have the same accelerator.
    std::map<std::string, rtl::Synthesis> made;
    std::size_t known = 0;
    for (const Chip& chip : chips) {
        const explore::Wanted run = wanted(chip, options, version);
        nlohmann::ordered_json record;
        const auto found = store && !options.again ? store->find(run.key) : std::nullopt;
        if (found) {
            record = store->record(found->id);
            known += 1;
        }
        if (record.is_null()) {
            const std::string accelerator = rtl::describe(rtl::parameters(chip.gemmini));
            const auto start = std::chrono::steady_clock::now();
            if (!made.contains(accelerator)) {
                made.emplace(accelerator, run_yosys(chip, options));
            }
            const rtl::Synthesis& synthesis = made.at(accelerator);
            record = json_of(synthesis);
            record["parameters"] = accelerator;
            if (const auto system = system_with(synthesis, chip, published)) {
                record["resources"] = *system;
            }
            explore::RunResult result;
            result.host_seconds =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            result.record = record;
            if (!store) {
                store.emplace(options.store);
            }
            store->put(run, result);
        }
        print(chip, record);
        nlohmann::ordered_json row{{"chip", chip.name}};
        row.update(record);
        rows.push_back(row);
    }
    fmt::print("{} accelerators synthesised now, {} known before; kept in {}\n", made.size(), known,
               options.store);
    write_json(options.json, rows);
}

}  // namespace

void add_synth(CLI::App& app) {
    auto options = std::make_shared<SynthOptions>();
    CLI::App* command = app.add_subcommand(
        "synth",
        "Find what chips' accelerators take of an UltraScale+ FPGA, by Yosys, and keep it for the report");
    command->add_option("--chip", options->chips, "chip files [chips/ms4-c1.toml]");
    command->add_option("--set", options->settings, "section.key=value in place of what the chip files say");
    command->add_flag("--dsp", options->dsp, "let Yosys multiply in DSP blocks instead of LUTs");
    command->add_option("--levels", options->levels, "levels of blocks within blocks to list [2]")
        ->check(whole_from(0, 20));
    command->add_option("--yosys", options->yosys, "the program [yosys]");
    command->add_option("--sources", options->sources, "folder of the modules [the project's]");
    command->add_option("--published", options->published,
                        "folder of the published tables, for what a system takes around it [the project's]");
    command->add_option("--keep", options->keep, "keep Yosys' script, log and netlists in this folder");
    command->add_flag("--again", options->again, "synthesise also what the store has already");
    command->add_option("--store", options->store, "the file that keeps the results [build/explore.sqlite]");
    command->add_option("--json", options->json, "write the results to this file, for machines");
    command->footer(
        "Examples:\n"
        "  partita synth --chip chips/ms4-c1.toml\n"
        "  partita synth --chip chips/fp32-ms4-c1.toml chips/ms4-c1.toml chips/ms8-c1.toml --store "
        "build/reproduce.sqlite\n"
        "  partita synth --chip chips/ms4-c1.toml --set gemmini.mesh_side=2 --dsp --json resources.json");
    command->callback([options] { synth(*options); });
}

}  // namespace partita::cli
