#include <sstream>

#include "chip_command.hpp"
#include "partita/learn/layout.hpp"

namespace partita::test {
namespace {

class PlanCommand : public CommandTest {};

// The words of the line of the table that begins with `first`.
std::vector<std::string> row_of(const std::string& table, const std::string& first) {
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::vector<std::string> row{std::istream_iterator<std::string>(words), {}};
        if (!row.empty() && row.front() == first) {
            return row;
        }
    }
    ADD_FAILURE() << "no line begins with " << first << " in:\n" << table;
    return {};
}

std::size_t total_of(std::uint32_t parts, learn::Precision precision, learn::Tape tape, bool narrow) {
    learn::Plan plan{.shape = {2, 20, 3}, .batch = 5, .steps = 30, .parts = parts};
    plan.precision = precision;
    plan.tape = tape;
    plan.narrow_regulariser = narrow;
    return learn::layout(plan).value().total;
}

const Arguments shape{"plan", "--input", "2", "--hidden", "20", "--classes",
                      "3",    "--batch", "5", "--steps",  "30"};

TEST_F(PlanCommand, ShowsEveryDivisorAndWhatTheLayoutSays) {
    const std::string table = succeeds(with(shape, {"--json", "plan.json"}));
    const nlohmann::json rows = json("plan.json").at("rows");
    ASSERT_EQ(rows.size(), 8u * 7);  // divisors of 30, configurations
    for (const std::uint32_t parts : {1u, 2u, 3u, 5u, 6u, 10u, 15u, 30u}) {
        const std::vector<std::string> row = row_of(table, std::to_string(parts));
        ASSERT_EQ(row.size(), 10u);
        EXPECT_EQ(row[1], std::to_string(30 / parts));
        const double bytes =
            static_cast<double>(total_of(parts, learn::Precision::fp32, learn::Tape::full, false));
        EXPECT_NEAR(std::stod(row[3]), bytes / 1048576.0, 0.0005001);  // three decimals
    }
    std::size_t found = 0;
    for (const nlohmann::json& row : rows) {
        if (row.at("parts") == 6 && row.at("precision") == "mixed" && row.at("tape") == "lean") {
            EXPECT_EQ(row.at("bytes"), total_of(6, learn::Precision::mixed, learn::Tape::lean, true));
            EXPECT_EQ(row.at("steps_a_part"), 5);
            ++found;
        }
    }
    EXPECT_EQ(found, 1u);
}

TEST_F(PlanCommand, ChosenPartsAndPrecision) {
    succeeds(with(shape, {"--parts", "7,4", "--precision", "bf16", "--json", "plan.json"}));
    const nlohmann::json rows = json("plan.json").at("rows");
    ASSERT_EQ(rows.size(), 4u);
    for (const nlohmann::json& row : rows) {
        EXPECT_EQ(row.at("precision"), "bf16");
    }
    EXPECT_EQ(rows[0].at("parts"), 7);
    EXPECT_EQ(rows[0].at("steps_a_part"), 5);  // six of five steps: seven cannot be made
    EXPECT_EQ(rows[3].at("parts"), 4);
}

// Every buffer begins where the one before it ends, rounded up to 64 bytes, and the last ends at the total.
TEST_F(PlanCommand, BuffersAddUpToTheTotal) {
    for (const Arguments& machine : std::vector<Arguments>{{},
                                                           {"--precision", "mixed", "--tape", "lean"},
                                                           {"--precision", "bf16", "--threads", "3"},
                                                           {"--rule", "adam", "--clipping", "--auxiliary"}}) {
        const std::string table =
            succeeds(with(with(shape, {"--buffers", "5", "--json", "plan.json"}), machine));
        const nlohmann::json plan = json("plan.json");
        std::size_t end = 0;
        for (const nlohmann::json& buffer : plan.at("buffers")) {
            EXPECT_EQ(buffer.at("offset"), end) << buffer;
            const auto bytes = buffer.at("bytes").get<std::size_t>();
            end = (end + bytes + 63) / 64 * 64;
            EXPECT_EQ(row_of(table, buffer.at("name")).back(), std::to_string(bytes));
        }
        EXPECT_EQ(plan.at("total_bytes"), end);
        EXPECT_EQ(row_of(table, "total").back(), std::to_string(end));
    }
    EXPECT_EQ(json("plan.json").at("buffers").at(4).at("name"), "moment.second");
}

// What the chip's training program sets aside; that it touches as much is SimulateTraining's matter.
TEST_F(PlanCommand, OfTheProgramForAChip) {
    struct Case {
        std::string chip;
        Arguments settings;
        learn::Precision precision;
        std::uint32_t side;
        std::uint32_t cores;
    };
    for (const Case& c : std::vector<Case>{
             {"ms4-c1", {}, learn::Precision::bf16, 4, 1},
             {"ms8-c4", {}, learn::Precision::bf16, 8, 4},
             {"fp32-ms4-c1", {"--set", "soc.cores=2"}, learn::Precision::fp32, 4, 2},
             {"ms4-c2",
              {"--set", "gemmini.spatial_array_type=fp32", "--set", "gemmini.accumulator_type=fp32"},
              learn::Precision::mixed,
              4,
              2}}) {
        learn::Plan plan{.shape = {2, 20, 3},
                         .batch = 5,
                         .steps = 30,
                         .parts = 6,
                         .precision = c.precision,
                         .array_side = c.side,
                         .members = c.cores};
        const Arguments command = with(with(shape, {"--chip", chip_file(c.chip)}), c.settings);
        succeeds(with(command, {"--parts", "6", "--json", "plan.json"}));
        const nlohmann::json rows = json("plan.json").at("rows");
        ASSERT_EQ(rows.size(), 1u) << c.chip;
        EXPECT_EQ(rows[0].at("bytes"), learn::layout(plan).value().total) << c.chip;
        succeeds(with(command, {"--buffers", "6", "--json", "plan.json"}));
        EXPECT_EQ(json("plan.json").at("total_bytes"), learn::layout(plan).value().total) << c.chip;
    }
    refuses(1, {"int8", "gemmini.input_type", "bf16 or fp32"}, {"plan", "--chip", chip_file("int8-default")});
    refuses(1, {"missing.toml"}, {"plan", "--chip", "missing.toml"});
    refuses(2, {"--chip", "--precision"}, {"plan", "--chip", chip_file("ms4-c1"), "--precision", "bf16"});
    refuses(2, {"--set", "--chip"}, {"plan", "--set", "soc.cores=2"});
}

TEST_F(PlanCommand, AgainstPublishedFigures) {
    write_text("published.csv", "parts,fp32,bf16\n1,2.0,1.0\n5,0.5,0.25\n");
    succeeds(with(shape, {"--against", "published.csv", "--json", "plan.json"}));
    const nlohmann::json plan = json("plan.json");
    for (const nlohmann::json& row : plan.at("rows")) {
        const double published =
            (row.at("parts") == 1 ? 2.0 : 0.5) * (row.at("precision") == "fp32" ? 1.0 : 0.5);
        EXPECT_EQ(row.at("published_mib"), published);
        EXPECT_NEAR(row.at("share_of_published"), row.at("bytes").get<double>() / 1048576.0 / published,
                    1e-12);
    }
    refuses(1, {"missing.csv", "cannot be read", "parts,fp32,bf16"},
            with(shape, {"--against", "missing.csv"}));
    write_text("bad.csv", "parts,fp32,bf16\n1,2.0,1.0\nfive,1,1\n");
    refuses(1, {"bad.csv", "line 3", "'five,1,1'", "three numbers"}, with(shape, {"--against", "bad.csv"}));
    write_text("bad.csv", "K,fp32\n");
    refuses(1, {"bad.csv", "line 1", "'K,fp32'", "parts,fp32,bf16"}, with(shape, {"--against", "bad.csv"}));
}

TEST_F(PlanCommand, RefusesImpossibleSizes) {
    const std::string least = "must each be at least 1";
    for (const std::string option :
         {"--input", "--hidden", "--classes", "--batch", "--steps", "--parts", "--buffers"}) {
        refuses(2, {"cannot plan", least}, {"plan", option, "0"});
    }
    refuses(2, {"steps 30, parts 31", "more parts than it has steps"}, with(shape, {"--parts", "31"}));
    refuses(2, {"steps 30, parts 31", "more parts than it has steps"}, with(shape, {"--buffers", "31"}));
    const std::string memory = "more memory than can be addressed";
    refuses(2, {"hidden 1073741824", "batch 1073741824", memory},
            {"plan", "--hidden", "1073741824", "--batch", "1073741824"});
    refuses(2, {memory}, {"plan", "--hidden", "4294967295"});
    refuses(2, {memory}, {"plan", "--steps", "4294967295"});
    // Not the sizes, their product: 2^30 steps of 2^20 sequences.
    refuses(2, {memory},
            {"plan", "--steps", "1073741824", "--batch", "1048576", "--hidden", "1", "--parts", "1"});
    refuses(2, {"--hidden", "4294967296"}, {"plan", "--hidden", "4294967296"});
    refuses(2, {"--hidden", "-1"}, {"plan", "--hidden", "-1"});
    refuses(2, {"--hidden", "many"}, {"plan", "--hidden", "many"});
    refuses(2, {"--threads", "1024"}, {"plan", "--threads", "0"});
    refuses(2, {"--threads", "1024"}, {"plan", "--threads", "1025"});
}

TEST_F(PlanCommand, LargeSizesThatCanBePlannedAre) {
    // A prime number of steps near the limit has two divisors, found without trying a billion.
    const std::string table = succeeds({"plan", "--steps", "1073741789", "--hidden", "1", "--batch", "1"});
    EXPECT_EQ(row_of(table, "1073741789").at(1), "1");
}

}  // namespace
}  // namespace partita::test
