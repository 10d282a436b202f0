// The units of arithmetic and the mesh once more, in a build that counts what is reached.

#include "Varithmetic_coverage.h"
#include "Vmesh_coverage.h"
#include "arithmetic_checks.hpp"
#include "mesh_checks.hpp"

namespace partita::rtl::test {
namespace {

TEST(Coverage, OfArithmetic) {
    check_special_numbers<Varithmetic_coverage>(bf16);
    check_random_numbers<Varithmetic_coverage>(bf16);
}
TEST(Coverage, OfTheMesh) {
    check_mesh<Vmesh_coverage>(bf16, 2, 4);
}

}  // namespace
}  // namespace partita::rtl::test
