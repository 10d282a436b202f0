// `partita simulate`, `validate` and `routine`: the training program on simulated chips, and what goes wrong.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>

#include "chip/config/chip.hpp"
#include "chip/config/firmware.hpp"
#include "chip/program/program.hpp"
#include "chip/soc/tests/machine_program.hpp"
#include "chip_command.hpp"
#include "explore/routine_report.hpp"
#include "firmware/host/build.hpp"
#include "firmware/tests/portable_training.hpp"
#include "partita/learn/layout.hpp"

namespace partita::test {
namespace {

using chip::soc::test::Listing;

const std::string chips = PARTITA_SOURCE_DIR "/chips";

class Simulate : public ChipCommandTest {
  protected:
    void write_program(std::string_view name, const Listing& code) const {
        write(name, code.program().file());
    }
    // Runs what ends in a report of several lines; no file is made.
    void reports(const std::vector<std::string>& phrases, const Arguments& arguments) const {
        const auto before = content();
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.exit_code, 1);
        EXPECT_TRUE(says(outcome.err, phrases));
        EXPECT_EQ(content(), before);
    }
    // Runs what must end well, whatever it says on the way; returns what it printed.
    std::string ends_well(const Arguments& arguments) const {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        return outcome.out;
    }
    // The published chip with one line of its file replaced.
    void write_chip(std::string_view name, const std::string& key, const std::string& line) const {
        std::string content = data::test::text_of_file(chip_file("ms4-c1"));
        const std::size_t at = content.find("\n" + key + " = ") + 1;
        ASSERT_NE(at, 0u) << key;
        content.replace(at, content.find('\n', at) - at, line);
        write_text(name, content);
    }
};

// Prints nothing, goes through one region and ends.
Listing small_program(int exit_code) {
    Listing code;
    code.region(7);
    code.nops(1000);
    code.region(0);
    code.exit(exit_code);
    return code;
}

// Rows of the first table: name, and the number in its third column; the last is the total.
std::vector<std::pair<std::string, std::uint64_t>> table_rows(const std::string& out) {
    std::vector<std::pair<std::string, std::uint64_t>> rows;
    std::istringstream lines(out.substr(out.find("region (hart 0)")));
    std::string line;
    std::getline(lines, line);
    std::getline(lines, line);
    while (std::getline(lines, line) && !line.empty()) {
        // Names end where two spaces follow.
        const std::size_t end = line.find("  ", 2);
        const std::string name = line.substr(2, end - 2);
        std::istringstream fields(line.substr(end));
        std::string entries;
        std::uint64_t cycles = 0;
        if (name != "total") {
            fields >> entries;
        }
        fields >> cycles;
        EXPECT_TRUE(fields) << line;
        rows.emplace_back(name, cycles);
    }
    return rows;
}

TEST_F(Simulate, RunsAProgramAtHand) {
    write_program("program.elf", small_program(0));
    const Arguments command{"simulate", "--chip", chip_file("ms4-c1"), "--elf", "program.elf"};
    const Outcome outcome = run(with(command, {"--json", "a.json"}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_TRUE(says(outcome.err, {"warning", "program.elf", "does not say which chip"}));
    const auto rows = table_rows(outcome.out);
    ASSERT_EQ(rows.size(), 3u) << outcome.out;
    EXPECT_EQ(rows[0].second + rows[1].second, rows[2].second);
    EXPECT_EQ(json("a.json").at("cycles"), rows[2].second);
    // Quiet, traced or neither: the record is the same.
    EXPECT_EQ(ends_well(with(command, {"--json", "b.json", "--trace", "trace.json", "--quiet"})), "");
    EXPECT_EQ(text("a.json"), text("b.json"));
    const nlohmann::json events = json("trace.json").at("traceEvents");
    EXPECT_EQ(std::count_if(events.begin(), events.end(), [](const auto& e) { return e.at("ph") == "B"; }),
              std::count_if(events.begin(), events.end(), [](const auto& e) { return e.at("ph") == "E"; }));
    EXPECT_EQ(content().size(), 4u);
}

TEST_F(Simulate, SettingsMakeAnotherChip) {
    write_program("program.elf", small_program(0));
    const Arguments command{"simulate", "--chip", chip_file("ms4-c1"), "--elf", "program.elf", "--quiet"};
    ends_well(with(command, {"--json", "file.json"}));
    ends_well(with(command, {"--json", "set.json", "--set", "memory.dram_read_latency=300", "--set",
                             "rocket.icache_sets=128"}));
    const nlohmann::json plain = json("file.json");
    const nlohmann::json other = json("set.json");
    EXPECT_EQ(other.at("chip").at("name"), "ms4-c1 + memory.dram_read_latency=300 + rocket.icache_sets=128");
    EXPECT_NE(other.at("chip").at("fingerprint"), plain.at("chip").at("fingerprint"));
    EXPECT_GT(other.at("cycles"), plain.at("cycles")) << "code comes from memory";
}

TEST_F(Simulate, AFailureOfTheProgramIsAFailure) {
    write_program("program.elf", small_program(3));
    const Outcome outcome =
        run({"simulate", "--chip", chip_file("ms4-c1"), "--elf", "program.elf", "--json", "record.json"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(says(outcome.err, {"program.elf", "ended with exit code 3"}));
    EXPECT_EQ(json("record.json").at("exit_code"), 3) << "what it did is kept";
}

TEST_F(Simulate, ReportsWhatGoesWrong) {
    Listing code;
    code.function("train");
    code.word(0);
    write_program("illegal.elf", code);
    Listing endless;
    endless.function("forever");
    endless.j(chip::soc::test::zero, endless.here());
    write_program("endless.elf", endless);
    Listing counting;
    const chip::Address head = counting.here();
    counting.i(chip::isa::Op::addi, chip::soc::test::t1, chip::soc::test::t1, 1);
    counting.j(chip::soc::test::zero, head);
    write_program("counting.elf", counting);
    const Arguments command{"simulate", "--chip",  chip_file("ms4-c1"), "--json",
                            "no.json",  "--trace", "no.trace",          "--elf"};
    reports({"illegal instruction", "hart 0", "train", "main.cpp:10", "accelerator: idle"},
            with(command, {"illegal.elf"}));
    reports({"nothing can go on", "hart 0", "forever"}, with(command, {"endless.elf"}));
    reports({"limit of 100 cycles"}, with(command, {"counting.elf", "--limit", "100"}));
}

TEST_F(Simulate, ChipFilesAreChecked) {
    write_program("program.elf", small_program(0));
    const auto refuses_chip = [&](const std::vector<std::string>& phrases, const std::string& name) {
        refuses(1, phrases, {"simulate", "--chip", name, "--elf", "program.elf"});
    };
    refuses_chip({"missing.toml"}, "missing.toml");
    refuses_chip({directory().string()}, directory().string());
    write_chip("cores.toml", "cores", "cores = 0");
    refuses_chip({"cores.toml', line 5", "soc.cores", "0", "1 to 64"}, "cores.toml");
    write_chip("scratchpad.toml", "scratchpad_bytes", "scratchpad_bytes = 100000");
    refuses_chip({"scratchpad.toml', line 88", "gemmini.scratchpad_bytes", "100000", "power of two"},
                 "scratchpad.toml");
    write_chip("unknown.toml", "cores", "cores = 1\ncaches = 2");
    refuses_chip({"unknown.toml', line 6", "caches"}, "unknown.toml");
    write_chip("missing_key.toml", "cores", "");
    refuses_chip({"missing_key.toml", "soc", "cores"}, "missing_key.toml");
    refuses(1, {"ms4-c1.toml' with soc.cores=0", "1 to 64"},
            {"simulate", "--chip", chip_file("ms4-c1"), "--set", "soc.cores=0", "--elf", "program.elf"});
    write_chip("mistyped.toml", "cores", "cores = \"one\"");
    refuses_chip({"mistyped.toml', line 5", "soc.cores"}, "mistyped.toml");
}

TEST_F(Simulate, ProgramsAreChecked) {
    const auto refuses_program = [&](const std::vector<std::string>& phrases, const std::string& name) {
        refuses(1, phrases, {"simulate", "--chip", chip_file("ms4-c1"), "--elf", name});
    };
    refuses_program({"missing.elf"}, "missing.elf");
    write_text("text.elf", "#!/bin/sh\necho not a program\n");
    refuses_program({"text.elf", "ELF"}, "text.elf");
    const chip::program::Program program = small_program(0).program();
    std::vector<std::byte> bytes(program.file().begin(), program.file().end());
    bytes[18] = std::byte{62};  // e_machine: x86-64
    write("other.elf", bytes);
    refuses_program({"other.elf", "62", "RISC-V"}, "other.elf");
    bytes.resize(40);
    write("short.elf", bytes);
    refuses_program({"short.elf"}, "short.elf");
}

TEST_F(Simulate, OptionsAreChecked) {
    const Arguments command{"simulate", "--chip", chip_file("ms4-c1")};
    refuses(2, {"--chip is required"}, {"simulate"});
    refuses(2, {"--steps"}, with(command, {"--steps", "0"}));
    refuses(2, {"--parts"}, with(command, {"--parts", "-1"}));
    refuses(2, {"--program", "'prove'", "train", "published"}, with(command, {"--program", "prove"}));
    refuses(2, {"--elf", "--parts"}, with(command, {"--elf", "x", "--parts", "3"}));
    refuses(1, {"8 parts", "7 steps"}, with(command, {"--steps", "7", "--parts", "8"}));
    refuses(1, {"published", "gemmini.accumulator_type is fp32", "expected gemmini.input_type"},
            {"simulate", "--chip", chip_file("ms4-c1"), "--program", "published", "--set",
             "gemmini.accumulator_type=fp32"});
    refuses(1, {"int8-default", "gemmini.input_type is int8", "bf16 or fp32", "--elf"},
            {"simulate", "--chip", chip_file("int8-default")});
    refuses(1, {"divide"}, with(command, {"--program", "published", "--parts", "5"}));
    refuses(1, {"missing"}, with(command, {"--samples", "missing"}));
    refuses(1, {"missing"}, with(command, {"--model", "missing"}));
    for (const std::string option : {"--json", "--trace"}) {
        refuses(1, {"nowhere/file", "cannot be written", "nowhere is not a directory"},
                with(command, {option, "nowhere/file", "--elf", "missing"}));
        refuses(1, {"cannot be written", "is a directory"},
                with(command, {option, directory().string(), "--elf", "missing"}));
    }
    refuses(2, {"same", "two results"}, with(command, {"--json", "same", "--trace", "same", "--elf", "x"}));
}

TEST_F(Simulate, ValidateChecksWhatItIsGiven) {
    refuses(1, {"measurements", "missing.csv", "cannot be read"}, {"validate", "--reference", "missing.csv"});
    write_text("garbled.csv",
               "\x7f"
               "ELF\n");
    refuses(1, {"garbled.csv:1", "mesh,cores,parts,function,cycles"},
            {"validate", "--reference", "garbled.csv"});
    write_text("good.csv", "mesh,cores,parts,function,cycles\n4,1,28,total,1000\n");
    refuses(2, {"--only ms4-c3", "ms4-c1-k28"},
            {"validate", "--reference", "good.csv", "--only", "ms4-c1", "ms4-c3"});
    refuses(1, {"garbled.csv", "run records"},
            {"validate", "--reference", "good.csv", "--store", "garbled.csv"});
    refuses(2, {"--jobs"}, {"validate", "--jobs", "0"});
    refuses(
        1, {"ms4-c1.toml' with soc.corse=1", "cores"},
        {"validate", "--reference", "good.csv", "--chips", chips, "--store", ".", "--set", "soc.corse=1"});
    refuses(1, {"nowhere/file", "cannot be written"}, {"validate", "--json", "nowhere/file"});
}

TEST_F(Simulate, RoutineChecksWhatItIsGiven) {
    write_text("cycles.csv", "mesh,cores,parts,function,cycles\n4,1,28,total,1000\n");
    write_text("memory.csv", "parts,fp32,bf16\n28,2,1\n");
    write_text("unmarked.md", "# Results\n");
    const Arguments command{"routine", "--reference", "cycles.csv", "--memory", "memory.csv", "--store", "."};
    refuses(1, {"measurements", "missing.csv", "cannot be read"}, {"routine", "--reference", "missing.csv"});
    refuses(1, {"published memory", "missing.csv", "cannot be read"},
            {"routine", "--reference", "cycles.csv", "--memory", "missing.csv"});
    refuses(2, {"--only ms4-c3", "ms4-c1-k28"}, with(command, {"--only", "ms4-c3"}));
    refuses(2, {"--precision", "fp16"}, with(command, {"--precision", "fp16"}));
    refuses(1, {"nowhere.md", "cannot be read"}, with(command, {"--markdown", "nowhere.md"}));
    refuses(1, {"unmarked.md", "0 times", "expected it once"}, with(command, {"--markdown", "unmarked.md"}));
    refuses(2, {"same.md", "two results"}, with(command, {"--markdown", "same.md", "--json", "same.md"}));
    refuses(1, {"nowhere/file", "cannot be written"}, with(command, {"--json", "nowhere/file"}));
}

// Published figures of one's own, so that the ratios can be worked out again.
TEST_F(Simulate, RoutineComparesOncePerProgram) {
    if (!cross_compiler_is_there()) {
        GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
    }
    write_text("cycles.csv", "mesh,cores,parts,function,cycles\n4,1,2,total,1000000\n4,1,7,total,5\n");
    write_text("memory.csv", "parts,fp32,bf16\n2,4,2\n7,2,1\n");
    const std::string begin(explore::tables_begin);
    const std::string end(explore::tables_end);
    write_text("results.md", "# Results\n" + begin + "\nold\n" + end + "\nKept.\n");
    const Arguments command{"routine",    "--chips", chips,  "--reference", "cycles.csv",  "--memory",
                            "memory.csv", "--store", "runs", "--precision", "bf16",        "--only",
                            "ms4-c1-k2",  "--steps", "4",    "--json",      "routine.json"};
    std::string out = ends_well(with(command, {"--markdown", "results.md"}));
    EXPECT_TRUE(says(out, {"1 runs: 0 finished before, 1 to do"}));

    const nlohmann::json record = json("runs/ms4-c1-k2-bf16.json");
    std::uint64_t cycles = record.at("cycles");
    for (const auto& region : record.at("harts").at(0).at("regions")) {
        if (region.at("region") == "(outside)") {
            cycles -= region.at("cycles").get<std::uint64_t>();
        }
    }
    const learn::Plan plan{.shape = {1, 128, 10},
                           .batch = 4,
                           .steps = 4,
                           .parts = 2,
                           .precision = learn::Precision::bf16,
                           .array_side = 4,
                           .members = 1};
    const auto bytes = static_cast<double>(learn::layout(plan).value().total);
    const nlohmann::json result = json("routine.json").at("bf16");
    const nlohmann::json& point = result.at("points").at("ms4-c1-k2");
    EXPECT_EQ(point.at("cycles"), cycles);
    EXPECT_DOUBLE_EQ(point.at("times_fewer_cycles"), 1e6 / static_cast<double>(cycles));
    EXPECT_DOUBLE_EQ(point.at("share_of_memory"), bytes / (2.0 * 1048576.0));
    EXPECT_GT(point.at("element_wise_cycles"), 0);
    EXPECT_GT(point.at("update_cycles"), 0);
    // Products with [W, inputs, bias] each step, with W's transpose each step but a part's first; the head's
    // once a part.
    const std::uint64_t gates = 4 * 128 * 4;
    const std::uint64_t head = 2 * 10 * 128 * 4;
    // A product of one element makes room for each strip of the weights' gradient.
    const std::uint64_t strips = 2 * (512 / 32);
    const auto& array = point.at("array");
    EXPECT_EQ(array.at("forward").at("multiply_adds"), 4 * gates * 130);
    EXPECT_EQ(array.at("backward").at("multiply_adds"), 2 * gates * 128 + head);
    EXPECT_EQ(array.at("weights").at("multiply_adds"), 4 * gates * 130 + head + strips);
    EXPECT_EQ(array.at("all").at("multiply_adds"), 8 * gates * 130 + 2 * gates * 128 + 3 * head + strips);
    for (const char* phase : {"forward", "backward", "weights", "all"}) {
        EXPECT_GT(array.at(phase).at("utilisation"), 0.05) << phase;
        EXPECT_LE(array.at(phase).at("utilisation"), 1.0) << phase;
    }
    const std::string document = text("results.md");
    EXPECT_TRUE(
        says(document, {"# Results", begin, "T = 4, batch 4", "| ms4-c1-k2 | 1000000 | ", end, "Kept."}));
    EXPECT_EQ(document.find("old"), std::string::npos);

    out = ends_well(with(command, {"--markdown", "results.md"}));
    EXPECT_TRUE(says(out, {"1 runs: 1 finished before, 0 to do"}));
    EXPECT_EQ(text("results.md"), document);
    EXPECT_EQ(json("routine.json").at("bf16"), result);
}

struct Training {
    const char* chip;
    unsigned harts;
    learn::Precision precision;
    std::vector<std::string> settings = {};
};

void PrintTo(const Training& c, std::ostream* out) {
    *out << c.chip << " with " << c.harts << " harts";
    for (const std::string& setting : c.settings) {
        *out << ", " << setting;
    }
}

class SimulateTraining : public Simulate, public testing::WithParamInterface<Training> {};

// What the program says it will have done when it is finished.
std::uint64_t expected_entries(const std::filesystem::path& cache) {
    const auto built = std::ranges::find_if(
        std::filesystem::recursive_directory_iterator(cache), std::filesystem::recursive_directory_iterator(),
        [](const auto& entry) { return entry.path().extension() == ".elf"; });
    const auto program = chip::program::read_program(built->path());
    return std::stoull(program.section_text(".partita.expected").value_or("0"));
}

constexpr std::uint32_t steps = 5;
constexpr std::uint32_t parts = 2;  // of 3 steps, the last of 2

TEST_P(SimulateTraining, LeavesTheHostsBitsAndUsesWhatIsPlanned) {
    if (!cross_compiler_is_there()) {
        GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
    }
    const Training& c = GetParam();
    const chip::config::Chip chip = chip::config::read_chip(chip_file(c.chip));
    const data::Sequences samples = firmware::test::short_samples(steps);
    write_sequences("samples", samples);
    Arguments command{"simulate",
                      "--chip",
                      chip_file(c.chip),
                      "--samples",
                      "samples",
                      "--parts",
                      std::to_string(parts),
                      "--steps",
                      std::to_string(steps),
                      "--set",
                      fmt::format("soc.cores={}", c.harts)};
    for (const std::string& setting : c.settings) {
        command = with(command, {"--set", setting});
    }
    const std::string out = ends_well(with(command, {"--json", "record.json"}));

    learn::Plan plan{
        .shape = {1, 128, 10}, .batch = 4, .steps = steps, .parts = parts, .precision = c.precision};
    const std::string expected =
        firmware::test::portable_console(plan, chip.gemmini.mesh_side, firmware::default_model(), samples);
    const nlohmann::json record = json("record.json");
    EXPECT_EQ(record.at("console"), expected);
    EXPECT_EQ(out.substr(0, expected.size()), expected);

    plan.array_side = chip.gemmini.mesh_side;
    plan.members = c.harts;
    const std::size_t planned = learn::layout(plan).value().total;
    EXPECT_EQ(record.at("memory").at("arena_bytes"), planned);
    EXPECT_EQ(record.at("memory").at("arena_touched_bytes"), planned);

    const auto rows = table_rows(out);
    std::uint64_t sum = 0;
    for (std::size_t row = 0; row + 1 < rows.size(); ++row) {
        sum += rows[row].second;
    }
    ASSERT_GT(rows.size(), 3u);
    EXPECT_EQ(rows.back(), (std::pair<std::string, std::uint64_t>{"total", sum}));
    EXPECT_EQ(record.at("cycles"), sum);
    EXPECT_EQ(record.at("harts").size(), c.harts);
    std::uint64_t entries = 0;
    for (const auto& region : record.at("harts").at(0).at("regions")) {
        const std::string name = region.at("region");
        if (name == "cells" || name == "cell_gradients") {
            entries += region.at("entries").get<std::uint64_t>();
        }
    }
    EXPECT_EQ(expected_entries(cache()), entries);

    if (c.harts == 1) {
        return;  // once is enough for what follows
    }
    const std::string text_before = text("record.json");
    ends_well(with(command, {"--json", "record.json", "--trace", "trace.json", "--quiet"}));
    EXPECT_EQ(text("record.json"), text_before);
    const nlohmann::json events = json("trace.json").at("traceEvents");
    EXPECT_GT(events.size(), 1000u);
}

const std::vector<std::string> sums_in_fp32{"gemmini.spatial_array_type=fp32",
                                            "gemmini.accumulator_type=fp32"};
INSTANTIATE_TEST_SUITE_P(
    Chips, SimulateTraining,
    testing::Values(Training{"ms4-c1", 1, learn::Precision::bf16},
                    Training{"ms4-c1", 4, learn::Precision::bf16},
                    Training{"ms8-c1", 1, learn::Precision::bf16},
                    Training{"ms8-c1", 4, learn::Precision::bf16},
                    Training{"fp32-ms4-c1", 1, learn::Precision::fp32},
                    Training{"fp32-ms4-c1", 4, learn::Precision::fp32},
                    Training{"ms4-c1", 4, learn::Precision::mixed, sums_in_fp32},
                    Training{"ms8-c1", 1, learn::Precision::mixed, sums_in_fp32},
                    Training{"ms4-c1", 1, learn::Precision::bf16, {"rocket.bf16_extension=true"}},
                    Training{"ms8-c1",
                             4,
                             learn::Precision::mixed,
                             {"gemmini.spatial_array_type=fp32", "gemmini.accumulator_type=fp32",
                              "rocket.bf16_extension=true"}},
                    // W's second loop is issued while the first one goes, and takes its operand elsewhere.
                    Training{"ms8-c1", 16, learn::Precision::bf16},
                    Training{"ms8-c1", 1, learn::Precision::bf16, {"gemmini.scratchpad_bytes=262144"}}));

TEST_F(Simulate, ProgramsRunOnTheChipTheyWereBuiltFor) {
    if (!cross_compiler_is_there()) {
        GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
    }
    firmware::BuildOptions options;
    chip::config::Chip chip = chip::config::read_chip(chip_file("ms8-c1"));
    options.chip_header = chip::config::firmware_header(chip);
    options.steps = 2;
    options.parts = 1;
    firmware::build(options, firmware::default_model(), firmware::test::short_samples(2), path("ms8.elf"));
    refuses(1, {"ms8.elf", "built for another chip", "gemmini.mesh_side is 8", "4 in the chip 'ms4-c1'"},
            {"simulate", "--chip", chip_file("ms4-c1"), "--elf", "ms8.elf"});
}

}  // namespace
}  // namespace partita::test
