#include "explore/validation.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "chip/base/error.hpp"
#include "data/tests/support.hpp"

namespace partita::explore {
namespace {

struct ValidationTest : testing::Test {
    data::test::TemporaryDirectory folder;
    std::filesystem::path file = folder / "measurements.csv";

    void write(const std::string& text) const { std::ofstream(file) << text; }
    std::string sentence() const {
        try {
            read_measurements(file);
        } catch (const chip::ChipError& error) {
            return error.what();
        }
        return "no error";
    }
};

TEST_F(ValidationTest, ReadsAllPublishedPoints) {
    const Measurements all = read_measurements(PARTITA_PUBLISHED "/cycles.csv");
    EXPECT_EQ(all.size(), 48u);
    for (const auto& [point, cycles] : all) {
        std::uint64_t sum = 0;
        for (const auto& [function, count] : cycles) {
            sum += function == "total" ? 0 : count;
        }
        // Rounded to whole cycles function by function.
        EXPECT_NEAR(static_cast<double>(sum), static_cast<double>(cycles.at("total")), 12.0) << point.name();
    }
}

TEST_F(ValidationTest, SaysWhatIsWrongWithAFile) {
    EXPECT_NE(sentence().find("cannot be read"), std::string::npos);
    write("a,b\n");
    EXPECT_NE(sentence().find("expected 'mesh,cores,parts,function,cycles'"), std::string::npos);
    write("mesh,cores,parts,function,cycles\n4,1,1,tanh\n");
    EXPECT_NE(sentence().find(":2: found 4 fields, expected 5"), std::string::npos);
    write("mesh,cores,parts,function,cycles\n4,1,x,tanh,5\n");
    EXPECT_NE(sentence().find("found 'x', expected a whole number"), std::string::npos);
    write("mesh,cores,parts,function,cycles\n4,1,1,tanh,5\n4,1,1,tanh,6\n");
    EXPECT_NE(sentence().find(":3: ms4-c1-k1 tanh is there twice"), std::string::npos);
    write("mesh,cores,parts,function,cycles\n4,1,1,total,5\n8,1,2,tanh,6\n");
    EXPECT_NE(sentence().find("ms8-c1-k2 has no row 'total'"), std::string::npos);
    write("mesh,cores,parts,function,cycles\n");
    EXPECT_NE(sentence().find("no measurements"), std::string::npos);
}

TEST_F(ValidationTest, TakesHartZerosRegionsFromARecord) {
    const auto record = nlohmann::ordered_json::parse(R"json({"harts": [
        {"regions": [{"region": "tanh", "cycles": 30}, {"region": "sigmoid", "cycles": 12},
                     {"region": "(outside)", "cycles": 5}]},
        {"regions": [{"region": "tanh", "cycles": 1000}]}]})json");
    const Cycles cycles = cycles_of(record, {"tanh", "sigmoid", "total"});
    EXPECT_EQ(cycles.at("tanh"), 30u);
    EXPECT_EQ(cycles.at("total"), 42u) << "what no function claims is not in the total";
    EXPECT_THROW(cycles_of(record, {"softmax"}), chip::ChipError);
}

TEST_F(ValidationTest, ARunIsNotRepeatedIfItsRecordIsThere) {
    const std::string record =
        R"({"record": 1, "chip": {"fingerprint": "00ff"}, "program": {"hash": "1234"}})";
    EXPECT_FALSE(stored_record(file, "00ff", "1234")) << "no file";
    write(record);
    ASSERT_TRUE(stored_record(file, "00ff", "1234"));
    EXPECT_EQ(stored_record(file, "00ff", "1234")->at("record"), 1);
    EXPECT_FALSE(stored_record(file, "00fe", "1234")) << "another chip";
    EXPECT_FALSE(stored_record(file, "00ff", "1235")) << "another program";
    for (const std::string& other : {record.substr(0, record.size() / 2), std::string("[]"), std::string(),
                                     std::string(R"({"chip": 5})"), std::string("\0\1", 2)}) {
        write(other);
        EXPECT_FALSE(stored_record(file, "00ff", "1234")) << other;
    }
}

TEST_F(ValidationTest, ErrorsAreMeansOfAbsoluteValuesAndTheWorstKeepsItsSign) {
    const Measurements published{
        {{4, 1, 1}, {{"tanh", 100}}}, {{4, 1, 2}, {{"tanh", 200}}}, {{4, 1, 7}, {{"tanh", 7}}}};
    const Measurements simulated{{{4, 1, 1}, {{"tanh", 110}}}, {{4, 1, 2}, {{"tanh", 160}}}};
    const Error error = errors(published, simulated).at("tanh");
    EXPECT_DOUBLE_EQ(error.mean, (0.1 + 0.2) / 2);
    EXPECT_DOUBLE_EQ(error.worst, 160.0 / 200.0 - 1.0);
    EXPECT_EQ(error.where, "ms4-c1-k2");
    EXPECT_EQ(error.points, 2u);
}

}  // namespace
}  // namespace partita::explore
