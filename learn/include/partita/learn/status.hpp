#pragma once

// Errors as values: nothing in `learn` throws, prints or aborts.

#include <cstdint>

namespace partita::learn {

enum class Error : std::uint8_t {
    none,
    zero_size,
    parts_exceed_steps,
    size_overflow,
    bad_array_side,
    bad_option,
    memory_too_small,
    memory_misaligned,
    backend_unavailable,
    wrong_length,
    label_out_of_range,
    too_many_sequences,
    inference_only,
};

// One sentence for each error; the caller adds which file or option it came from.
constexpr const char* describe(Error error) {
    switch (error) {
        case Error::none:
            return "no error";
        case Error::zero_size:
            return "input, hidden, classes, batch, steps, parts and members must each be at least 1";
        case Error::parts_exceed_steps:
            return "a sequence cannot be cut in more parts than it has steps";
        case Error::size_overflow:
            return "the sizes multiply to more memory than can be addressed";
        case Error::bad_array_side:
            return "the array side must be between 1 and 256";
        case Error::bad_option:
            return "this combination of options is not supported";
        case Error::memory_too_small:
            return "the memory handed over is smaller than the plan's layout";
        case Error::memory_misaligned:
            return "the memory handed over is not aligned to 64 bytes";
        case Error::backend_unavailable:
            return "this backend does not run on this processor";
        case Error::wrong_length:
            return "an array has not the length that the plan's shape asks for";
        case Error::label_out_of_range:
            return "a label is not below the number of classes";
        case Error::too_many_sequences:
            return "a batch has no sequence, or more than the plan's batch";
        case Error::inference_only:
            return "the plan has no tape, so it can evaluate but not train";
    }
    return "unknown error";
}

// A value or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
  public:
    constexpr Result(const T& value) : value_(value) {}
    constexpr Result(Error error) : error_(error) {}

    constexpr bool ok() const { return error_ == Error::none; }
    constexpr Error error() const { return error_; }
    constexpr const T& value() const { return value_; }
    constexpr T& value() { return value_; }

  private:
    T value_{};
    Error error_ = Error::none;
};

}  // namespace partita::learn
