#include "explore/simulation.hpp"

#include <filesystem>
#include <set>

#include "chip/config/firmware.hpp"
#include "chip/soc/tests/machine_program.hpp"

namespace partita::explore {
namespace {

using namespace chip::soc::test;  // NOLINT(google-build-using-namespace): programs for tests

// Writes to two lines of its arena of four, in a region, and prints a letter.
Listing program() {
    Listing code;
    code.symbol("partita_arena", data_free);
    code.symbol("partita_arena_end", data_free + 256);
    code.section(".partita.regions", "7 forward\n9 back ward\nx\n");
    code.la(a2, data_free);
    code.region(7);
    code.s(Op::sd, zero, 0, a2);
    code.s(Op::sd, zero, 128, a2);
    code.region(0);
    code.constant(a2, std::uint64_t{0x0101} << 48 | 'x');
    code.la(a1, to_host);
    code.s(Op::sd, a2, 0, a1);
    code.exit(5);
    return code;
}

Listing with_chip(const chip::config::Chip& chip) {
    Listing code = program();
    std::string constants;
    for (const chip::config::Line& line : chip::config::firmware_constants(chip)) {
        constants += line.key + " = " + line.value + "\n";
    }
    code.section(".partita.chip", constants);
    return code;
}

TEST(Simulation, KeepsWhatARunShowed) {
    std::string heard;
    SimulationOptions options;
    options.console = [&](std::string_view text) { heard += text; };
    const chip::config::Chip chip = chip_with(1);
    const chip::program::Program built = with_chip(chip).program();
    const Simulation run = simulate(chip, built, options);
    EXPECT_TRUE(run.warnings.empty());
    EXPECT_EQ(run.exit_code, 5u);
    EXPECT_EQ(run.record.at("exit_code"), 5);
    EXPECT_EQ(run.record.at("cycles"), run.cycles);
    EXPECT_EQ(run.hart_cycles, run.cycles);
    EXPECT_EQ(heard, "x");
    EXPECT_EQ(run.record.at("console"), "x");
    EXPECT_EQ(run.record.at("program").at("hash"), program_hash(built));
    EXPECT_EQ(run.record.at("memory").at("arena_bytes"), 256);
    EXPECT_EQ(run.record.at("memory").at("arena_touched_bytes"), 128) << "two lines of four";
    std::set<std::string> names;
    for (const auto& row : run.rows) {
        names.insert(row.name);
    }
    EXPECT_EQ(names, (std::set<std::string>{"(outside)", "forward"}));
}

TEST(Simulation, ForeignProgramsRunWithAWarning) {
    const Simulation run = simulate(chip_with(1), program().program(), {});
    ASSERT_EQ(run.warnings.size(), 1u);
    EXPECT_TRUE(says(run.warnings[0], {"test does not say which chip it was built for"}));
    EXPECT_EQ(run.exit_code, 5u);
}

TEST(Simulation, ProgramsForOtherChipsAreRefused) {
    chip::config::Chip other = chip_with(1);
    other.gemmini.mesh_side = 8;
    const chip::program::Program built = with_chip(other).program();
    try {
        simulate(chip_with(1), built, {});
        FAIL();
    } catch (const chip::ChipError& error) {
        EXPECT_TRUE(
            says(error.what(), {"built for another chip", "gemmini.mesh_side is 8", "4 in the chip"}));
    }
}

TEST(Simulation, TellsTheShareOfTheWork) {
    // Region 1, then a million rounds of two instructions in region 2.
    const auto first_share = [](std::string_view expected) {
        Listing code;
        code.section(".partita.expected", expected);
        code.region(1);
        code.region(0);
        code.region(2);
        code.li(t2, 1'000'000);
        const chip::Address head = code.here();
        code.i(Op::addi, t2, t2, -1);
        code.b(Op::bne, t2, zero, head);
        code.exit(0);
        const chip::program::Program built = code.program();
        std::vector<double> shares;
        SimulationOptions options;
        options.progress = [&](chip::Cycle /*cycles*/, double share) { shares.push_back(share); };
        simulate(chip_with(1), built, options);
        return shares.empty() ? -1.0 : shares[0];
    };
    EXPECT_DOUBLE_EQ(first_share("3"), 2.0 / 3.0);
    EXPECT_DOUBLE_EQ(first_share("4 2"), 1.0 / 4.0);
    EXPECT_DOUBLE_EQ(first_share("4 7"), 0.0);
}

TEST(Simulation, ATraceOfAFailedRunIsNotLeft) {
    const std::filesystem::path trace = std::filesystem::path(testing::TempDir()) / "failed-trace.json";
    Listing code;
    code.word(0);
    const chip::program::Program built = code.program();
    SimulationOptions options;
    options.trace = trace;
    EXPECT_THROW(simulate(chip_with(1), built, options), chip::ChipError);
    EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST(Simulation, HashesTellFilesApart) {
    const std::string hash = program_hash(program().program());
    EXPECT_EQ(hash.size(), 16u);
    EXPECT_EQ(hash, program_hash(program().program()));
    EXPECT_NE(hash, program_hash(with_chip(chip_with(1)).program()));
}

}  // namespace
}  // namespace partita::explore
