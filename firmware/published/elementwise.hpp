#pragma once

// What the cores compute element by element. Element e belongs to hart e mod N, so neighbours are different
// harts'. Unless it is said otherwise, a function ends with a barrier. Results may be one of the operands.

#include <cstddef>

#include "published/element.hpp"
#include "start/team.hpp"

namespace partita::firmware {

void sigmoid(const Team& team, std::size_t count, const Element* x, Element* result);
void tanh(const Team& team, std::size_t count, const Element* x, Element* result);

void multiply(const Team& team, std::size_t count, const Element* a, const Element* b, Element* result);
// result += a * b
void multiply_accumulate(const Team& team, std::size_t count, const Element* a, const Element* b,
                         Element* result);
void subtract(const Team& team, std::size_t count, const Element* a, const Element* b, Element* result);

// No barrier: gradient of the cell state, o (1 - t^2) dh with t = tanh(c).
void cell_gradient(const Team& team, std::size_t count, const Element* o, const Element* tanh_cell,
                   const Element* hidden_gradient, Element* result);
// No barrier: gradient times sigmoid's derivative y (1 - y), and times tanh's, 1 - y^2.
void sigmoid_gradient(const Team& team, std::size_t count, const Element* y, Element* gradient);
void tanh_gradient(const Team& team, std::size_t count, const Element* y, Element* gradient);

// gradient [columns] += the mean over the rows of matrix [rows][columns]
void mean_of_rows(const Team& team, std::size_t rows, std::size_t columns, const Element* matrix,
                  Element* gradient);

// Softmax by rows; hart 0 alone, no barrier.
void softmax(std::size_t rows, std::size_t columns, const Element* logits, Element* result);
// result = (i + f) + (g + o) of four matrices [rows][stride], their columns from `first` on; hart 0 alone.
void sum_of_four(std::size_t rows, std::size_t columns, std::size_t stride, std::size_t first,
                 const Element* const (&parts)[4], Element* result);

// One tensor's update: W, then lambda, then mean; the gradient becomes zero.
void update(const Team& team, std::size_t count, Element* weights, Element* gradient, Element* lambda,
            Element* mean);

}  // namespace partita::firmware
