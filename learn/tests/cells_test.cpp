// The kernels of the array's backend beside the portable arithmetic, one number at a time and bit for bit:
// every batch up to 9 and two longer ones, rows with and without gaps and off whole words, every way to leave
// a result out, and values of every kind.

#include "gemmini/cells.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "portable/cell.hpp"
#include "support.hpp"

namespace partita::learn::test {
namespace {

constexpr std::uint32_t batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20};
constexpr std::uint32_t unit_counts[] = {1, 3, 4, 8};

// Mostly numbers as they occur in training; else any bits, zeros, subnormals, infinities or NaN.
float draw_value(Random& random) {
    constexpr float special[] = {0.0f,
                                 -0.0f,
                                 0x1p-149f,
                                 -0x1p-130f,
                                 0x1p-126f,
                                 1.0f,
                                 -1.0f,
                                 3.46875f,
                                 -3.453125f,
                                 0x1p-4f,
                                 -0x1.fep-5f,
                                 0x1p-8f,
                                 256.0f,
                                 -255.0f,
                                 128.0f,
                                 -127.5f,
                                 std::numeric_limits<float>::max(),
                                 std::numeric_limits<float>::infinity(),
                                 -std::numeric_limits<float>::infinity(),
                                 std::numeric_limits<float>::quiet_NaN()};
    switch (draw(random) % 32) {
        case 0:
            return special[draw(random) % std::size(special)];
        case 1: {
            const auto any = std::bit_cast<float>(draw(random));
            return std::isnan(any) ? std::numeric_limits<float>::quiet_NaN() : any;
        }
        case 2:
            return uniform(random, 300.0f);
        default:
            return uniform(random, 8.0f);
    }
}

// What a gate can be, or a number that is none.
float draw_gate(Random& random) {
    return draw(random) % 64 == 0 ? draw_value(random) : uniform(random, 1.0f);
}

template <typename T>
bool same(T a, T b) {
    return std::bit_cast<std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>>(a) ==
               std::bit_cast<std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>>(b) ||
           (std::isnan(value(a)) && std::isnan(value(b)) &&
            (sizeof(T) == 4 || std::bit_cast<std::uint16_t>(narrow(value(a))) == 0x7FC0));
}

// How rows of a matrix lie: `gap` elements between them, the first one `offset` elements behind whole words.
struct RowSpacing {
    std::uint32_t batch;
    std::uint32_t gap;
    std::uint32_t offset;
};

struct CellCase {
    std::uint32_t groups;
    std::uint32_t units;  // of a group
    RowSpacing tape;      // gates and cell states of all steps
    RowSpacing step;      // what one step has
    std::string what;

    std::uint32_t batch() const { return tape.batch; }
    std::uint32_t all_units() const { return groups * units; }
    // The row of a unit's gate.
    std::uint32_t row(std::uint32_t gate, std::uint32_t unit) const {
        return (unit / units * gate_count + gate) * units + unit % units;
    }
};

// A matrix with a border that must not change.
template <typename T>
class Matrix {
  public:
    Matrix(std::size_t rows, RowSpacing spacing)
        : stride_(spacing.batch + spacing.gap),
          batch_(spacing.batch),
          rows_(rows),
          offset_(spacing.offset + 8),
          bytes_((offset_ + rows * stride_ + 8) * sizeof(T)) {
        for (std::size_t i = 0; i < bytes_.bytes().size() / sizeof(T); ++i) {
            put(-77.0f, all()[i]);
        }
    }
    template <typename Draw>
    Matrix(std::size_t rows, RowSpacing spacing, Random& random, const Draw& draw_one)
        : Matrix(rows, spacing) {
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t b = 0; b < batch_; ++b) {
                put(draw_one(random), at(r, b));
            }
        }
    }
    Matrix(const Matrix& other)
        : Matrix(other.rows_, {other.batch_, static_cast<std::uint32_t>(other.stride_ - other.batch_),
                               static_cast<std::uint32_t>(other.offset_ - 8)}) {
        std::copy_n(other.all(), bytes_.bytes().size() / sizeof(T), all());
    }
    Matrix& operator=(const Matrix&) = delete;

    T& at(std::size_t r, std::size_t b) { return all()[offset_ + r * stride_ + b]; }
    float number(std::size_t r, std::size_t b) { return value(at(r, b)); }
    Rows<T> rows() { return {all() + offset_, stride_}; }
    Rows<const T> constant() { return {all() + offset_, stride_}; }

    void expect_same(Matrix& expected, const std::string& what) {
        for (std::size_t i = 0; i < bytes_.bytes().size() / sizeof(T); ++i) {
            ASSERT_TRUE(same(all()[i], expected.all()[i]))
                << what << ": element " << i << " is " << value(all()[i]) << ", not "
                << value(expected.all()[i]);
        }
    }

  private:
    T* all() const { return reinterpret_cast<T*>(bytes_.bytes().data()); }

    std::size_t stride_;
    std::uint32_t batch_;
    std::size_t rows_;
    std::size_t offset_;
    Memory bytes_;
};

template <typename Format>
class Cells : public testing::Test {
  public:
    template <typename Check>
    void for_cases(const Check& check) {
        constexpr std::uint32_t gaps[][2] = {{0, 0}, {4, 0}, {4, 4}, {3, 3}};  // of the tape, of a step
        for (const std::uint32_t batch : batches) {
            for (const std::uint32_t units : unit_counts) {
                for (const std::uint32_t groups : {1u, 2u}) {
                    for (const auto& gap : gaps) {
                        for (const std::uint32_t offset : {0u, 2u}) {
                            const CellCase one{
                                groups,
                                units,
                                {batch, gap[0], offset},
                                {batch, gap[1], offset},
                                "batch " + std::to_string(batch) + ", groups " + std::to_string(groups) +
                                    ", units " + std::to_string(units) + ", gaps " + std::to_string(gap[0]) +
                                    " and " + std::to_string(gap[1]) + ", offset " + std::to_string(offset)};
                            check(one);
                            if (this->HasFatalFailure()) {
                                return;
                            }
                        }
                    }
                }
            }
        }
    }
};

using Formats = testing::Types<PortableFp32, PortableBf16, PortableMixed>;
TYPED_TEST_SUITE(Cells, Formats);

TYPED_TEST(Cells, ForwardIsThePortableCell) {
    using Format = TypeParam;
    using Operand = typename Format::Operand;
    using State = typename Format::State;
    Random random(81);
    this->for_cases([&](const CellCase& c) {
        for (const bool keep : {true, false}) {
            for (const bool in_place : {false, true}) {
                const std::uint32_t units = c.all_units();
                Matrix<State> sums(4 * units, sizeof(State) == 2 ? c.tape : c.step, random, draw_value);
                Matrix<State> cell(units, c.step, random, draw_value);
                Matrix<Operand> gates(4 * units, c.tape);
                Matrix<Operand> taped(units, c.tape);
                Matrix<Operand> hidden(units, c.step);

                Matrix<State> expected_sums(sums);
                Matrix<State> expected_cell(cell);
                Matrix<Operand> expected_gates(gates);
                Matrix<Operand> expected_taped(taped);
                Matrix<Operand> expected_hidden(hidden);
                constexpr bool one_type = std::is_same_v<State, Operand>;
                for (std::uint32_t u = 0; u < units; ++u) {
                    for (std::uint32_t b = 0; b < c.batch(); ++b) {
                        const Gates now =
                            activate<Format>({sums.number(c.row(0, u), b), sums.number(c.row(1, u), b),
                                              sums.number(c.row(2, u), b), sums.number(c.row(3, u), b)});
                        const float all[] = {now.i, now.f, now.g, now.o};
                        for (std::uint32_t q = 0; q < 4 && keep; ++q) {
                            if (one_type && in_place) {
                                put(all[q], expected_sums.at(c.row(q, u), b));
                            } else {
                                put(all[q], expected_gates.at(c.row(q, u), b));
                            }
                        }
                        if (keep) {
                            put(cell.number(u, b), expected_taped.at(u, b));
                        }
                        put(next_cell(now, cell.number(u, b)), expected_cell.at(u, b));
                        put(hidden_state<Format>(now.o, expected_cell.number(u, b)),
                            expected_hidden.at(u, b));
                    }
                }

                CellForward<Format> work{.sums = sums.constant(),
                                         .gates = gates.rows(),
                                         .groups = c.groups,
                                         .units = c.units,
                                         .batch = c.batch(),
                                         .cell = cell.rows(),
                                         .taped = taped.rows(),
                                         .hidden = hidden.rows()};
                if constexpr (one_type) {
                    work.gates = in_place ? sums.rows() : work.gates;
                }
                if (!keep) {
                    work.gates.start = nullptr;
                    work.taped.start = nullptr;
                }
                forward_cells(work);
                sums.expect_same(expected_sums, c.what + ", sums");
                gates.expect_same(expected_gates, c.what + ", gates");
                cell.expect_same(expected_cell, c.what + ", cell");
                taped.expect_same(expected_taped, c.what + ", taped");
                hidden.expect_same(expected_hidden, c.what + ", hidden");
            }
        }
    });
}

TYPED_TEST(Cells, BackwardIsThePortableGradient) {
    using Format = TypeParam;
    using Operand = typename Format::Operand;
    using State = typename Format::State;
    Random random(82);
    // hidden: a matrix of its own, in place of the cell state, not wanted.
    enum class Hidden { own, in_place, none };
    this->for_cases([&](const CellCase& c) {
        for (const bool first : {false, true}) {
            for (const bool last : {false, true}) {
                for (const Hidden where : {Hidden::own, Hidden::in_place, Hidden::none}) {
                    if (last && where == Hidden::in_place) {
                        continue;
                    }
                    const std::uint32_t units = c.all_units();
                    Matrix<Operand> gates(4 * units, c.tape, random, draw_gate);
                    Matrix<Operand> before(units, c.tape, random, draw_value);
                    Matrix<Operand> cell(units, c.tape, random, draw_value);
                    Matrix<State> last_cell(units, c.step, random, draw_value);
                    Matrix<State> hidden_grad(units, c.step, random, draw_value);
                    Matrix<State> cell_grad(units, c.step, random, draw_value);
                    Matrix<Operand> hidden(units, c.tape);

                    Matrix<Operand> expected_gates(gates);
                    Matrix<Operand> expected_cell(cell);
                    Matrix<State> expected_cell_grad(cell_grad);
                    Matrix<Operand> expected_hidden(hidden);
                    for (std::uint32_t u = 0; u < units; ++u) {
                        for (std::uint32_t b = 0; b < c.batch(); ++b) {
                            const Gates now{gates.number(c.row(0, u), b), gates.number(c.row(1, u), b),
                                            gates.number(c.row(2, u), b), gates.number(c.row(3, u), b)};
                            const float cell_state =
                                last ? as_stored<Operand>(last_cell.number(u, b)) : cell.number(u, b);
                            State& dc = expected_cell_grad.at(u, b);
                            if (first) {
                                dc = State{};
                            }
                            const Gates gradient = unit_gradient<Format>(now, before.number(u, b), cell_state,
                                                                         hidden_grad.number(u, b), dc);
                            const float all[] = {gradient.i, gradient.f, gradient.g, gradient.o};
                            for (std::uint32_t q = 0; q < 4; ++q) {
                                put(all[q], expected_gates.at(c.row(q, u), b));
                            }
                            if (where != Hidden::none) {
                                put(hidden_state<Format>(now.o, cell_state),
                                    where == Hidden::own ? expected_hidden.at(u, b) : expected_cell.at(u, b));
                            }
                        }
                    }

                    CellBackward<Format> work{.gates = gates.rows(),
                                              .groups = c.groups,
                                              .units = c.units,
                                              .batch = c.batch(),
                                              .cell_before = before.constant(),
                                              .cell = cell.constant(),
                                              .last_cell = last_cell.constant(),
                                              .hidden_grad = hidden_grad.constant(),
                                              .cell_grad = cell_grad.rows(),
                                              .first = first,
                                              .hidden = hidden.rows()};
                    if (last) {
                        work.cell.start = nullptr;
                    }
                    if (where != Hidden::own) {
                        work.hidden = where == Hidden::none ? Rows<Operand>{nullptr, hidden.rows().stride}
                                                            : cell.rows();
                    }
                    backward_cells(work);
                    gates.expect_same(expected_gates, c.what + ", gates");
                    cell.expect_same(expected_cell, c.what + ", cell");
                    cell_grad.expect_same(expected_cell_grad, c.what + ", cell gradient");
                    hidden.expect_same(expected_hidden, c.what + ", hidden");
                }
            }
        }
    });
}

TYPED_TEST(Cells, RepeatedStatesAreThoseOfTheTape) {
    using Format = TypeParam;
    using Operand = typename Format::Operand;
    Random random(83);
    this->for_cases([&](const CellCase& c) {
        const std::uint32_t units = c.all_units();
        Matrix<Operand> gates(4 * units, c.tape, random, draw_gate);
        Matrix<Operand> before(units, c.tape, random, draw_value);
        Matrix<Operand> cell(units, c.tape);
        Matrix<Operand> expected(cell);
        for (std::uint32_t u = 0; u < units; ++u) {
            for (std::uint32_t b = 0; b < c.batch(); ++b) {
                const Gates now{gates.number(c.row(0, u), b), gates.number(c.row(1, u), b),
                                gates.number(c.row(2, u), b), 0.0f};
                put(next_cell(now, before.number(u, b)), expected.at(u, b));
            }
        }
        repeat_cells<Format>(gates.constant(), c.units, c.batch(), before.constant(), cell.rows(), c.groups);
        cell.expect_same(expected, c.what);
    });
}

}  // namespace
}  // namespace partita::learn::test
