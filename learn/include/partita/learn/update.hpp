#pragma once

// One parameter's update. FPTT in the delta form (e = u - W, d = mean - u, both 0 at the start), which equals
// the paper's recurrences for the running mean and lambda:
//     W' = W - lr * direction(g - alpha * e);  D = W' - W as stored;  e' = e + d/2 - D;  d' = D - e
// Source: Kag and Saligrama, ICML 2021; the direction is the gradient itself (SGD), its momentum, or Adam's.

#include <cstdint>

namespace partita::learn {

// What the user chooses. `alpha` matters only with the plan's regulariser, `momentum` and the betas only with
// their rules, `rounding_seed` only with stochastic rounding.
struct Hyper {
    float learning_rate = 0.01f;
    float alpha = 0.1f;
    float momentum = 0.9f;
    float beta1 = 0.9f;
    float beta2 = 0.999f;
    float epsilon = 1e-8f;
    float clip_norm =
        1.0f;  // largest norm of the gradient, regulariser included; only with the plan's clipping
    std::uint64_t rounding_seed = 0;
};

// Hyper, completed for one update.
struct UpdateStep {
    float learning_rate = 0.0f;
    float alpha = 0.0f;
    float momentum = 0.0f;
    float beta1 = 0.0f;
    float beta2 = 0.0f;
    float epsilon = 0.0f;
    float scale = 1.0f;              // of the gradient: below 1 where it is clipped
    float correction1 = 1.0f;        // Adam: 1 / (1 - beta1^n)
    float correction2 = 1.0f;        // Adam: 1 / (1 - beta2^n)
    std::uint64_t rounding_key = 0;  // stochastic rounding: this update's (rounding.hpp)
};

// Piecewise constant or cosine decay, with a linear warm-up.
struct Schedule {
    enum class Kind : std::uint8_t { constant, steps, cosine };
    Kind kind = Kind::constant;
    std::uint64_t total = 1;           // updates of the whole run (cosine)
    std::uint64_t warm_up = 0;         // updates over which the rate rises from 0
    std::uint64_t boundaries[4] = {};  // updates after which the rate falls by `factor` (steps); 0 = unused
    float factor = 0.1f;

    // Factor on the learning rate for update number `update`, counted from 0.
    constexpr float at(std::uint64_t update) const {
        float rate = 1.0f;
        if (kind == Kind::steps) {
            for (const std::uint64_t boundary : boundaries) {
                rate *= boundary != 0 && update >= boundary ? factor : 1.0f;
            }
        } else if (kind == Kind::cosine && total > 0) {
            const double x = update >= total ? 1.0 : static_cast<double>(update) / static_cast<double>(total);
            rate = static_cast<float>(half_cosine(x));
        }
        if (update < warm_up) {
            rate *= static_cast<float>(update + 1) / static_cast<float>(warm_up);
        }
        return rate;
    }

  private:
    // (1 + cos(pi x)) / 2 for 0 <= x <= 1, by the series of sin about the middle: below 1e-7 off, the same on
    // every machine.
    static constexpr double half_cosine(double x) {
        const double y = 3.14159265358979323846 * (0.5 - x);
        const double z = y * y;
        const double sine =
            y * (1.0 - z / 6.0 * (1.0 - z / 20.0 * (1.0 - z / 42.0 * (1.0 - z / 72.0 * (1.0 - z / 110.0)))));
        return 0.5 + 0.5 * sine;
    }
};

}  // namespace partita::learn
