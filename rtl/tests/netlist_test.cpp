// What Yosys makes of the sources for UltraScale+, simulated with Yosys' models of its cells: the same checks
// as of the sources themselves.

#include "Varithmetic_netlist.h"
#include "Vmesh_netlist.h"
#include "arithmetic_checks.hpp"
#include "mesh_checks.hpp"

namespace partita::rtl::test {
namespace {

TEST(Netlist, OfArithmeticOfSpecialNumbers) {
    check_special_numbers<Varithmetic_netlist>(bf16, 1);
}
TEST(Netlist, OfArithmeticOfRandomNumbers) {
    check_random_numbers<Varithmetic_netlist>(bf16, 1);
}
TEST(Netlist, OfMesh) {
    check_mesh<Vmesh_netlist>(bf16, 4, 3);
}

}  // namespace
}  // namespace partita::rtl::test
