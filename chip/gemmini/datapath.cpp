#include "chip/gemmini/datapath.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "chip/gemmini/element.hpp"
#include "chip/gemmini/mesh_kernel.hpp"

namespace partita::chip::gemmini {

namespace {

constexpr unsigned most_side = 64;
constexpr unsigned most_row = 64;  // elements of a move's row: 64 bytes of one-byte elements, or one block

// A row or a part of one: mostly of a size for which the compiler has moves.
inline void copy_bytes(void* target, const void* source, std::size_t count) {
    switch (count) {
        case 8:
            std::memcpy(target, source, 8);
            break;
        case 16:
            std::memcpy(target, source, 16);
            break;
        case 64:
            std::memcpy(target, source, 64);
            break;
        default:
            std::memcpy(target, source, count);
    }
}

template <typename Element>
constexpr bool is_float_element = std::is_same_v<typename Element::Lane, float>;

// What multiplying by one does to bits.
template <typename Element>
typename Element::Storage multiply_by_one(typename Element::Storage bits, bool adds_zero) {
    using Storage = typename Element::Storage;
    constexpr auto sign = static_cast<Storage>(Storage{1} << (8 * sizeof(Storage) - 1));
    constexpr auto nan = static_cast<Storage>(canonical_nan >> (32 - 8 * sizeof(Storage)));
    constexpr auto infinity = static_cast<Storage>(0x7F80'0000U >> (32 - 8 * sizeof(Storage)));
    Storage result = (adds_zero && bits == sign) ? Storage{0} : bits;
    result = static_cast<Storage>(bits & ~sign) > infinity ? nan : result;
    return result;
}

// A move-in's scaler: from and to Element, at most most_row elements.
template <typename Element>
class Scaler {
  public:
    Scaler(std::uint32_t bits, Number type, bool adds_zero, bool skips_one)
        : scale_(decode_scale(bits, type)), adds_zero_(adds_zero) {
        if constexpr (is_float_element<Element>) {
            scale_ = Element::widen(Element::round(scale_));
        }
        copies_ = scale_ == 1.0F && (skips_one || !is_float_element<Element>);
    }

    void operator()(typename Element::Storage* row, unsigned count) const {
        if (copies_) {
            return;
        }
        if constexpr (is_float_element<Element>) {
            if (scale_ == 1.0F) {
                for (unsigned i = 0; i < count; ++i) {
                    row[i] = multiply_by_one<Element>(row[i], adds_zero_);
                }
                return;
            }
            for (unsigned i = 0; i < count; ++i) {
                row[i] = multiply<Element>(Element::widen(row[i]), scale_, adds_zero_);
            }
        } else {
            for (unsigned i = 0; i < count; ++i) {
                row[i] = Element::round(multiply_integer(row[i], scale_));
            }
        }
    }

  private:
    float scale_;
    bool adds_zero_;
    bool copies_ = false;
};

// Array: what the mesh's partial sums are; its operands are of the input type, or of Array after exact
// widening. Side: of the mesh, or 0 for any.
template <typename Input, typename Array, typename Accumulator, unsigned Side = 0>
class DatapathOf final : public Datapath {
    using InputStorage = typename Input::Storage;
    using AccumulatorStorage = typename Accumulator::Storage;
    using Lane = typename Input::Lane;
    static constexpr bool floats = is_float_element<Input>;
    static constexpr bool rounds_to_bf16 = std::is_same_v<Array, Bf16>;

  public:
    explicit DatapathOf(const Config& config)
        : Datapath(config), side_(geometry_.side), a_(tile_size()), sums_(tile_size()) {
        weights_[0].resize(tile_size());
        weights_[1].resize(tile_size());
        if constexpr (rounds_to_bf16) {
            chain_ = ordinary_bf16_chain(side());
        } else if constexpr (floats) {
            chain_ = fp32_chain(side());
        } else {
            chain_ = integer_chain(side());
        }
    }

    void load(const LocalAddress& local, const std::byte* source, unsigned columns, unsigned block_stride,
              std::uint32_t scale, bool narrow) override {
        if (local.accumulator && !narrow) {
            load_wide(local, source, columns, block_stride, scale);
        } else {
            load_narrow(local, source, columns, block_stride, scale);
        }
    }

    void narrow(std::uint32_t row, std::byte* target, unsigned columns,
                const Narrowing& narrowing) const override {
        std::array<InputStorage, most_side> result;
        narrow_row(row, result.data(), columns, narrowing);
        copy_bytes(target, result.data(), columns * sizeof(InputStorage));
    }

    void preload(const Operand& b, const Narrowing& narrowing) override {
        const unsigned idle = in_use_ ^ 1;
        gather(b, narrowing, weights_[idle].data());
        if constexpr (rounds_to_bf16) {
            ordinary_weights_[idle] = ordinary(weights_[idle].data(), tile_size());
        }
    }

    void compute(const Operand& a, const Operand& d, const Operand& c, bool flip,
                 const Narrowing& narrowing) override {
        if (flip) {
            in_use_ ^= 1;
        }
        if (c.tile.local.garbage) {
            return;
        }
        gather(a, narrowing, a_.data());
        gather(d, narrowing, sums_.data());
        const unsigned rows = c.tile.rows;
        const Lane* const weights = weights_[in_use_].data();
        if constexpr (rounds_to_bf16) {
            if (ordinary_weights_[in_use_] && ordinary(a_.data(), tile_size()) &&
                (d.tile.local.garbage || ordinary(sums_.data(), tile_size()))) {
                chain_(a_.data(), weights, sums_.data(), rows);
            } else {
                any_bf16_chain(a_.data(), weights, sums_.data(), rows, side());
            }
        } else {
            chain_(a_.data(), weights, sums_.data(), rows);
        }
        if constexpr (!floats) {
            // The mesh's wires have 20 bits.
            for (Lane& sum : sums_) {
                sum = static_cast<Lane>(static_cast<std::uint32_t>(sum) << 12) >> 12;
            }
        }
        for (unsigned row = 0; row < rows; ++row) {
            write_result(c, row, &sums_[row * side()], narrowing.activation);
        }
    }

  private:
    unsigned side() const { return Side != 0 ? Side : side_; }
    unsigned tile_size() const { return side() * side(); }

    std::byte* row_of(const LocalAddress& local, std::uint32_t offset) {
        const std::uint32_t row = row_after(local, offset, geometry_);
        return local.accumulator ? accumulator_row(row) : scratchpad_row(row);
    }

    void load_narrow(const LocalAddress& local, const std::byte* source, unsigned columns,
                     unsigned block_stride, std::uint32_t scale) {
        std::array<InputStorage, most_row> row{};
        if (source != nullptr) {
            copy_bytes(row.data(), source, columns * sizeof(InputStorage));
            const Scaler<Input> scaler(scale, config_.load_scale_type, config_.scale_adds_zero,
                                       config_.load_scale_units != 0);
            scaler(row.data(), columns);
        }
        for (unsigned block = 0; block * side() < columns; ++block) {
            const unsigned count = std::min(side(), columns - block * side());
            const InputStorage* const elements = &row[block * side()];
            std::byte* const target = row_of(local, block * block_stride);
            if (!local.accumulator) {
                copy_bytes(target, elements, count * sizeof(InputStorage));
                continue;
            }
            std::array<AccumulatorStorage, most_side> wide;
            for (unsigned column = 0; column < count; ++column) {
                if constexpr (std::is_same_v<Input, Accumulator>) {
                    wide[column] = elements[column];
                } else {
                    wide[column] = Accumulator::round(Input::widen(elements[column]));
                }
            }
            accumulate(target, wide.data(), count, local.accumulate);
        }
    }

    void load_wide(const LocalAddress& local, const std::byte* source, unsigned columns,
                   unsigned block_stride, std::uint32_t scale) {
        std::array<AccumulatorStorage, most_row> row{};
        if (source != nullptr) {
            copy_bytes(row.data(), source, columns * sizeof(AccumulatorStorage));
            if constexpr (floats) {
                if (config_.load_accumulator_scale) {
                    const Scaler<Accumulator> scaler(scale, config_.load_scale_type, config_.scale_adds_zero,
                                                     config_.load_scale_units != 0);
                    scaler(row.data(), columns);
                }
            }
        }
        for (unsigned block = 0; block * side() < columns; ++block) {
            accumulate(row_of(local, block * block_stride), &row[block * side()],
                       std::min(side(), columns - block * side()), local.accumulate);
        }
    }

    // Writes elements to an accumulator row, or adds them.
    static void accumulate(std::byte* target, const AccumulatorStorage* elements, unsigned count, bool adds) {
        if (!adds) {
            copy_bytes(target, elements, count * sizeof(AccumulatorStorage));
            return;
        }
        std::array<AccumulatorStorage, most_side> row;
        copy_bytes(row.data(), target, count * sizeof(AccumulatorStorage));
        for (unsigned column = 0; column < count; ++column) {
            if constexpr (floats) {
                // For BF16, rounding the sum to float first changes nothing: 24 >= 2 * 8 + 2.
                row[column] = Accumulator::round(Accumulator::widen(row[column]) +
                                                 Accumulator::widen(elements[column]));
            } else {
                row[column] = static_cast<AccumulatorStorage>(static_cast<std::uint32_t>(row[column]) +
                                                              static_cast<std::uint32_t>(elements[column]));
            }
        }
        copy_bytes(target, row.data(), count * sizeof(AccumulatorStorage));
    }

    void narrow_row(std::uint32_t index, InputStorage* result, unsigned columns,
                    const Narrowing& narrowing) const {
        std::array<AccumulatorStorage, most_side> row;
        copy_bytes(row.data(), accumulator_row(index), columns * sizeof(AccumulatorStorage));
        const float scale = decode_scale(narrowing.scale, config_.store_scale_type);
        const bool relu = narrowing.activation == Activation::relu;
        for (unsigned column = 0; column < columns; ++column) {
            if constexpr (floats) {
                const float value = Accumulator::widen(row[column]);
                const float activated = relu && std::signbit(value) && value != 0.0F ? 0.0F : value;
                const auto scaled = multiply<Accumulator>(
                    activated, Accumulator::widen(Accumulator::round(scale)), config_.scale_adds_zero);
                if constexpr (std::is_same_v<Input, Accumulator>) {
                    result[column] = scaled;
                } else {
                    result[column] = Input::round(Accumulator::widen(scaled));
                }
            } else {
                const std::int32_t activated = relu ? std::max(row[column], 0) : row[column];
                result[column] = Input::round(multiply_integer(activated, scale));
            }
        }
    }

    void gather(const Operand& operand, const Narrowing& narrowing, Lane* tile) {
        const Tile& place = operand.tile;
        if (Side != 0 && place.rows == Side && place.columns == Side && !place.local.accumulator &&
            !operand.transposed) {
            for (std::size_t row = 0; row < Side; ++row) {
                const auto offset = static_cast<std::uint32_t>(row * operand.stride);
                gather_full_row(row_after(place.local, offset, geometry_), &tile[row * Side]);
            }
            return;
        }
        std::fill_n(tile, tile_size(), Lane{0});
        if (place.local.garbage) {
            return;
        }
        const unsigned local_rows = operand.transposed ? place.columns : place.rows;
        const unsigned local_columns = operand.transposed ? place.rows : place.columns;
        const std::size_t row_step = operand.transposed ? 1 : side();
        const std::size_t column_step = operand.transposed ? side() : 1;
        std::array<InputStorage, most_side> elements;
        for (unsigned row = 0; row < local_rows; ++row) {
            const std::uint32_t index = row_after(place.local, row * operand.stride, geometry_);
            if (place.local.accumulator) {
                narrow_row(index, elements.data(), local_columns, narrowing);
            } else {
                copy_bytes(elements.data(), scratchpad_row(index), local_columns * sizeof(InputStorage));
            }
            Lane* const first = &tile[row * row_step];
            for (unsigned column = 0; column < local_columns; ++column) {
                first[column * column_step] = Input::widen(elements[column]);
            }
        }
    }

    void gather_full_row(std::uint32_t index, Lane* lanes) {
        std::array<InputStorage, Side == 0 ? 1 : Side> elements;
        std::memcpy(elements.data(), scratchpad_row(index), sizeof elements);
        for (unsigned column = 0; column < Side; ++column) {
            lanes[column] = Input::widen(elements[column]);
        }
    }

    void write_result(const Operand& c, unsigned row, const Lane* sums, Activation activation) {
        std::byte* const target = row_of(c.tile.local, row * c.stride);
        if (!c.tile.local.accumulator) {
            write_scratchpad(target, sums, c.tile.columns, activation);
        } else if (Side != 0 && c.tile.columns == Side) {
            write_accumulator(target, sums, Side, c.tile.local.accumulate);
        } else {
            write_accumulator(target, sums, c.tile.columns, c.tile.local.accumulate);
        }
    }

    static void write_accumulator(std::byte* target, const Lane* sums, unsigned columns, bool adds) {
        std::array<AccumulatorStorage, most_side> wide;
        for (unsigned column = 0; column < columns; ++column) {
            wide[column] = Accumulator::round(sums[column]);
        }
        accumulate(target, wide.data(), columns, adds);
    }

    static void write_scratchpad(std::byte* target, const Lane* sums, unsigned columns,
                                 Activation activation) {
        std::array<InputStorage, most_side> elements;
        for (unsigned column = 0; column < columns; ++column) {
            const InputStorage element = Input::round(sums[column]);
            const bool cut = activation == Activation::relu && Input::widen(element) < Lane{0};
            elements[column] = cut ? InputStorage{0} : element;
        }
        copy_bytes(target, elements.data(), columns * sizeof(InputStorage));
    }

    unsigned side_;
    std::array<std::vector<Lane>, 2> weights_;
    std::array<bool, 2> ordinary_weights_{true, true};
    unsigned in_use_ = 0;
    std::vector<Lane> a_;
    std::vector<Lane> sums_;
    void (*chain_)(const Lane*, const Lane*, Lane*, unsigned) = nullptr;
};

}  // namespace

Datapath::Datapath(const Config& config)
    : config_(config),
      geometry_(config),
      scratchpad_(config.scratchpad_bytes),
      accumulator_(config.accumulator_bytes) {}

namespace {

// Of a float chip: the sides that are simulated often have code of their own.
template <typename Input, typename Array, typename Accumulator>
std::unique_ptr<Datapath> float_datapath(const Config& config) {
    switch (config.mesh_side) {
        case 4:
            return std::make_unique<DatapathOf<Input, Array, Accumulator, 4>>(config);
        case 8:
            return std::make_unique<DatapathOf<Input, Array, Accumulator, 8>>(config);
        default:
            return std::make_unique<DatapathOf<Input, Array, Accumulator>>(config);
    }
}

}  // namespace

std::unique_ptr<Datapath> make_datapath(const Config& config) {
    if (config.input_type == Number::int8) {
        if (config.mesh_side == 16) {
            return std::make_unique<DatapathOf<Int8, Int8, Int32, 16>>(config);
        }
        return std::make_unique<DatapathOf<Int8, Int8, Int32>>(config);
    }
    if (config.input_type == Number::fp32) {
        return float_datapath<Fp32, Fp32, Fp32>(config);
    }
    if (config.spatial_array_type == Number::fp32) {
        return float_datapath<Bf16, Fp32, Fp32>(config);
    }
    if (config.accumulator_type == Number::fp32) {
        return float_datapath<Bf16, Bf16, Fp32>(config);
    }
    return float_datapath<Bf16, Bf16, Bf16>(config);
}

}  // namespace partita::chip::gemmini
