#include "chip/trace/record.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "chip/soc/tests/machine_program.hpp"

namespace partita::chip::trace {
namespace {

using namespace soc::test;  // NOLINT(google-build-using-namespace): programs for tests
using nlohmann::ordered_json;

// Two harts; hart 0 goes through regions 1 and 3 and prints a letter.
Listing program() {
    Listing code;
    const Address others = code.others();
    code.region(1);
    code.nops(50);
    code.region(3);
    code.la(a1, to_host);
    code.constant(a2, std::uint64_t{0x0101} << 48 | 'x');
    code.s(Op::sd, a2, 0, a1);
    code.nops(500);
    code.region(0);
    code.region(0);
    code.exit(2);
    code.bind(others);
    code.sleep();
    return code;
}

ordered_json parsed() {
    return ordered_json::parse(Simulated(2, program()).record());
}

std::set<std::string> keys(const ordered_json& json) {
    std::set<std::string> all;
    for (const auto& [key, value] : json.items()) {
        all.insert(key);
    }
    return all;
}

TEST(Record, HasAllFieldsAndNothingOfTheHost) {
    const ordered_json record = parsed();
    EXPECT_EQ(keys(record), (std::set<std::string>{"record", "chip", "program", "exit_code", "cycles",
                                                   "seconds", "harts", "accelerator", "memory", "console"}));
    EXPECT_EQ(record.at("record"), 1);
    EXPECT_EQ(record.at("chip").at("name"), "test");
    EXPECT_EQ(record.at("chip").at("fingerprint").get<std::string>().size(), 16u);
    EXPECT_EQ(record.at("exit_code"), 2);
    EXPECT_EQ(record.at("console"), "x");
    EXPECT_EQ(record.at("harts").size(), 2u);
    EXPECT_DOUBLE_EQ(record.at("seconds").get<double>(), record.at("cycles").get<double>() / 500e6);
    for (const ordered_json& hart : record.at("harts")) {
        EXPECT_EQ(keys(hart), (std::set<std::string>{"hart", "cycles", "instructions", "causes", "regions"}));
        EXPECT_EQ(hart.at("causes").size(), soc::cause_count) << "each cause has a name of its own";
    }
}

TEST(Record, SumsAgree) {
    const ordered_json record = parsed();
    EXPECT_EQ(record.at("harts")[0].at("cycles"), record.at("cycles"));
    for (const ordered_json& hart : record.at("harts")) {
        std::uint64_t by_region = 0;
        std::uint64_t by_cause = 0;
        std::uint64_t instructions = 0;
        std::map<std::string, std::uint64_t> causes;
        for (const ordered_json& region : hart.at("regions")) {
            std::uint64_t cycles = 0;
            for (const auto& [cause, count] : region.at("causes").items()) {
                cycles += count.get<std::uint64_t>();
                causes[cause] += count.get<std::uint64_t>();
            }
            EXPECT_EQ(region.at("cycles"), cycles);
            by_region += cycles;
            instructions += region.at("instructions").get<std::uint64_t>();
        }
        for (const auto& [cause, count] : hart.at("causes").items()) {
            by_cause += count.get<std::uint64_t>();
            EXPECT_EQ(count, causes[cause]) << cause;
        }
        EXPECT_EQ(hart.at("cycles"), by_region);
        EXPECT_EQ(hart.at("cycles"), by_cause);
        EXPECT_EQ(hart.at("instructions"), instructions);
    }
}

TEST(Record, RowsAreSortedNamedAndWhole) {
    const config::Chip chip = chip_with(2);
    const Simulated run(2, program());
    RecordInput input;
    input.chip = &chip;
    input.system = &run.system();
    input.regions = {"", "forward"};
    const std::vector<RegionRow> rows = region_rows(input);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].name, "region 3") << "a region without a name is called by its number";
    std::uint64_t cycles = 0;
    double share = 0;
    std::set<std::string> names;
    for (const RegionRow& row : rows) {
        EXPECT_LE(row.cycles, rows[0].cycles);
        cycles += row.cycles;
        share += row.share;
        names.insert(row.name);
    }
    EXPECT_EQ(names, (std::set<std::string>{"(outside)", "forward", "region 3"}));
    EXPECT_EQ(cycles, run.cycles());
    EXPECT_NEAR(share, 1.0, 1e-12);
}

}  // namespace
}  // namespace partita::chip::trace
