// One hart with everything around it: host, regions, accelerator, limits.

#include "chip/soc/system.hpp"

#include <bit>
#include <numeric>

#include "chip/soc/tests/machine_program.hpp"

namespace partita::chip::soc::test {
namespace {

std::uint64_t all_spent(const System& system, unsigned hart) {
    std::uint64_t sum = 0;
    for (unsigned cause = 0; cause < cause_count; ++cause) {
        sum += system.core(hart).spent(static_cast<rocket::Cause>(cause));
    }
    return sum;
}

TEST(System, ExitCodeComesThroughTheHostsWord) {
    for (const int code : {0, 1, 42, 1000}) {
        Listing program;
        program.exit(code);
        const Simulated run(1, program);
        EXPECT_EQ(run.exit_code(), static_cast<std::uint64_t>(code));
        EXPECT_GT(run.cycles(), 0u);
    }
}

TEST(System, WritesGoToTheConsole) {
    Listing program;
    // Twice: the reply must be taken before the second request.
    const std::string text = "step 1\n";
    std::uint64_t letters = 0;
    std::memcpy(&letters, text.data(), text.size());
    program.data({64, 1, data_free + 64, text.size(), 0, 0, 0, 0, letters});
    for (int time = 0; time < 2; ++time) {
        program.la(a0, data_free);
        program.i(Op::addi, t0, zero, 64);
        program.s(Op::sd, t0, 0, a0);
        program.la(a1, to_host);
        program.la(a2, from_host);
        program.s(Op::sd, a0, 0, a1);
        const Address head = program.here();
        program.l(Op::ld, t0, 0, a2);
        program.b(Op::beq, t0, zero, head);
        program.s(Op::sd, zero, 0, a2);
    }
    program.exit(0);
    const Simulated run(1, program);
    EXPECT_EQ(run.console(), text + text);
    EXPECT_EQ(run.word(0), text.size()) << "the result of the call";
}

TEST(System, RegionsNestAndAddUp) {
    Listing program;
    program.nops(3);
    program.region(7);
    program.nops(10);
    program.region(2000);
    program.nops(100);
    program.region(0);
    program.nops(20);
    program.region(2000);
    program.region(0);
    program.region(0);
    program.exit(0);
    const Simulated run(1, program);
    const Ledger& ledger = run.system().ledger();
    const Account& outer = ledger.account(0, 7);
    const Account& inner = ledger.account(0, 2000);
    EXPECT_EQ(outer.entries, 1u);
    EXPECT_EQ(inner.entries, 2u);
    // A mark belongs to the region that it opens; one that closes belongs to the region around.
    EXPECT_EQ(inner.instructions, 1u + 100 + 1);
    EXPECT_EQ(outer.instructions, 1u + 10 + 1 + 20 + 1);
    EXPECT_GE(inner.cycles(), inner.instructions);
    std::uint64_t instructions = 0;
    std::uint64_t cycles = 0;
    std::array<std::uint64_t, cause_count> causes{};
    for (unsigned region = 0; region < ledger.regions(); ++region) {
        const Account& account = ledger.account(0, region);
        instructions += account.instructions;
        cycles += account.cycles();
        for (unsigned cause = 0; cause < cause_count; ++cause) {
            causes[cause] += account.causes[cause];
        }
    }
    EXPECT_EQ(instructions, run.system().core(0).state().instructions);
    EXPECT_EQ(cycles, run.cycles());
    EXPECT_EQ(cycles, all_spent(run.system(), 0));
    for (unsigned cause = 0; cause < cause_count; ++cause) {
        EXPECT_EQ(causes[cause], run.spent(0, static_cast<rocket::Cause>(cause)));
    }
}

// C = A B of 8 x 8, in BF16; integers so small that every sum is exact.
constexpr unsigned side = 8;
constexpr unsigned row_words = side * 2 / 8;
int left(unsigned i, unsigned k) {
    return static_cast<int>((i + k) % 3);
}
int right(unsigned k, unsigned j) {
    return static_cast<int>(k * j % 5) - 2;
}

std::uint64_t bf16(int value) {
    return std::bit_cast<std::uint32_t>(static_cast<float>(value)) >> 16;
}

std::vector<std::uint64_t> operands() {
    std::vector<std::uint64_t> words(std::size_t{2} * side * row_words);
    for (unsigned row = 0; row < side; ++row) {
        for (unsigned column = 0; column < side; ++column) {
            const unsigned shift = 16 * (column % 4);
            const unsigned word = row * row_words + column / 4;
            words[word] |= bf16(left(row, column)) << shift;
            words[side * row_words + word] |= bf16(right(row, column)) << shift;
        }
    }
    return words;
}

constexpr unsigned result_word = 2 * side * row_words;
constexpr unsigned copy_word = result_word + side * row_words;
constexpr unsigned early_word = copy_word + side * row_words;

// The array computes C; the hart reads a word of it at once, then all after a fence.
Listing product() {
    Listing program;
    program.data(operands());
    const Address a = data_free;
    const Address c = data_free + Address{8} * result_word;
    constexpr std::uint64_t one = 0x3f80;
    program.la(a2, c);
    program.command(0, one << 32 | 1U << 16 | 1U << 2, std::uint64_t{1} << 48);
    for (const std::uint64_t channel : {0U, 1U, 2U}) {
        program.command(0, one << 32 | 4U << 16 | 1U << 8 | channel << 3 | 1U, side * 2);
    }
    program.command(0, 2, one << 32 | side * 2);
    program.region(1);
    program.command(9, 0, std::uint64_t{2} << 32 | 2U << 16 | 2U);
    program.command(10, a, a + std::uint64_t{side} * side * 2);
    program.command(11, 0, c);
    program.command(12, side, side);
    program.command(13, side, side);
    program.command(8, 0, 0);
    program.l(Op::ld, a3, 0, a2);
    program.fence();
    program.region(0);
    program.la(a4, data_free + Address{8} * copy_word);
    for (int word = 0; word < static_cast<int>(side * row_words); ++word) {
        program.l(Op::ld, t0, 8 * word, a2);
        program.s(Op::sd, t0, 8 * word, a4);
    }
    program.la(a4, data_free + Address{8} * early_word);
    program.s(Op::sd, a3, 0, a4);
    program.exit(0);
    return program;
}

TEST(System, AcceleratorComputesWhileTheHartGoesOn) {
    const Simulated run(1, product());
    bool any = false;
    for (unsigned i = 0; i < side; ++i) {
        for (unsigned j = 0; j < side; ++j) {
            int sum = 0;
            for (unsigned k = 0; k < side; ++k) {
                sum += left(i, k) * right(k, j);
            }
            const unsigned word = copy_word + i * row_words + j / 4;
            EXPECT_EQ(run.word(word) >> 16 * (j % 4) & 0xffff, bf16(sum)) << i << ", " << j;
            any = any || (i == 0 && j < 4 && sum != 0);
        }
    }
    ASSERT_TRUE(any) << "otherwise an early read tells nothing";
    EXPECT_EQ(run.word(early_word), 0u) << "without a fence the hart is too early";
    EXPECT_GT(run.spent(0, rocket::Cause::fence), 0u);
    const Activity total = run.system().activity();
    EXPECT_EQ(total.multiply_adds, std::uint64_t{side} * side * side);
    EXPECT_EQ(total.written_bytes, std::uint64_t{side} * side * 2);
    EXPECT_EQ(run.system().ledger().account(0, 1).activity.multiply_adds, total.multiply_adds)
        << "of the region in which it happens";
}

struct Heard final : TraceSink {
    std::vector<std::pair<unsigned, Cycle>> regions;
    std::vector<std::string> commands;
    void region(unsigned /*hart*/, unsigned region, Cycle at) override { regions.emplace_back(region, at); }
    void command(const char* unit, const char* name, Cycle first, Cycle last) override {
        EXPECT_LE(first, last);
        commands.push_back(std::string(unit) + " " + name);
    }
};

TEST(System, TracesDoNotDisturb) {
    Heard heard;
    RunOptions options;
    options.trace = &heard;
    const Simulated traced(chip_with(1), product(), options);
    const Simulated plain(1, product());
    const Simulated again(1, product());
    EXPECT_EQ(plain.record(), again.record());
    EXPECT_EQ(plain.record(), traced.record());
    ASSERT_EQ(heard.regions.size(), 2u);
    EXPECT_EQ(heard.regions[0].first, 1u);
    EXPECT_EQ(heard.regions[1].first, 0u);
    EXPECT_EQ(heard.regions[1].second - heard.regions[0].second,
              plain.system().ledger().account(0, 1).cycles());
    // 2 x 2 tiles of A in one command a row of tiles; 8 products of tiles; C a command a row of tiles.
    EXPECT_EQ(std::count(heard.commands.begin(), heard.commands.end(), "store MVOUT"), 2);
    EXPECT_FALSE(heard.commands.empty());
}

Listing endless() {
    Listing program;
    program.function("endless");
    const Address head = program.here();
    program.i(Op::addi, t0, t0, 1);
    program.j(zero, head);
    return program;
}

TEST(System, GivesUpAtTheLimit) {
    // Also where it lies before or between the looks at it.
    for (const Cycle limit : {Cycle{1}, Cycle{5000}, Cycle{1'500'000}}) {
        RunOptions options;
        options.limit = limit;
        const std::string said = "the limit of " + std::to_string(limit) + " cycles is reached";
        const std::string text = report_of(chip_with(1), endless(), options);
        EXPECT_TRUE(says(text, {said.c_str(), "hart 0 at cycle ", "endless", "accelerator: idle"}));
        // What is under way is finished: a jump, or the first fetch of code from memory.
        const Cycle reached = std::stoull(text.substr(text.find("at cycle ") + 9));
        EXPECT_GE(reached, limit);
        EXPECT_LT(reached, limit + 100);
    }
}

TEST(System, TellsHowFarItIs) {
    std::vector<Cycle> told;
    RunOptions options;
    options.limit = 3'500'000;
    options.progress = [&](Cycle cycles) { told.push_back(cycles); };
    report_of(chip_with(1), endless(), options);
    ASSERT_EQ(told.size(), 3u);
    EXPECT_GE(told[0], 1'000'000u);
    EXPECT_LT(told[2], 3'500'000u);
}

}  // namespace
}  // namespace partita::chip::soc::test
