#pragma once

// The machine that loaded the program, spoken to by HTIF as riscv-tests' environment does it: system calls in
// a block of memory whose address goes to `tohost`, and the exit code. Only hart 0 calls.

#include <cstddef>
#include <cstdint>

namespace partita::firmware {

// Ends the run with an exit code.
[[noreturn]] void exit(int code);

// Text for the console, gathered in lines of at most 240 characters: one system call each.
class Line {
  public:
    Line& operator<<(const char* text);
    Line& operator<<(std::uint64_t number);
    // Eight hexadecimal digits.
    Line& hexadecimal(std::uint32_t bits);
    // `number` with `digits` decimal places (at most 9), rounded half up; for magnitudes below 10^9.
    Line& fixed(double number, int digits);
    // Sends the line, its end included.
    void end();

  private:
    static constexpr std::size_t most = 240;
    char text_[most + 1];
    std::size_t length_ = 0;
};

}  // namespace partita::firmware
