// Writes the seeds of fuzz_program into the folder that is its argument.

#include <filesystem>
#include <fstream>
#include <string>

#include "../elf_builder.hpp"

namespace {

using namespace partita::chip::program::test;

void write(const std::filesystem::path& path, const Bytes& content) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        return 2;
    }
    const std::filesystem::path folder = arguments[1];
    std::filesystem::create_directories(folder);
    ElfBuilder elf = small_program();
    write(folder / "version5", elf.build());
    elf.sections[2].content = line_table(4);
    write(folder / "version4", elf.build());
    elf.sections.clear();
    elf.symbols.clear();
    elf.segments.push_back({0x8000'1000, Bytes(8), 64, 6, 1});
    write(folder / "segments", elf.build());
    return 0;
}
