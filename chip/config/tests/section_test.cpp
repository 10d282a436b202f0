// The reader of sections, on a struct that has a field of every kind.

#include "chip/config/section.hpp"

#include <gtest/gtest.h>

#include "chip/config/lines.hpp"
#include "support.hpp"

namespace partita::chip::config::test {

enum class Colour : std::uint8_t { red, green };
constexpr const char* colour_names[] = {"red", "green"};
constexpr std::span<const char* const> names(Colour) {
    return colour_names;
}

namespace {

struct Lamp {
    std::uint32_t bulbs = 4;
    std::uint64_t watts = 60;
    std::uint32_t serial = 0;
    std::uint32_t side = 8;
    bool lit = true;
    Colour colour = Colour::red;
    std::string maker = "nobody";

    template <typename Self, typename Visitor>
    static void fields(Self& self, Visitor&& visit) {
        visit("bulbs", self.bulbs, Bounds{1, 64});
        visit("watts", self.watts);
        visit("serial", self.serial);
        visit("side", self.side, Bounds{2, 64, true});
        visit("lit", self.lit);
        visit("colour", self.colour);
        visit("maker", self.maker);
    }
};

const std::string good =
    "[lamp]\n"
    "bulbs = 64\n"
    "watts = 9_223_372_036_854_775_807\n"
    "side = 0x20\n"
    "serial = 4_294_967_295\n"
    "lit = false\n"
    "colour = \"green\"\n"
    "maker = \"someone\"\n";

Lamp read(const std::string& text) {
    return read_section<Lamp>(Document(text, "lamp.toml"), "lamp");
}

// The sentence about `good` with `from` replaced by `to`, without its beginning.
std::string complaint(const std::string& from, const std::string& to) {
    const std::string prefix = "reading the chip 'lamp.toml', ";
    const std::string sentence = sentence_of([&] { read(with(good, from, to)); });
    EXPECT_TRUE(sentence.starts_with(prefix)) << sentence;
    return sentence.substr(std::min(prefix.size(), sentence.size()));
}

TEST(Section, ReadsEveryKindOfField) {
    const Lamp lamp = read(good);
    EXPECT_EQ(lamp.bulbs, 64U);
    EXPECT_EQ(lamp.watts, 0x7fff'ffff'ffff'ffffU);
    EXPECT_EQ(lamp.side, 32U);
    EXPECT_FALSE(lamp.lit);
    EXPECT_EQ(lamp.colour, Colour::green);
    EXPECT_EQ(lamp.maker, "someone");
}

TEST(Section, ReadsKeysInAnyOrder) {
    EXPECT_EQ(read("[lamp]\nmaker='x'\ncolour='red'\nlit=true\nside=2\nserial=0\nwatts=0\nbulbs=1\n").bulbs,
              1U);
}

TEST(Section, SaysWhereANumberIsOutOfBounds) {
    EXPECT_EQ(complaint("bulbs = 64", "bulbs = 0"),
              "line 2: lamp.bulbs is 0, expected an integer from 1 to 64");
    EXPECT_EQ(complaint("bulbs = 64", "bulbs = 65"),
              "line 2: lamp.bulbs is 65, expected an integer from 1 to 64");
    EXPECT_EQ(complaint("bulbs = 64", "bulbs = -1"),
              "line 2: lamp.bulbs is -1, expected an integer from 1 to 64");
    EXPECT_EQ(complaint("9_223_372_036_854_775_807", "-9_223_372_036_854_775_808"),
              "line 3: lamp.watts is -9223372036854775808, expected an integer of at least 0");
    EXPECT_EQ(complaint("bulbs = 64", "bulbs = 4294967297"),
              "line 2: lamp.bulbs is 4294967297, expected an integer from 1 to 64");
}

TEST(Section, HoldsANumberToWhatItsFieldCanHold) {
    EXPECT_EQ(read(good).serial, 0xffff'ffffU);
    EXPECT_EQ(complaint("4_294_967_295", "4_294_967_296"),
              "line 5: lamp.serial is 4294967296, expected an integer from 0 to 4294967295");
}

TEST(Section, SaysWhereANumberIsNoPowerOfTwo) {
    EXPECT_EQ(complaint("0x20", "48"), "line 4: lamp.side is 48, expected a power of two from 2 to 64");
    EXPECT_EQ(complaint("0x20", "1"), "line 4: lamp.side is 1, expected a power of two from 2 to 64");
    EXPECT_EQ(complaint("0x20", "0"), "line 4: lamp.side is 0, expected a power of two from 2 to 64");
}

TEST(Section, SaysWhereATypeIsWrong) {
    EXPECT_EQ(complaint("= 64", "= nan"),
              "line 2: lamp.bulbs is nan (a floating-point number), expected an integer from 1 to 64");
    EXPECT_EQ(complaint("= 64", "= 4.0"),
              "line 2: lamp.bulbs is 4.0 (a floating-point number), expected an integer from 1 to 64");
    EXPECT_EQ(complaint("= 64", "= \"4\""),
              "line 2: lamp.bulbs is the text '4', expected an integer from 1 to 64");
    EXPECT_EQ(complaint("= 64", "= true"), "line 2: lamp.bulbs is true, expected an integer from 1 to 64");
    EXPECT_EQ(complaint("= 64", "= [4]"), "line 2: lamp.bulbs is an array, expected an integer from 1 to 64");
    EXPECT_EQ(complaint("= 64", "= { a = 4 }"),
              "line 2: lamp.bulbs is a section, expected an integer from 1 to 64");
    EXPECT_EQ(complaint("= 64", "= 2024-01-01"),
              "line 2: lamp.bulbs is a date or time, expected an integer from 1 to 64");
    EXPECT_EQ(complaint("= false", "= 0"), "line 6: lamp.lit is 0, expected true or false");
    EXPECT_EQ(complaint("\"someone\"", "7"), "line 8: lamp.maker is 7, expected a text");
}

TEST(Section, SaysWhatAChoiceMayBe) {
    EXPECT_EQ(complaint("\"green\"", "\"blue\""),
              "line 7: lamp.colour is the text 'blue', expected one of \"red\", \"green\"");
    EXPECT_EQ(complaint("\"green\"", "1"), "line 7: lamp.colour is 1, expected one of \"red\", \"green\"");
    EXPECT_EQ(complaint("\"green\"", "\"\""),
              "line 7: lamp.colour is the text '', expected one of \"red\", \"green\"");
}

TEST(Section, SaysWhichKeyIsMissing) {
    EXPECT_EQ(complaint("side = 0x20\n", ""),
              "line 1: lamp.side is missing, expected a power of two from 2 to 64");
    EXPECT_EQ(complaint("colour = \"green\"\n", ""),
              "line 1: lamp.colour is missing, expected one of \"red\", \"green\"");
    EXPECT_EQ(complaint("lit = false\n", ""), "line 1: lamp.lit is missing, expected true or false");
    EXPECT_EQ(complaint("maker = \"someone\"\n", ""), "line 1: lamp.maker is missing, expected a text");
}

TEST(Section, SaysWhichKeyIsUnknown) {
    EXPECT_EQ(complaint("bulbs", "bulb"), "line 2: lamp.bulb is an unknown key, did you mean 'bulbs'?");
    EXPECT_EQ(complaint("lit = false\n", "lit = false\nweight = 1\n"),
              "line 7: lamp.weight is an unknown key, expected only bulbs, watts, serial, side, lit, colour, "
              "maker");
    EXPECT_EQ(
        complaint("lit = false\n", "lit = false\nspare.bulbs = 1\n"),
        "line 7: lamp.spare is an unknown key, expected only bulbs, watts, serial, side, lit, colour, maker");
}

TEST(Section, SaysWhereTheTextIsNoToml) {
    EXPECT_TRUE(complaint("side = 0x20", "side 0x20").starts_with("line 4: "))
        << complaint("side = 0x20", "side 0x20");
    EXPECT_TRUE(complaint("side = 0x20", "side = 0x20\nside = 2").starts_with("line 5: ")) << "twice";
    EXPECT_TRUE(complaint("9_223_372_036_854_775_807", "9_223_372_036_854_775_808").starts_with("line 3: "));
    EXPECT_TRUE(complaint("someone", "some\xffone").starts_with("line 8: ")) << "no UTF-8";
}

TEST(Lines, ShowEveryKindOfField) {
    std::vector<Line> lines;
    append_lines("lamp", read(good), lines);
    EXPECT_EQ(text_of(lines),
              "lamp.bulbs = 64\nlamp.watts = 9223372036854775807\nlamp.serial = 4294967295\nlamp.side = "
              "32\nlamp.lit = false\n"
              "lamp.colour = green\nlamp.maker = someone\n");
}

// The offset basis alone, and the algorithm written out once more with its prime in decimal.
TEST(Lines, AreHashedByFnv1a) {
    EXPECT_EQ(fingerprint_of({}), 0xcbf2'9ce4'8422'2325U);
    const std::vector<Line> lines{{"a", "1"}};  // "a = 1\n"
    std::uint64_t expected = 0xcbf2'9ce4'8422'2325;
    for (const char letter : {'a', ' ', '=', ' ', '1', '\n'}) {
        expected ^= static_cast<std::uint64_t>(letter);
        expected *= 1'099'511'628'211;
    }
    EXPECT_EQ(fingerprint_of(lines), expected);
}

}  // namespace
}  // namespace partita::chip::config::test
