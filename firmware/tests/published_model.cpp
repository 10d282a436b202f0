// The published program on the host, its products done by the functional model of the accelerator. Prints
// what it prints on the chip. Usage: PROGRAM BLOB

#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "model.hpp"
#include "published/load.hpp"
#include "published/loss.hpp"
#include "published/network.hpp"
#include "published/training.hpp"

namespace partita::firmware {
namespace {

#if defined(PARTITA_CHIP_ELEMENT_BF16)
constexpr auto number = chip::gemmini::Number::bf16;
#else
constexpr auto number = chip::gemmini::Number::fp32;
#endif

test::Model& model() {
    static test::Model only(test::array_config(PARTITA_CHIP_MESH_SIDE, number, number), sizeof(Network));
    return only;
}

}  // namespace

Network& network = *reinterpret_cast<Network*>(model().memory().data());

void barrier(const Team& /*team*/) {}

int run(const char* path) {
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    Blob blob;
    if (!read_blob(std::as_bytes(std::span(bytes)), blob) || !load(blob)) {
        return 3;
    }
    const Team team{0, 1};
    for (std::size_t part = 0; part < parts; ++part) {
        begin_part(team, part);
        forward(team);
        if (part + 1 < parts) {  // nothing of what follows the last loss is looked at
            backward(team);
            update(team);
        }
    }
    std::printf("loss %.6f\n", final_loss());
    return 0;
}

}  // namespace partita::firmware

int main(int count, char** arguments) {
    return count == 2 ? partita::firmware::run(arguments[1]) : 2;
}
