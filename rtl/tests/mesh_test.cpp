// Meshes, as their sources say.

#include "Vmesh_bf16_2.h"
#include "Vmesh_bf16_4.h"
#include "Vmesh_fp32_4.h"
#include "mesh_checks.hpp"

namespace partita::rtl::test {
namespace {

TEST(Mesh, OfBf16AndSide2) {
    check_mesh<Vmesh_bf16_2>(bf16, 2, 4);
}
TEST(Mesh, OfBf16AndSide4) {
    check_mesh<Vmesh_bf16_4>(bf16, 4, 3);
}
TEST(Mesh, OfFp32AndSide4) {
    check_mesh<Vmesh_fp32_4>(fp32, 4, 1);
}

}  // namespace
}  // namespace partita::rtl::test
