// Parameter updates of the host backend.

#include <type_traits>

#include "partita/learn/backend.hpp"

HWY_BEFORE_NAMESPACE();
PARTITA_HOST_EXTRA_TARGET
namespace partita::learn {
namespace HWY_NAMESPACE {
namespace PARTITA_HOST_VARIANT {

// Vectors updated together: one in plain order, or two gates (16 values apart) where weights interleave them.
template <std::uint32_t n>
struct Pack {
    Floats v[n];
};

// How weights, e and d are stored. `get` and `put` take the first vector's place in plain order; `put`
// returns the values as stored. In 16 bits two gates share a word.
struct Fp32Store {
    float* values;

    template <std::uint32_t n>
    HWY_INLINE Pack<n> get(std::size_t at) const {
        Pack<n> pack;
        for (std::uint32_t i = 0; i < n; ++i) {
            pack.v[i] = load(values + at + i * units_per_block);
        }
        return pack;
    }
    template <std::uint32_t n>
    HWY_INLINE Pack<n> put(const Pack<n>& pack, std::size_t at) const {
        for (std::uint32_t i = 0; i < n; ++i) {
            store(pack.v[i], values + at + i * units_per_block);
        }
        return pack;
    }
};

// The values of a pair of gates start at the first gate's plain place plus the unit once more.
HWY_INLINE std::size_t word_place(std::size_t at) {
    return at + at % units_per_block;
}

struct Bf16Store {
    Bf16* values;

    template <std::uint32_t n>
    HWY_INLINE Pack<n> get(std::size_t at) const {
        if constexpr (n == 2) {
            const Words pair = load_words(values + word_place(at));
            return {{even(pair), odd(pair)}};
        } else {
            return {{load(values + at)}};
        }
    }
    template <std::uint32_t n>
    HWY_INLINE Pack<n> put(const Pack<n>& pack, std::size_t at) const {
        if constexpr (n == 2) {
            const Words pair = pack_bf16(pack.v[0], pack.v[1]);
            store_words(pair, values + word_place(at));
            return {{even(pair), odd(pair)}};
        } else {
            const Floats rounded = round_to_bf16(pack.v[0]);
            store_upper(hn::BitCast(word_tag, rounded), values + at);
            return {{rounded}};
        }
    }
};

// SplitFloat in two planes.
struct SplitStore {
    Bf16* high;
    Bf16* low;

    // The signed distance in the upper half of each word, brought down.
    HWY_INLINE static Words distance(Words upper) {
        const hn::RebindToSigned<FloatTag> tag;
        return hn::BitCast(word_tag, hn::ShiftRight<16>(hn::BitCast(tag, upper)));
    }
    HWY_INLINE static Floats join(Words high_part, Words low_part) {
        return hn::BitCast(float_tag, hn::Add(high_part, distance(low_part)));
    }
    // Half-way numbers move by one unit in the last place, as in `split`.
    HWY_INLINE static Words settled(Floats value) {
        const Words bits = hn::BitCast(word_tag, value);
        const auto tie = hn::Eq(hn::ShiftLeft<16>(bits), hn::Set(word_tag, 0x80000000u));
        return hn::Or(bits, hn::IfThenElseZero(tie, hn::Set(word_tag, 1u)));
    }
    template <std::uint32_t n>
    HWY_INLINE Pack<n> get(std::size_t at) const {
        if constexpr (n == 2) {
            const Words h = load_words(high + word_place(at));
            const Words l = load_words(low + word_place(at));
            return {{join(hn::ShiftLeft<16>(h), hn::ShiftLeft<16>(l)),
                     join(hn::And(h, hn::Set(word_tag, 0xFFFF0000u)), l)}};
        } else {
            return {{join(hn::BitCast(word_tag, load(high + at)), hn::BitCast(word_tag, load(low + at)))}};
        }
    }
    template <std::uint32_t n>
    HWY_INLINE Pack<n> put(const Pack<n>& pack, std::size_t at) const {
        const Words half = hn::Set(word_tag, 0x8000u);
        const Words first = settled(pack.v[0]);
        if constexpr (n == 2) {
            const Words second = settled(pack.v[1]);
            store_words(pack_upper(hn::Add(first, half), hn::Add(second, half)), high + word_place(at));
            store_words(pack_lower(first, second), low + word_place(at));
            return {{hn::BitCast(float_tag, first), hn::BitCast(float_tag, second)}};
        } else {
            store_upper(hn::Add(first, half), high + at);
            store_upper(hn::ShiftLeft<16>(first), low + at);
            return {{hn::BitCast(float_tag, first)}};
        }
    }
};

template <Precision precision, typename WeightStore, typename StateStore>
struct Updater {
    WeightStore weights;
    StateStore e, d;
    float* first_moment;
    float* second_moment;

    // Of an accumulator.
    HWY_INLINE static Floats sum(Floats a, Floats b) {
        return precision == Precision::bf16 ? round_to_bf16(hn::Add(a, b)) : hn::Add(a, b);
    }

    template <Rule rule>
    HWY_INLINE Floats direction(const UpdateStep& step, Floats gradient, std::size_t at) const {
        if constexpr (rule == Rule::momentum) {
            const Floats v = hn::MulAdd(broadcast(step.momentum), load(first_moment + at), gradient);
            store(v, first_moment + at);
            return v;
        } else if constexpr (rule == Rule::adam) {
            const Floats one = broadcast(1.0f);
            const Floats m0 = load(first_moment + at);
            const Floats v0 = load(second_moment + at);
            const Floats m = hn::MulAdd(hn::Sub(one, broadcast(step.beta1)), hn::Sub(gradient, m0), m0);
            const Floats v =
                hn::MulAdd(hn::Sub(one, broadcast(step.beta2)), hn::Sub(hn::Mul(gradient, gradient), v0), v0);
            store(m, first_moment + at);
            store(v, second_moment + at);
            const Floats root = hn::Sqrt(hn::Mul(v, broadcast(step.correction2)));
            return hn::Div(hn::Mul(m, broadcast(step.correction1)), hn::Add(root, broadcast(step.epsilon)));
        } else {
            return gradient;
        }
    }

    template <Rule rule, bool regulariser, std::uint32_t n>
    HWY_INLINE void pack(const UpdateStep& step, std::size_t at, const float* gradient,
                         bool regularised) const {
        const Pack<n> w = weights.template get<n>(at);
        Pack<n> old_e, old_d, next;
        if constexpr (regulariser) {
            old_e = e.template get<n>(at);
            old_d = d.template get<n>(at);
        }
        for (std::uint32_t i = 0; i < n; ++i) {
            Floats g = load(gradient + i * units_per_block);
            if constexpr (regulariser) {
                if (!regularised) {
                    g = hn::NegMulAdd(broadcast(step.alpha), old_e.v[i], g);
                }
            }
            const Floats along =
                direction<rule>(step, hn::Mul(g, broadcast(step.scale)), at + i * units_per_block);
            next.v[i] = hn::NegMulAdd(broadcast(step.learning_rate), along, w.v[i]);
        }
        const Pack<n> now = weights.template put<n>(next, at);
        if constexpr (regulariser) {
            Pack<n> new_e, new_d;
            for (std::uint32_t i = 0; i < n; ++i) {
                const Floats moved = hn::Sub(now.v[i], w.v[i]);
                // As the portable backend's `regularise`.
                if constexpr (precision == Precision::fp32) {
                    new_e.v[i] = hn::Sub(hn::MulAdd(broadcast(0.5f), old_d.v[i], old_e.v[i]), moved);
                    new_d.v[i] = hn::Sub(moved, old_e.v[i]);
                } else {
                    const Floats away = sum(round_to_bf16(moved), hn::Neg(old_e.v[i]));
                    const Floats half = hn::Add(round_to_bf16(hn::Mul(broadcast(0.5f), old_d.v[i])), zero());
                    new_e.v[i] = sum(half, hn::Neg(away));
                    new_d.v[i] = away;
                }
            }
            e.template put<n>(new_e, at);
            d.template put<n>(new_d, at);
        }
    }

    template <Rule rule, bool regulariser, std::uint32_t n>
    void all(const UpdateStep& step, Elements elements, const float* gradient, bool regularised) const {
        for (std::uint32_t i = 0; i < elements.count; i += n * units_per_block) {
            for (std::uint32_t u = 0; u < units_per_block; u += lanes) {
                pack<rule, regulariser, n>(step, elements.first + i + u, gradient + i + u, regularised);
            }
        }
    }

    template <Rule rule, bool regulariser>
    void run(const UpdateStep& step, Elements elements, bool interleaved, const float* gradient,
             bool regularised) const {
        if (interleaved) {
            all<rule, regulariser, 2>(step, elements, gradient, regularised);
        } else {
            all<rule, regulariser, 1>(step, elements, gradient, regularised);
        }
    }

    void run(const Plan& plan, const UpdateStep& step, Elements elements, bool interleaved,
             const float* gradient, bool regularised) const {
        const bool pull = plan.regulariser;
        switch (plan.rule) {
            case Rule::sgd:
                return pull ? run<Rule::sgd, true>(step, elements, interleaved, gradient, regularised)
                            : run<Rule::sgd, false>(step, elements, interleaved, gradient, regularised);
            case Rule::momentum:
                return pull ? run<Rule::momentum, true>(step, elements, interleaved, gradient, regularised)
                            : run<Rule::momentum, false>(step, elements, interleaved, gradient, regularised);
            case Rule::adam:
                return pull ? run<Rule::adam, true>(step, elements, interleaved, gradient, regularised)
                            : run<Rule::adam, false>(step, elements, interleaved, gradient, regularised);
        }
    }
};

template <Precision precision, typename StateStore, typename WeightStore>
void update_with(const Workspace& ws, const UpdateStep& step, Elements elements, const float* gradient,
                 bool regularised, WeightStore weights) {
    const auto moment = [&](BufferId id) { return ws.array<float>(id); };
    const auto state = [&](BufferId id) {
        return StateStore{ws.array<std::remove_pointer_t<decltype(StateStore::values)>>(id)};
    };
    const Updater<precision, WeightStore, StateStore> updater{
        weights, state(BufferId::regulariser_e), state(BufferId::regulariser_d),
        moment(BufferId::first_moment), moment(BufferId::second_moment)};
    // Anything in 16 bits is interleaved within blocks, so two gates are taken together there.
    const bool interleaved =
        !std::is_same_v<StateStore, Fp32Store> && elements.first < ws.extents().lstm_parameters;
    updater.run(ws.plan(), step, elements, interleaved, gradient, regularised);
}

template <Precision precision>
void update(const Workspace& ws, const UpdateStep& step, Elements elements, const float* gradient,
            bool regularised) {
    if constexpr (precision == Precision::fp32) {
        const Fp32Store weights{ws.array<float>(BufferId::weights)};
        if (ws.plan().narrow_regulariser) {
            update_with<precision, Bf16Store>(ws, step, elements, gradient, regularised, weights);
        } else {
            update_with<precision, Fp32Store>(ws, step, elements, gradient, regularised, weights);
        }
    } else if constexpr (precision == Precision::bf16) {
        update_with<precision, Bf16Store>(ws, step, elements, gradient, regularised,
                                          Bf16Store{ws.array<Bf16>(BufferId::weights)});
    } else {
        update_with<precision, Bf16Store>(
            ws, step, elements, gradient, regularised,
            SplitStore{ws.array<Bf16>(BufferId::weights), ws.array<Bf16>(BufferId::weights_low)});
    }
}

// Gradient with the regulariser's added, kept in the gradient buffer; its squared norm in FP64.
inline double collect(const Workspace& ws, float alpha, Elements elements, const float* gradient) {
    float* kept = ws.array<float>(BufferId::gradient) + elements.first;
    const Plan& plan = ws.plan();
    const bool narrow = plan.narrow_regulariser || plan.precision != Precision::fp32;
    const bool interleaved = narrow && elements.first < ws.extents().lstm_parameters;
    const Fp32Store wide_e{ws.array<float>(BufferId::regulariser_e)};
    const Bf16Store narrow_e{ws.array<Bf16>(BufferId::regulariser_e)};
    double sum = 0.0;
    const auto keep = [&](std::uint32_t i, Floats e) HWY_ATTR {
        Floats g = load(gradient + i);
        if (plan.regulariser) {
            g = hn::NegMulAdd(broadcast(alpha), e, g);
        }
        store(g, kept + i);
        // FP32 sums of a vector's squares, added in FP64.
        sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(float_tag, hn::Mul(g, g))));
    };
    const std::uint32_t width = interleaved ? 2 * units_per_block : units_per_block;
    for (std::uint32_t i = 0; i < elements.count; i += width) {
        for (std::uint32_t u = i; u < i + units_per_block; u += lanes) {
            const std::size_t at = elements.first + u;
            if (!plan.regulariser) {
                keep(u, zero());
                if (interleaved) {
                    keep(u + units_per_block, zero());
                }
            } else if (interleaved) {
                const Pack<2> e = narrow_e.template get<2>(at);
                keep(u, e.v[0]);
                keep(u + units_per_block, e.v[1]);
            } else {
                keep(u, narrow ? narrow_e.template get<1>(at).v[0] : wide_e.template get<1>(at).v[0]);
            }
        }
    }
    return sum;
}

}  // namespace PARTITA_HOST_VARIANT
}  // namespace HWY_NAMESPACE
}  // namespace partita::learn
HWY_AFTER_NAMESPACE();
