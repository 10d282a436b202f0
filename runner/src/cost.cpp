#include "partita/runner/cost.hpp"

#include "partita/learn/layout.hpp"

namespace partita::runner {

Cost cost(const learn::Plan& plan, learn::Function function) {
    const learn::Operations count = learn::operations(plan);
    const std::uint64_t operand = learn::detail::operand_bytes(plan.precision);
    const std::uint64_t cell = learn::detail::cell_bytes(plan.precision);
    const std::uint64_t states =
        std::uint64_t{plan.batch} * plan.shape.hidden;  // values of one state of one step
    const std::uint64_t rows = std::uint64_t{plan.shape.hidden} + plan.shape.input + 1;
    const std::uint64_t weights = 4ull * plan.shape.hidden * rows * operand;
    const std::uint64_t parts = learn::part_count(plan);
    const std::uint64_t steps = plan.steps;
    const std::uint64_t inputs = std::uint64_t{plan.batch} * plan.shape.input * 4;
    const bool full = plan.tape == learn::Tape::full;
    const bool lean = plan.tape == learn::Tape::lean;
    // Reads the weights, the state before and the inputs; writes the state and, on a full tape, the gates.
    const std::uint64_t forward = weights + inputs + states * (2 * operand + 2 * cell);
    switch (function) {
        case learn::Function::inputs:
            return {0, steps * inputs * 2};
        case learn::Function::forward:
            return {count.forward + steps * states * 9,
                    steps * (forward + (full ? states * 4 * operand : 0))};
        case learn::Function::head: {
            const std::uint64_t head = std::uint64_t{plan.shape.classes} * (plan.shape.hidden + 1) * operand;
            return {count.head, parts * (2 * head + states * (2 * operand + cell))};
        }
        case learn::Function::gate_gradient:
            return {steps * states * 23 + count.recomputed / 2,
                    steps * (states * (8 * operand + 5 * cell) + (lean ? forward : 0))};
        case learn::Function::hidden_gradient:
            return {count.hidden_gradient,
                    (steps - parts) * (4ull * plan.shape.hidden * plan.shape.hidden * operand +
                                       states * (4 * operand + cell))};
        case learn::Function::rebuild:
            return {lean ? count.recomputed / 2 + steps * states * 32 : 0,
                    lean ? steps * (2 * forward + states * 12 * operand) : 0};
        case learn::Function::weight_gradient:
            return {count.weight_gradient,
                    steps * (states * 5 * operand + inputs) + parts * weights / operand * 4};
        case learn::Function::update: {
            const std::uint64_t state =
                plan.regulariser
                    ? (plan.narrow_regulariser || plan.precision != learn::Precision::fp32 ? 4u : 8u)
                    : 0u;
            const std::uint64_t weight = plan.precision == learn::Precision::mixed ? 4 : operand;
            const std::uint64_t moments = plan.rule == learn::Rule::sgd        ? 0u
                                          : plan.rule == learn::Rule::momentum ? 4u
                                                                               : 8u;
            const std::uint64_t gradient = plan.clipping ? 12 : 4;
            return {count.update,
                    parts * learn::parameter_count(plan.shape) * (2 * (state + weight + moments) + gradient)};
        }
        case learn::Function::waiting:
        case learn::Function::count:
            break;
    }
    return {};
}

}  // namespace partita::runner
