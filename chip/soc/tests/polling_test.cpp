// Harts that wait for the accelerator's results without a fence, by looking at the results themselves.

#include <array>
#include <bit>

#include "chip/soc/tests/machine_program.hpp"

namespace partita::chip::soc::test::polling {
namespace {

// C = A B, 8 x 256 by 256 x 8, in BF16: long enough for harts that wait to be put aside. Integers so small
// that every sum is exact.
constexpr int side = 8;
constexpr int inner = 256;
int left(int i, int k) {
    return (i + k) % 3;
}
int right(int k, int j) {
    return k * j % 5 - 2;
}
std::uint64_t bf16(int value) {
    return std::bit_cast<std::uint32_t>(static_cast<float>(value)) >> 16;
}
std::uint64_t expected_word(int row, int word) {
    std::uint64_t bits = 0;
    for (int lane = 0; lane < 4; ++lane) {
        int sum = 0;
        for (int k = 0; k < inner; ++k) {
            sum += left(row, k) * right(k, 4 * word + lane);
        }
        bits |= bf16(sum) << 16 * lane;
    }
    return bits;
}

// Words from data_free on: A, B; then lines of their own.
constexpr Address a_matrix = data_free;
constexpr Address b_matrix = a_matrix + Address{side} * inner * 2;
constexpr Address c_matrix = b_matrix + Address{side} * inner * 2;
constexpr int c_words = side * side / 4;
constexpr Address flags = c_matrix + 0x1000;
constexpr Address seen = flags + 0x1000;  // for each hart: values, then cycles
constexpr Address seen_bytes = 0x1000;

std::vector<std::uint64_t> operands(bool with_a) {
    std::vector<std::uint64_t> words(std::size_t{2} * side * inner / 4);
    for (int k = 0; k < inner; ++k) {
        for (int i = 0; i < side; ++i) {
            const int a = i * inner + k;
            const int b = side * inner + k * side + i;
            words[static_cast<std::size_t>(a / 4)] |= with_a ? bf16(left(i, k)) << 16 * (a % 4) : 0;
            words[static_cast<std::size_t>(b / 4)] |= bf16(right(k, i)) << 16 * (b % 4);
        }
    }
    return words;
}

void issue_product(Listing& program) {
    constexpr std::uint64_t one = 0x3f80;
    program.command(0, one << 32 | 1U << 16 | 1U << 2, std::uint64_t{1} << 48);
    for (const std::uint64_t channel : {0U, 1U}) {
        program.command(0, one << 32 | 4U << 16 | 1U << 8 | channel << 3 | 1U,
                        channel == 0 ? inner * 2 : side * 2);
    }
    program.command(0, 2, one << 32 | std::uint64_t{side} * 2);
    program.command(9, 0, std::uint64_t{inner / 4} << 32 | 2U << 16 | 2U);
    program.command(10, a_matrix, b_matrix);
    program.command(11, 0, c_matrix);
    program.command(12, inner, side);
    program.command(13, side, side);
    program.command(8, 0, 0);
}

// How a hart looks for the results.
enum class Look { words, halves_backwards, alternating };

// Waits for every word of C, in the order of `look`; keeps each and the cycle in which it was there. In: a2
// C, a5 where to keep; s2 the sentinel, sign-extended.
void poll(Listing& program, Look look) {
    constexpr unsigned s2 = 18;
    program.i(Op::addi, s2, zero, -1);
    const auto keep = [&](int word) {
        program.csr(Op::csrrs, t1, mcycle, zero);
        program.l(Op::ld, t0, 8 * word, a2);
        program.s(Op::sd, t0, 8 * word, a5);
        program.s(Op::sd, t1, 8 * (c_words + word), a5);
    };
    switch (look) {
        case Look::words:
            for (int word = 0; word < c_words; ++word) {
                const Address head = program.here();
                program.l(Op::ld, t0, 8 * word, a2);
                program.b(Op::beq, t0, s2, head);
                keep(word);
            }
            break;
        case Look::halves_backwards:
            program.u(Op::lui, s2, 0x10);
            program.i(Op::addiw, s2, s2, -1);
            for (int word = c_words - 1; word >= 0; --word) {
                const Address head = program.here();
                program.l(Op::lhu, t0, 8 * word + 6, a2);
                program.b(Op::beq, t0, s2, head);
                keep(word);
            }
            break;
        case Look::alternating:
            // The first and the last row by turns, in one round of the loop and in two.
            for (int word = 0; word < c_words; word += 2) {
                const Address head = program.here();
                program.l(Op::lw, t0, 8 * word, a2);
                program.l(Op::lw, t1, 8 * (c_words - 1 - word), a2);
                program.b(Op::beq, t0, s2, head);
                program.b(Op::beq, t1, s2, head);
                keep(word);
                keep(c_words - 1 - word);
            }
            break;
    }
}

// Hart 0 presets C, tells the others by an AMO and starts the product; then all harts poll. No fence before
// everybody has all of C.
Listing polled(unsigned harts, const std::array<Look, 3>& looks) {
    Listing program;
    program.data(operands(false));
    program.csr(Op::csrrs, a0, mhartid, zero);
    program.la(a2, c_matrix);
    program.la(a4, flags);
    program.la(a5, seen);
    program.i(Op::slli, t0, a0, 12);
    program.r(Op::add, a5, a5, t0);
    for (unsigned hart = 1; hart < harts; ++hart) {
        program.i(Op::addi, t0, zero, static_cast<int>(hart));
        const Address another = program.forward(Op::bne, a0, t0);
        const Address wait = program.here();
        program.l(Op::ld, t0, 0, a4);
        program.b(Op::beq, t0, zero, wait);
        poll(program, looks[hart]);
        program.i(Op::addi, t0, zero, 1);
        program.r(Op::amoadd_d, zero, a4, t0);
        program.sleep();
        program.bind(another);
    }
    // A is dirty in the cache of hart 0 when the command comes.
    program.la(a3, a_matrix);
    for (int i = 0; i < side; ++i) {
        program.i(Op::addi, t2, a3, 0);
        for (int k = 0; k < 12; k += 4) {
            // Three words hold all that follows.
            std::uint64_t bits = 0;
            for (int lane = 0; lane < 4; ++lane) {
                bits |= bf16(left(i, k + lane)) << 16 * lane;
            }
            program.constant(static_cast<unsigned>(a6), bits);
            for (int at = k; at < inner; at += 12) {
                program.s(Op::sd, a6, 2 * at, t2);
            }
        }
        program.i(Op::addi, a3, a3, inner * 2);
    }
    program.i(Op::addi, t0, zero, -1);
    for (int word = 0; word < c_words; ++word) {
        program.s(Op::sd, t0, 8 * word, a2);
    }
    program.i(Op::addi, t0, zero, 1);
    program.r(Op::amoadd_d, zero, a4, t0);
    program.csr(Op::csrrs, t1, mcycle, zero);
    program.s(Op::sd, t1, 16 * c_words, a5);
    issue_product(program);
    poll(program, looks[0]);
    program.i(Op::addi, t1, zero, static_cast<int>(harts));
    const Address head = program.here();
    program.l(Op::ld, t0, 0, a4);
    program.b(Op::bne, t0, t1, head);
    program.fence();
    program.exit(0);
    return program;
}

std::uint64_t kept(const Simulated& run, unsigned hart, int place) {
    return run.system().memory().load<std::uint64_t>(seen + seen_bytes * hart + Address{8} * place);
}

struct Stores final : TraceSink {
    std::vector<std::pair<Cycle, Cycle>> all;
    void region(unsigned /*hart*/, unsigned /*region*/, Cycle /*at*/) override {}
    void command(const char* unit, const char* name, Cycle first, Cycle last) override {
        if (std::string(unit) == "store" && std::string(name) == "MVOUT") {
            all.emplace_back(first, last);
        }
    }
};

class Polling : public testing::TestWithParam<std::array<Look, 3>> {};

TEST_P(Polling, ResultsAreSeenWhenTheyAreWrittenAndNoSooner) {
    for (const unsigned harts : {1U, 2U, 3U}) {
        SCOPED_TRACE(harts);
        Stores stores;
        RunOptions options;
        options.trace = &stores;
        const Simulated run(chip_with(harts), polled(harts, GetParam()), options);
        ASSERT_EQ(run.exit_code(), 0u);
        ASSERT_EQ(stores.all.size(), 2u) << "one for each row of tiles";
        for (unsigned hart = 0; hart < harts; ++hart) {
            for (int word = 0; word < c_words; ++word) {
                EXPECT_EQ(kept(run, hart, word), expected_word(word / 2, word % 2)) << hart << ", " << word;
                const auto& [first, last] = stores.all[static_cast<std::size_t>(word / (c_words / 2))];
                const std::uint64_t at = kept(run, hart, c_words + word);
                EXPECT_GT(at, first + 10) << "before it can have been read and scaled";
                if (GetParam()[hart] == Look::words) {
                    // Seen soon: the last row follows the command's end by the scaler and the writer; then
                    // the line and, for each word, new code come from memory, about 60 cycles each.
                    EXPECT_LT(at, last + 200 + 100 * (static_cast<Cycle>(word) + 1)) << hart << ", " << word;
                }
            }
        }
    }
}

TEST_P(Polling, PuttingHartsAsideChangesNothing) {
    for (const unsigned harts : {1U, 2U, 3U}) {
        config::Chip chip = chip_with(harts);
        const Simulated skipping(chip, polled(harts, GetParam()));
        chip.rocket.skip_spins = false;
        const Simulated stepping(chip, polled(harts, GetParam()));
        EXPECT_EQ(skipping.cycles(), stepping.cycles()) << harts;
        for (unsigned hart = 0; hart < harts; ++hart) {
            for (int place = 0; place < 2 * c_words; ++place) {
                ASSERT_EQ(kept(skipping, hart, place), kept(stepping, hart, place)) << hart << ", " << place;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Looks, Polling,
                         testing::Values(std::array{Look::words, Look::words, Look::words},
                                         std::array{Look::words, Look::halves_backwards, Look::alternating},
                                         std::array{Look::alternating, Look::words, Look::halves_backwards},
                                         std::array{Look::halves_backwards, Look::alternating, Look::words}));

}  // namespace
}  // namespace partita::chip::soc::test::polling
