// The units of arithmetic, as their sources say.

#include "Varithmetic_bf16.h"
#include "Varithmetic_fp32.h"
#include "arithmetic_checks.hpp"

namespace partita::rtl::test {
namespace {

TEST(Arithmetic, OfBf16SpecialNumbers) {
    check_special_numbers<Varithmetic_bf16>(bf16);
}
TEST(Arithmetic, OfFp32SpecialNumbers) {
    check_special_numbers<Varithmetic_fp32>(fp32);
}
TEST(Arithmetic, OfBf16RandomNumbers) {
    check_random_numbers<Varithmetic_bf16>(bf16);
}
TEST(Arithmetic, OfFp32RandomNumbers) {
    check_random_numbers<Varithmetic_fp32>(fp32);
}

}  // namespace
}  // namespace partita::rtl::test
