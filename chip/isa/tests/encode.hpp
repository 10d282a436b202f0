#pragma once

// Puts instructions together from their fields, independently of the decoder's table.

#include <cstdint>

namespace partita::chip::isa::test {

constexpr std::uint32_t immediate_type(std::uint32_t opcode, std::uint32_t function, std::uint32_t rd,
                                       std::uint32_t rs1, std::int32_t immediate) {
    return static_cast<std::uint32_t>(immediate) << 20U | rs1 << 15U | function << 12U | rd << 7U | opcode;
}

constexpr std::uint32_t register_type(std::uint32_t opcode, std::uint32_t function, std::uint32_t function7,
                                      std::uint32_t rd, std::uint32_t rs1, std::uint32_t rs2) {
    return function7 << 25U | rs2 << 20U | rs1 << 15U | function << 12U | rd << 7U | opcode;
}

constexpr std::uint32_t addi(std::uint32_t rd, std::uint32_t rs1, std::int32_t immediate) {
    return immediate_type(0x13, 0, rd, rs1, immediate);
}
constexpr std::uint32_t load(std::uint32_t function, std::uint32_t rd, std::uint32_t rs1,
                             std::int32_t offset) {
    return immediate_type(0x03, function, rd, rs1, offset);
}
constexpr std::uint32_t store(std::uint32_t function, std::uint32_t rs2, std::uint32_t rs1,
                              std::int32_t offset) {
    const auto bits = static_cast<std::uint32_t>(offset);
    return (bits >> 5U & 0x7fU) << 25U | rs2 << 20U | rs1 << 15U | function << 12U | (bits & 31U) << 7U |
           0x23;
}
// funct5 of the operation, and its order bits aq (2) and rl (1).
constexpr std::uint32_t atomic(std::uint32_t operation, std::uint32_t width, std::uint32_t rd,
                               std::uint32_t rs1, std::uint32_t rs2, std::uint32_t order = 0) {
    return register_type(0x2f, width, operation << 2U | order, rd, rs1, rs2);
}
constexpr std::uint32_t csr(std::uint32_t function, std::uint32_t rd, std::uint32_t number,
                            std::uint32_t rs1) {
    return immediate_type(0x73, function, rd, rs1, static_cast<std::int32_t>(number));
}
constexpr std::uint32_t floating(std::uint32_t function7, std::uint32_t rounding, std::uint32_t rd,
                                 std::uint32_t rs1, std::uint32_t rs2) {
    return register_type(0x53, rounding, function7, rd, rs1, rs2);
}

inline constexpr std::uint32_t mret = 0x30200073;
inline constexpr std::uint32_t wfi = 0x10500073;
inline constexpr std::uint32_t ecall = 0x00000073;
inline constexpr std::uint32_t ebreak = 0x00100073;

}  // namespace partita::chip::isa::test
