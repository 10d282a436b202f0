#pragma once

// The forward and the backward pass of a part. Both have the same form: for each step the array forms
// result = W . operand in two pieces of rows, and the operand (h, or the gates' gradients) comes into being
// run by run from the result of the step before. The first piece waits for one run at a time along its inner
// dimension, and while the members work on its rows the array forms the second piece:
//
//   array    [piece 1: run 0 | run 1 | run 2 | run 3][piece 2     ][piece 1: run 0 | ...
//   members          ... of the step before][runs 0, 1, 2         ][run 3]
//
// so with enough members the array never waits.
//
// Where W stays in the scratchpad (resident_product.hpp), most of a product is two loops over all rows.
// Forward the first one goes along with the first run; backward they wait for all runs, and the rest goes
// along with those.

#include <optional>

#include "gemmini/places.hpp"
#include "gemmini/resident_product.hpp"
#include "gemmini/signals.hpp"
#include "gemmini/step_product.hpp"
#include "partita/learn/backend.hpp"
#include "partita/learn/marks.hpp"

namespace partita::learn::gemmini_routine {

// Regions beside those of the trainer's functions (trainer.hpp).
inline constexpr int forward_cells_region = 10;
inline constexpr int backward_cells_region = 11;

template <typename Format>
class Pass {
  public:
    using Operand = typename Format::Operand;
    using State = typename Format::State;
    using Sum = learn::Sum<Format>;
    using Product = StepProduct<Operand, Sum>;
    using Resident = ResidentProduct<Operand, Sum>;

    Pass(const Workspace& ws, const Member& member, const gemmini::Array& array, std::uint32_t steps)
        : at_(ws), member_(member), array_(array), steps_(steps), runs_(Runs::forward(at_.a, member.size)) {
        deal();
        const std::size_t columns = gemmini::quotient_up(at_.batch, side());
        most_groups_forward_ = most_groups(columns * gate_count);
        most_groups_backward_ = most_groups(columns);
    }

    // The state to start from lies where the part before left it.
    void begin(bool from_zero) {
        counts[member_.index].value.store(0, std::memory_order_relaxed);
        for (std::uint32_t run = 0; run < runs_.count(); ++run) {
            const Range groups = groups_[run];
            for (std::size_t unit = first_unit(groups.first); unit < first_unit(groups.last); ++unit) {
                for (std::uint32_t b = 0; b < at_.batch; ++b) {
                    if (from_zero) {
                        at_.hidden(unit).start[b] = Operand{};
                        at_.cell(unit).start[b] = State{};
                    }
                    const Operand h = at_.hidden(unit).start[b];
                    hidden(0, unit).start[b] = h;
                    if (at_.taped) {
                        at_.start_hidden(unit).start[b] = h;
                    }
                }
            }
            sums_of(1, groups).mark();
        }
    }

    void forward(const Inputs& inputs) {
        const bool owner = member_.index == 0;
        gemmini::Arrangement way;
        way.left_transposed = true;
        way.left_stride = at_.a.gate_rows;
        way.right_stride = at_.a.columns;
        way.result_stride = at_.sums(1, 0).stride;
        const Residence residence = residence_of(true);
        std::optional<Product> product;
        std::optional<Resident> resident;
        if (owner && residence.possible) {
            resident.emplace(array_, way, residence, at_.a, at_.batch, at_.weights());
        } else if (owner) {
            StepShape shape = step_shape(gates_of(1), most_groups_forward_);
            shape.left_row = 1;
            shape.left_inner = at_.a.gate_rows;
            for (std::uint32_t run = 0; run < runs_.count(); ++run) {
                shape.run_ends[run] =
                    run + 1 == runs_.count() ? at_.a.state_rows : first_unit(runs_.first_group(run + 1));
            }
            product.emplace(array_, way, shape, at_.weights());
        }
        // What waits for `run` of h before `step`.
        const auto issue = [&](std::uint32_t step, std::uint32_t run) {
            const Operand* operand = hidden(step - 1, 0).start;
            Sum* sums = at_.sums(step, 0).start;
            // While the array is at this product, the inputs of the next.
            const auto take_next = [&] {
                if (step < steps_) {
                    take_inputs(inputs, step + 1);
                }
            };
            if (product) {
                product->issue(run, operand, sums);
                if (run + 1 == runs_.count()) {
                    take_next();
                }
            } else {
                if (runs_.first_group(run) < residence.first &&
                    residence.first <= runs_.first_group(run + 1)) {
                    resident->begin_gates(operand);
                }
                if (run + 1 == runs_.count()) {
                    resident->finish_gates(operand, sums, take_next);
                }
            }
        };
        if (owner) {
            gemmini::arrange(array_, way);
            take_inputs(inputs, 1);
            for (std::uint32_t run = 0; run < runs_.count(); ++run) {
                issue(1, run);
            }
        }
        Prepared<CellForward<Format>> prepared[most_runs] = {};
        for (std::uint32_t step = 1; step <= steps_; ++step) {
            const Moved moved = moved_from(step - 1, step);
            for (std::uint32_t run = 0; run < runs_.count(); ++run) {
                forward_run(step, run, prepared[run], moved);
                count(member_, number(step - 1, run));
                if (owner && step < steps_) {
                    wait_for_all(member_, number(step - 1, run));
                    issue(step + 1, run);
                }
            }
        }
    }

    void backward() {
        const bool owner = member_.index == 0;
        gemmini::Arrangement way;
        way.left_stride = at_.a.gate_rows;
        way.right_stride = at_.a.row;
        way.result_stride = at_.a.columns;
        const Residence residence = residence_of(false);
        runs_ = Runs::backward(at_.a, residence, member_.size);
        deal();
        std::optional<Product> product;
        std::optional<Resident> resident;
        if (owner) {
            gemmini::arrange(array_, way);
        }
        if (owner && residence.possible) {
            resident.emplace(array_, way, residence, at_.a, at_.batch, at_.weights());
        } else if (owner) {
            StepShape shape = step_shape(side(), most_groups_backward_);
            shape.left_row = at_.a.gate_rows;
            shape.left_inner = 1;
            for (std::uint32_t run = 0; run < runs_.count(); ++run) {
                shape.run_ends[run] = gates_of(runs_.first_group(run + 1));
            }
            product.emplace(array_, way, shape, at_.weights());
        }
        Prepared<CellBackward<Format>> prepared[most_runs] = {};
        for (std::uint32_t step = steps_; step >= 1; --step) {
            const std::uint32_t done = 2 * steps_ - step;
            const Moved moved = moved_from(step + 1, step);
            for (std::uint32_t run = 0; run < runs_.count(); ++run) {
                backward_run(step, run, prepared[run], moved);
                count(member_, number(done, run));
                // What is not done by loops waits for those of the step before, so all but the last run's
                // part is issued late.
                const bool last = run + 1 == runs_.count();
                const bool issues = product || last || (residence.others != 0 && run + 2 == runs_.count());
                if (!owner || step == 1 || !issues) {
                    continue;
                }
                wait_for_all(member_, number(done, run));
                // The gradient of h before `step` from those of the gates at `step`.
                const Operand* gates = at_.gates(step, 0).start;
                Sum* result = at_.hidden_grad(0).start;
                if (product) {
                    product->issue(run, gates, result);
                } else {
                    resident->add_hidden(gates, last ? runs_.first_group(run) : 0,
                                         runs_.first_group(run + 1));
                    if (last) {
                        resident->finish_hidden(gates, result);
                    }
                }
            }
        }
    }

  private:
    // A cell takes a member about a hundred cycles, and the array forms its gates in four for each row of W:
    // with so many members they are done before it is.
    static constexpr std::size_t members_ahead = 26;

    // Whether W stays in the scratchpad, and how.
    Residence residence_of(bool forward) const {
        return {at_.a, array_.memory, sizeof(Operand), at_.batch, forward};
    }
    void deal() {
        for (std::uint32_t run = 0; run < runs_.count(); ++run) {
            groups_[run] = runs_.share(run, member_.index);
        }
    }

    // What a member has counted to after `run` of its `steps`-th step, forward and backward together.
    std::uint32_t number(std::uint32_t steps, std::uint32_t run) const { return steps * most_runs + run + 1; }

    // h after `step`. The array may still read that of the step before when the first units of this one come
    // into being, so two buffers take turns, and the last step's is the one that stays.
    Rows<Operand> hidden(std::uint32_t step, std::size_t row) const {
        return (steps_ - step) % 2 == 0 ? at_.hidden(row) : at_.other_hidden(row);
    }
    std::size_t first_unit(std::uint32_t group) const { return std::size_t{group} << at_.side_bits; }

    std::uint32_t side() const { return at_.a.side; }
    // Gate rows of a group.
    std::size_t gates_of(std::uint32_t group) const { return std::size_t{group} << (at_.side_bits + 2); }

    Stored<Sum> sums_of(std::uint32_t step, Range groups) const {
        return at_.stored(at_.sums(step, gates_of(groups.first)),
                          gates_of(groups.last) - gates_of(groups.first));
    }
    Stored<State> hidden_grads_of(Range groups) const {
        return at_.stored(at_.hidden_grad(first_unit(groups.first)),
                          first_unit(groups.last) - first_unit(groups.first));
    }

    // The inputs of a step and the 1 of the bias, behind h and on the tape.
    void take_inputs(const Inputs& inputs, std::uint32_t step) const {
        const Plan& plan = at_.ws.plan();
        const std::size_t first = inputs.first + std::size_t{step - 1} * plan.shape.input;
        for (std::uint32_t i = 0; i <= plan.shape.input; ++i) {
            const std::size_t row = at_.a.units + i;
            for (std::uint32_t b = 0; b < plan.batch; ++b) {
                float x = 1.0f;
                if (i < plan.shape.input) {
                    x = b < inputs.sequences.size() ? inputs.sequences[b][first + i] : 0.0f;
                }
                put(x, hidden(step - 1, row).start[b]);
                if (at_.taped) {
                    put(x, at_.states(step - 1, row).start[b]);
                }
            }
        }
    }

    // ---- Work of a run that is the same at every step but for its place on the tape ----

    // Work at the step before, and what does it; no kernel: not made yet.
    template <typename Work>
    struct Prepared {
        Work work;
        void (*kernel)(const Work&) = nullptr;
    };
    // Elements by which a step's place on the tapes differs from another's.
    struct Moved {
        std::ptrdiff_t gates;
        std::ptrdiff_t before;  // states before the step
        std::ptrdiff_t after;
    };
    Moved moved_from(std::uint32_t from, std::uint32_t to) const {
        if (!at_.taped || from == 0 || from > steps_) {
            return {};
        }
        return {at_.gates(to, 0).start - at_.gates(from, 0).start,
                at_.states(to - 1, 0).start - at_.states(from - 1, 0).start,
                at_.states(to, 0).start - at_.states(from, 0).start};
    }

    // Groups whose sums have room in half of the accumulator.
    std::uint32_t most_groups(std::size_t tiles_of_group) const {
        return static_cast<std::uint32_t>(array_.accumulator_half_tiles / tiles_of_group);
    }
    // `rows` of a group; the first piece has all groups but the last run's.
    StepShape step_shape(std::size_t rows, std::uint32_t most) const {
        const std::uint32_t wanted = runs_.count() > 1 ? runs_.first_group(runs_.count() - 1) : at_.a.groups;
        StepShape shape;
        shape.rows = at_.a.groups * rows;
        shape.first_rows = (wanted < most ? wanted : most) * rows;
        const std::size_t others = shape.rows - shape.first_rows;
        shape.other_rows = others != 0 && others < most * rows ? others : most * rows;
        shape.columns = at_.batch;
        // Two loops of another piece leave the owner free as soon as the first piece is there. Three are done
        // sooner; the third lets it wait, which does no harm where it has done its few groups before the
        // array is. A run's four are short, and have room before Gemmini where the array waits for the
        // members.
        const bool few = groups_[0].last - groups_[0].first <= 1;
        const bool ahead = member_.size * at_.a.state_rows >= members_ahead * side() * at_.batch;
        shape.other_loops = few ? 3 : 2;
        shape.run_loops = ahead && !few ? 2 : 4;
        shape.runs = runs_.count();
        return shape;
    }

    // ---- Forward ----

    void forward_run(std::uint32_t step, std::uint32_t run, Prepared<CellForward<Format>>& prepared,
                     Moved moved) const {
        const Range groups = groups_[run];
        if (groups.first == groups.last) {
            return;
        }
        sums_of(step, groups).wait(member_);
        begin_region<forward_cells_region>();
        // The second slot may be taken by h of the part's start; c is computed again there.
        if (step < 3) {
            CellForward<Format> cells = forward_work(step, groups);
            if (at_.a.start_in_second_slot && step == 2) {
                cells.taped = {};
            }
            forward_cells(cells);
        } else {
            CellForward<Format>& cells = prepared.work;
            if (prepared.kernel == nullptr) {
                cells = forward_work(step, groups);
                prepared.kernel = forward_kernel(cells);
            } else {
                if constexpr (Places<Format>::sums_on_tape) {
                    cells.sums.start += moved.gates;
                }
                if (at_.taped) {
                    cells.gates.start += moved.gates;
                    cells.taped.start += moved.before;
                }
                cells.hidden = hidden(step, first_unit(groups.first));
            }
            prepared.kernel(cells);
        }
        if (step < steps_) {
            // `mixed` has its sums in the same place each step.
            sums_of(step + 1, groups).mark();
        }
        end_region();
    }

    CellForward<Format> forward_work(std::uint32_t step, Range groups) const {
        const std::size_t unit = first_unit(groups.first);
        const std::size_t gate_row = gates_of(groups.first);
        CellForward<Format> cells;
        const Rows<Sum> sums = at_.sums(step, gate_row);
        cells.sums = {sums.start, sums.stride};
        cells.gates = at_.taped ? at_.gates(step, gate_row) : Rows<Operand>{};
        cells.groups = groups.last - groups.first;
        cells.units = side();
        cells.batch = at_.batch;
        cells.cell = at_.cell(unit);
        cells.taped = at_.taped ? at_.states(step - 1, unit) : Rows<Operand>{};
        cells.hidden = hidden(step, unit);
        return cells;
    }

    // ---- Backward ----

    void backward_run(std::uint32_t step, std::uint32_t run, Prepared<CellBackward<Format>>& prepared,
                      Moved moved) const {
        const Range groups = groups_[run];
        if (groups.first == groups.last) {
            return;
        }
        hidden_grads_of(groups).wait(member_);
        begin_region<backward_cells_region>();
        if (step <= 2) {
            for (std::uint32_t group = groups.first; group < groups.last; ++group) {
                backward_near_start(step, {group, group + 1});
            }
        } else if (step == steps_) {
            backward_cells(backward_work(step, groups));
        } else {
            CellBackward<Format>& cells = prepared.work;
            if (prepared.kernel == nullptr) {
                cells = backward_work(step, groups);
                prepared.kernel = backward_kernel(cells);
            } else {
                cells.gates.start += moved.gates;
                cells.cell_before.start += moved.before;
                cells.cell.start += moved.after;
                cells.hidden.start += moved.after;
            }
            prepared.kernel(cells);
        }
        if (step > 1) {
            hidden_grads_of(groups).mark();
        }
        end_region();
    }

    CellBackward<Format> backward_work(std::uint32_t step, Range groups) const {
        const std::size_t unit = first_unit(groups.first);
        const std::size_t gate_row = gates_of(groups.first);
        CellBackward<Format> cells;
        cells.groups = groups.last - groups.first;
        cells.gates = at_.gates(step, gate_row);
        cells.units = side();
        cells.batch = at_.batch;
        cells.cell_before = reader(at_.states(step - 1, unit));
        if (step == steps_) {
            const Rows<State> last = at_.cell(unit);
            cells.last_cell = {last.start, last.stride};
        } else {
            cells.cell = reader(at_.states(step, unit));
            cells.hidden = at_.states(step, unit);
        }
        cells.hidden_grad = reader(at_.hidden_grad(unit));
        cells.cell_grad = at_.cell_grad(unit);
        cells.first = step == steps_;
        return cells;
    }

    // Room for a value a unit and sequence, left as it is.
    struct Room {
        alignas(8) std::byte bytes[most_group_elements * sizeof(Operand)];
        Operand* values() { return reinterpret_cast<Operand*>(bytes); }
    };

    // Steps 1 and 2, one group. Where h of the part's start has the second slot, c of step 1 is computed
    // again; and in the end h of the start takes the place of c, once that has been read.
    void backward_near_start(std::uint32_t step, Range group) const {
        CellBackward<Format> cells = backward_work(step, group);
        const std::size_t unit = first_unit(group.first);
        Room again;
        if (at_.a.start_in_second_slot && steps_ > 1) {
            const Rows<Operand> repeated{again.values(), at_.a.columns};
            repeat_cells<Format>(reader(at_.gates(1, gates_of(group.first))), side(), at_.batch,
                                 reader(at_.states(0, unit)), repeated);
            if (step == 2) {
                cells.cell_before = reader(repeated);
            } else {
                cells.cell = reader(repeated);
            }
        }
        if (step == 2) {
            backward_cells(cells);
            return;
        }
        Room start;
        copy(at_.start_hidden(unit), {start.values(), at_.a.columns});
        backward_cells(cells);
        copy({start.values(), at_.a.columns}, at_.states(0, unit));
    }

    template <typename T>
    static Rows<const T> reader(Rows<T> rows) {
        return {rows.start, rows.stride};
    }
    void copy(Rows<Operand> from, Rows<Operand> to) const {
        for (std::uint32_t u = 0; u < side(); ++u) {
            for (std::uint32_t b = 0; b < at_.batch; ++b) {
                to.start[u * to.stride + b] = from.start[u * from.stride + b];
            }
        }
    }

    const Places<Format> at_;
    const Member member_;
    const gemmini::Array array_;
    const std::uint32_t steps_;  // of the part
    Runs runs_;
    Range groups_[most_runs];  // the member's
    std::uint32_t most_groups_forward_;
    std::uint32_t most_groups_backward_;
};

}  // namespace partita::learn::gemmini_routine
