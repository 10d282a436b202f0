#include "start/host.hpp"

extern "C" {
extern volatile std::uint64_t tohost;
extern volatile std::uint64_t fromhost;
[[noreturn]] void partita_sleep();
}

namespace partita::firmware {
namespace {

constexpr std::uint64_t system_call_write = 64;
constexpr std::uint64_t standard_output = 1;

void call_host(std::uint64_t number, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    alignas(64) volatile std::uint64_t block[8] = {number, a, b, c};
    __sync_synchronize();
    tohost = reinterpret_cast<std::uintptr_t>(&block[0]);
    while (fromhost == 0) {
    }
    fromhost = 0;
    __sync_synchronize();
}

}  // namespace

void exit(int code) {
    tohost = (static_cast<std::uint64_t>(code) << 1) | 1;
    partita_sleep();
}

Line& Line::operator<<(const char* text) {
    for (; *text != '\0' && length_ < most; ++text) {
        text_[length_++] = *text;
    }
    return *this;
}

Line& Line::operator<<(std::uint64_t number) {
    char digits[21];
    char* first = digits + 20;
    *first = '\0';
    do {
        *--first = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    return *this << first;
}

Line& Line::hexadecimal(std::uint32_t bits) {
    char digits[9] = {};
    for (int i = 7; i >= 0; --i, bits >>= 4) {
        digits[i] = "0123456789abcdef"[bits & 15];
    }
    return *this << digits;
}

Line& Line::fixed(double number, int digits) {
    if (!(number - number == 0.0)) {
        return *this << (number != number ? "nan" : number > 0 ? "inf" : "-inf");
    }
    if (number < 0) {
        *this << "-";
        number = -number;
    }
    std::uint64_t unit = 1;
    for (int i = 0; i < digits; ++i) {
        unit *= 10;
    }
    const auto scaled = static_cast<std::uint64_t>(number * static_cast<double>(unit) + 0.5);
    *this << scaled / unit;
    if (digits > 0) {
        *this << ".";
        for (std::uint64_t place = unit / 10, rest = scaled % unit; place != 0; place /= 10) {
            const char digit[2] = {static_cast<char>('0' + rest / place), '\0'};
            *this << digit;
            rest %= place;
        }
    }
    return *this;
}

void Line::end() {
    text_[length_++] = '\n';
    call_host(system_call_write, standard_output, reinterpret_cast<std::uintptr_t>(text_), length_);
    length_ = 0;
}

}  // namespace partita::firmware
