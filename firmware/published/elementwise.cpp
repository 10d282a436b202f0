#include "published/elementwise.hpp"

#include "published/newlib.hpp"
#include "published/regions.hpp"

namespace partita::firmware {
namespace {

// Activations are functions of their own, too large to be inlined.
[[gnu::noinline]] Element logistic(Element x) {
    return narrow(static_cast<float>(1.0 / (1.0 + newlib::exp(static_cast<double>(-widen(x))))));
}
[[gnu::noinline]] Element hyperbolic_tangent(Element x) {
    return narrow(newlib::tanhf(widen(x)));
}

}  // namespace

void sigmoid(const Team& team, std::size_t count, const Element* x, Element* result) {
    begin_region<region_sigmoid>();
    for (std::size_t e = team.hart; e < count; e += team.harts) {
        result[e] = logistic(x[e]);
    }
    barrier(team);
    end_region();
}

void tanh(const Team& team, std::size_t count, const Element* x, Element* result) {
    begin_region<region_tanh>();
    for (std::size_t e = team.hart; e < count; e += team.harts) {
        result[e] = hyperbolic_tangent(x[e]);
    }
    barrier(team);
    end_region();
}

void multiply(const Team& team, std::size_t count, const Element* a, const Element* b, Element* result) {
    begin_region<region_ewo_basic>();
    for (std::size_t e = team.hart; e < count; e += team.harts) {
        result[e] = multiply(a[e], b[e]);
    }
    barrier(team);
    end_region();
}

void multiply_accumulate(const Team& team, std::size_t count, const Element* a, const Element* b,
                         Element* result) {
    begin_region<region_ewo_basic>();
    for (std::size_t e = team.hart; e < count; e += team.harts) {
        result[e] = multiply_add(a[e], b[e], result[e]);
    }
    barrier(team);
    end_region();
}

void subtract(const Team& team, std::size_t count, const Element* a, const Element* b, Element* result) {
    begin_region<region_ewo_basic>();
    for (std::size_t e = team.hart; e < count; e += team.harts) {
        result[e] = subtract(a[e], b[e]);
    }
    barrier(team);
    end_region();
}

void cell_gradient(const Team& team, std::size_t count, const Element* o, const Element* tanh_cell,
                   const Element* hidden_gradient, Element* result) {
    begin_region<region_ewo_combo>();
    for (std::size_t e = team.hart; e < count; e += team.harts) {
        const Element derivative = multiply_subtract(tanh_cell[e], tanh_cell[e], one);
        result[e] = multiply(multiply(o[e], derivative), hidden_gradient[e]);
    }
    end_region();
}

void sigmoid_gradient(const Team& team, std::size_t count, const Element* y, Element* gradient) {
    begin_region<region_ewo_combo>();
    for (std::size_t e = team.hart; e < count; e += team.harts) {
        const Element derivative = multiply(y[e], subtract(one, y[e]));
        gradient[e] = multiply(derivative, gradient[e]);
    }
    end_region();
}

void tanh_gradient(const Team& team, std::size_t count, const Element* y, Element* gradient) {
    begin_region<region_ewo_combo>();
    for (std::size_t e = team.hart; e < count; e += team.harts) {
        const Element derivative = multiply_subtract(y[e], y[e], one);
        gradient[e] = multiply(derivative, gradient[e]);
    }
    end_region();
}

void mean_of_rows(const Team& team, std::size_t rows, std::size_t columns, const Element* matrix,
                  Element* gradient) {
    begin_region<region_mat2vec>();
    for (std::size_t e = team.hart; e < columns; e += team.harts) {
        Element sum = 0;
        for (std::size_t row = 0; row < rows; ++row) {
            sum = add(sum, matrix[row * columns + e]);
        }
        gradient[e] = add(gradient[e], divide(sum, narrow(static_cast<float>(rows))));
    }
    barrier(team);
    end_region();
}

#if !defined(PARTITA_CHIP_ELEMENT_BF16)
constexpr std::size_t most_columns = 16;
#endif

void softmax(std::size_t rows, std::size_t columns, const Element* logits, Element* result) {
    begin_region<region_softmax>();
    for (std::size_t row = 0; row < rows; ++row) {
        Element largest = logits[0];
        for (std::size_t e = 1; e < columns; ++e) {
            largest = maximum(largest, logits[e]);
        }
#if defined(PARTITA_CHIP_ELEMENT_BF16)
        Element sum = 0;
        for (std::size_t e = 0; e < columns; ++e) {
            const float shifted = widen(subtract(logits[e], largest));
            result[e] = narrow(static_cast<float>(newlib::exp(static_cast<double>(shifted))));
            sum = add(sum, result[e]);
        }
        for (std::size_t e = 0; e < columns; ++e) {
            result[e] = divide(result[e], sum);
        }
#else
        // In FP32 nothing is rounded between exp and the quotient.
        double exponentials[most_columns];
        double sum = 0.0;
        for (std::size_t e = 0; e < columns; ++e) {
            exponentials[e] = newlib::exp(static_cast<double>(subtract(logits[e], largest)));
            sum += exponentials[e];
        }
        for (std::size_t e = 0; e < columns; ++e) {
            result[e] = static_cast<Element>(exponentials[e] / sum);
        }
#endif
        logits += columns;
        result += columns;
    }
    end_region();
}

void sum_of_four(std::size_t rows, std::size_t columns, std::size_t stride, std::size_t first,
                 const Element* const (&parts)[4], Element* result) {
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t e = 0; e < columns; ++e) {
            const std::size_t at = row * stride + first + e;
            result[row * columns + e] = add(add(parts[0][at], parts[1][at]), add(parts[2][at], parts[3][at]));
        }
    }
}

// W' = W - lr (g + alpha (W - mean) - lambda); lambda' = lambda - alpha (W' - mean);
// mean' = (mean + W') / 2 - lambda' / (2 alpha). Kag and Saligrama, ICML 2021.
void update(const Team& team, std::size_t count, Element* weights, Element* gradient, Element* lambda,
            Element* mean) {
    begin_region<region_fptt_sgd>();
    for (std::size_t e = team.hart; e < count; e += team.harts) {
        const Element w = weights[e];
        const Element m = mean[e];
        // Taken and cleared at once. The order of accesses matters: with the store at the end four or eight
        // harts stay crowded on one line.
        const Element g = gradient[e];
        gradient[e] = 0;
        const Element l = lambda[e];
        const Element pulled = multiply_add(alpha, subtract(w, m), g);
        const Element new_w = multiply_subtract(learning_rate, subtract(pulled, l), w);
        const Element new_l = multiply_subtract(alpha, subtract(new_w, m), l);
        weights[e] = new_w;
        lambda[e] = new_l;
        mean[e] = multiply_subtract(half_per_alpha, new_l, multiply(half, add(m, new_w)));
    }
    barrier(team);
    end_region();
}

}  // namespace partita::firmware
