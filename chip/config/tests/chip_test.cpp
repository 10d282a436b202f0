#include "chip/config/chip.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "chip_text.hpp"
#include "support.hpp"

namespace partita::chip::config::test {
namespace {

std::string complaint(const std::string& text) {
    return sentence_of([&] { parse_chip(text, "x.toml"); });
}

TEST(Chip, ReadsWhatItIsWrittenAs) {
    Chip chip;
    chip.name = "odd-one-7";
    chip.description = "every room has something of its own";
    chip.soc.cores = 5;
    chip.rocket.btb_entries = 12;
    chip.memory.dram_read_latency = 99;
    chip.gemmini.mesh_side = 16;
    const Chip read = parse_chip(text_of_chip(chip), "x.toml");
    EXPECT_EQ(read.name, chip.name);
    EXPECT_EQ(read.description, chip.description);
    EXPECT_EQ(lines_of(read), lines_of(chip));
    EXPECT_EQ(read.soc.cores, 5U);
    EXPECT_EQ(read.rocket.btb_entries, 12U);
    EXPECT_EQ(read.memory.dram_read_latency, 99U);
    EXPECT_EQ(read.gemmini.mesh_side, 16U);
}

TEST(Chip, NeedsAllItsSectionsAndNoOthers) {
    const std::string good = text_of_chip({"x", "d", {}, {}, {}, {}});
    EXPECT_EQ(
        complaint(with(good, "[memory]", "[memories]")),
        "reading the chip 'x.toml', line " + line_of(good, "[memory]") +
            ": [memories] is an unknown section, expected only [soc], [rocket], [memory] and [gemmini]");
    EXPECT_EQ(complaint(good.substr(0, good.find("[gemmini]"))),
              "reading the chip 'x.toml': the section [gemmini] is missing");
    EXPECT_EQ(complaint(""), "reading the chip 'x.toml': the section [soc] is missing");
}

TEST(Chip, NeedsANameAndADescription) {
    const std::string good = text_of_chip({"x", "d", {}, {}, {}, {}});
    EXPECT_EQ(complaint(with(good, "name = \"x\"\n", "")),
              "reading the chip 'x.toml': name is missing, expected a text");
    EXPECT_EQ(complaint(with(good, "name = \"x\"\n", "name = \"X 1\"\n")),
              "reading the chip 'x.toml', line 1: name is the text 'X 1', expected 1 to 40 lower-case "
              "letters, digits "
              "and hyphens");
    EXPECT_EQ(complaint(with(good, "name = \"x\"\n", "name = \"x\"\nauthor = \"y\"\n")),
              "reading the chip 'x.toml', line 2: author is an unknown key, expected only name, description");
    EXPECT_EQ(complaint(with(good, "\"d\"", "\"\"\"a\nb\"\"\"")),
              "reading the chip 'x.toml', line 2: description has 3 characters or several lines, expected "
              "one line of "
              "at most 200");
}

TEST(Chip, NamesTheKeyThatIsWrong) {
    const std::string good = text_of_chip({"x", "d", {}, {}, {}, {}});
    EXPECT_EQ(complaint(with(good, "cores = 1", "cores = 0")),
              "reading the chip 'x.toml', line " + line_of(good, "cores = ") +
                  ": soc.cores is 0, expected an integer from 1 to 64");
    EXPECT_EQ(complaint(with(good, "scratchpad_bytes = 131072", "scratchpad_bytes = 131073")),
              "reading the chip 'x.toml', line " + line_of(good, "scratchpad_bytes") +
                  ": gemmini.scratchpad_bytes is 131073, expected a power of two from 1024 to 16777216");
}

// What each value allows, but not together.
TEST(Chip, ChecksWhatMustGoTogether) {
    const auto refused = [](const std::function<void(Chip&)>& change) {
        Chip chip;
        chip.name = "x";
        change(chip);
        const std::string sentence = complaint(text_of_chip(chip));
        const std::string prefix = "reading the chip 'x.toml': ";
        EXPECT_TRUE(sentence.starts_with(prefix)) << sentence;
        return sentence.substr(std::min(prefix.size(), sentence.size()));
    };
    EXPECT_EQ(refused([](Chip& chip) { chip.memory.base = 0x8000'0001; }),
              "memory.base is 0x80000001, expected a multiple of a cache line's 64 bytes");
    EXPECT_EQ(refused([](Chip& chip) { chip.soc.interruptor_base = 0x200'8000; }),
              "soc.interruptor_base is 0x2008000, expected a multiple of its 0x10000 bytes");
    EXPECT_EQ(refused([](Chip& chip) { chip.soc.interruptor_base = 0x8000'0000; }),
              "soc.interruptor_base 0x80000000 lies in main memory, memory.bytes 268435456 from memory.base "
              "0x80000000 on");
    EXPECT_EQ(refused([](Chip& chip) {
                  chip.soc.interruptor_base = chip.memory.base + chip.memory.bytes - 0x1'0000;
              }),
              "soc.interruptor_base 0x8fff0000 lies in main memory, memory.bytes 268435456 from memory.base "
              "0x80000000 on");
    EXPECT_EQ(refused([](Chip& chip) {
                  chip.memory.l2_bytes = 4096;
                  chip.memory.l2_ways = 64;
                  chip.rocket.dcache_sets = 1;
                  chip.rocket.dcache_ways = 1;
                  chip.memory.l2_bytes = 4096;
                  chip.soc.cores = 64;
                  chip.rocket.dcache_ways = 2;
              }),
              "memory.l2_bytes is 4096, less than the 64 data caches of 128 bytes (rocket.dcache_sets 1, "
              "rocket.dcache_ways 2, soc.cores 64), all of which an inclusive cache holds");
    EXPECT_EQ(refused([](Chip& chip) {
                  chip.rocket.bht_entries = 64;
                  chip.rocket.bht_history_bits = 7;
              }),
              "rocket.bht_history_bits is 7, more than index rocket.bht_entries 64");
    EXPECT_EQ(refused([](Chip& chip) { chip.rocket.dcache_beats = 8; }),
              "rocket.dcache_beats is 8, expected 4: a line of 64 bytes over memory.bus_bytes 16");
    EXPECT_EQ(refused([](Chip& chip) { chip.memory.dram_bus_bytes = 32; }),
              "memory.dram_bus_bytes is 32, expected at most memory.bus_bytes, 16");
    EXPECT_EQ(refused([](Chip& chip) { chip.gemmini.dma_bus_bytes = 32; }),
              "gemmini.dma_bus_bytes is 32, expected memory.bus_bytes, 16");
    EXPECT_NE(
        refused([](Chip& chip) { chip.gemmini.accumulator_type = gemmini::Number::int32; }).find("gemmini: "),
        std::string::npos);
}

TEST(Chip, SettingsStandForWhatTheFileSays) {
    const std::string text = text_of_chip({"x", "d", {}, {}, {}, {}});
    const std::vector<std::string> settings{"gemmini.accumulator_type=fp32", "soc.cores=0x4",
                                            "gemmini.scale_adds_zero=false",
                                            "gemmini.store_scale_type=\"fp32\""};
    const Chip read = parse_chip(text, "x.toml", settings);
    Chip expected;
    expected.gemmini.accumulator_type = gemmini::Number::fp32;
    expected.soc.cores = 4;
    expected.gemmini.scale_adds_zero = false;
    expected.gemmini.store_scale_type = gemmini::Number::fp32;
    EXPECT_EQ(lines_of(read), lines_of(expected));
    EXPECT_NE(fingerprint(read), fingerprint(Chip{}));
    EXPECT_EQ(read.name,
              "x + gemmini.accumulator_type=fp32 + soc.cores=4 + gemmini.scale_adds_zero=false + "
              "gemmini.store_scale_type=fp32");
    EXPECT_EQ(read.description, "d");
}

TEST(Chip, SettingsAreCheckedLikeTheFile) {
    const std::string good = text_of_chip({"x", "d", {}, {}, {}, {}});
    const auto refused = [&](const std::vector<std::string>& settings, const std::string& text) {
        const std::string sentence = sentence_of([&] { parse_chip(text, "x.toml", settings); });
        const std::string prefix = "reading the chip 'x.toml'";
        EXPECT_TRUE(sentence.starts_with(prefix)) << sentence;
        return sentence.substr(std::min(prefix.size(), sentence.size()));
    };
    EXPECT_EQ(refused({"soc.cores=0"}, good),
              " with soc.cores=0: soc.cores is 0, expected an integer from 1 to 64");
    EXPECT_EQ(refused({"soc.cores=two"}, good),
              " with soc.cores=two: soc.cores is the text 'two', expected an integer from 1 to 64");
    EXPECT_EQ(refused({"soc.cores="}, good),
              " with soc.cores=: soc.cores is the text '', expected an integer from 1 to 64");
    EXPECT_TRUE(refused({"soc.cores=1\nx=2"}, good).ends_with("expected an integer from 1 to 64"));
    EXPECT_EQ(refused({"soc.coers=2"}, good),
              " with soc.coers=2: soc.coers is an unknown key, did you mean 'cores'?");
    EXPECT_EQ(refused({"sock.cores=2"}, good),
              ": the setting 'sock.cores=2' is of an unknown section, expected one of soc, rocket, memory, "
              "gemmini");
    for (const char* word : {"", "soc.cores", "cores=2", "=soc.cores", "name=y"}) {
        EXPECT_EQ(refused({word}, good), fmt::format(": the setting '{}' is not section.key=value", word));
    }
    EXPECT_EQ(refused({"soc.cores=2", "soc.cores=2"}, good),
              " with soc.cores=2: the setting 'soc.cores=2' is the second of its key");
    EXPECT_EQ(refused({"soc.cores=2", "memory.dram_bus_bytes=32"}, good),
              " with soc.cores=2, memory.dram_bus_bytes=32: memory.dram_bus_bytes is 32, expected at most "
              "memory.bus_bytes, 16");
    // What is wrong in the file remains the file's, but for the value that is replaced.
    const std::string bad = with(good, "cores = 1", "cores = 0");
    EXPECT_EQ(refused({"memory.bytes=0x100000"}, bad),
              ", line " + line_of(good, "cores = ") + ": soc.cores is 0, expected an integer from 1 to 64");
    const std::vector<std::string> mended{"soc.cores=2"};
    EXPECT_EQ(parse_chip(bad, "x.toml", mended).soc.cores, 2U);
}

TEST(Chip, FilesThatCannotBeRead) {
    EXPECT_EQ(sentence_of([] { read_chip("no/such.toml"); }),
              "reading the chip 'no/such.toml': there is no such file");
    EXPECT_EQ(sentence_of([] { read_chip("/"); }), "reading the chip '/': it is not a regular file");
    const auto path = std::filesystem::temp_directory_path() / "partita_large_chip.toml";
    std::ofstream(path) << std::string(largest_chip_file + 1, '#');
    EXPECT_EQ(
        sentence_of([&] { read_chip(path); }),
        fmt::format("reading the chip '{}': it has 1048577 bytes, expected at most 1048576", path.string()));
    std::filesystem::remove(path);
}

TEST(Chip, EveryValueIsInTheFingerprint) {
    const Chip plain;
    Chip renamed;
    renamed.name = "other";
    renamed.description = "other";
    EXPECT_EQ(fingerprint(renamed), fingerprint(plain));
    // Each field in turn, whatever its kind.
    std::size_t fields = 0;
    const auto change = [&](Chip& chip, std::size_t which) {
        std::size_t index = 0;
        const auto visit = [&](const char*, auto& field, const auto&...) {
            using Field = std::remove_cvref_t<decltype(field)>;
            if (index++ == which) {
                field = static_cast<Field>(static_cast<std::uint64_t>(field) ^ 1);
            }
        };
        soc::Config::fields(chip.soc, visit);
        rocket::Config::fields(chip.rocket, visit);
        memory::Config::fields(chip.memory, visit);
        gemmini::Config::fields(chip.gemmini, visit);
        fields = index;
    };
    Chip unchanged;
    change(unchanged, ~std::size_t{0});
    EXPECT_EQ(fields, lines_of(plain).size());
    for (std::size_t which = 0; which < fields; ++which) {
        Chip chip;
        change(chip, which);
        EXPECT_NE(fingerprint(chip), fingerprint(plain)) << lines_of(plain)[which].key;
    }
}

}  // namespace
}  // namespace partita::chip::config::test
