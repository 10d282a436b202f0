#pragma once

// What tests of commands that build and simulate programs have in common.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "command.hpp"
#include "firmware/tests/cross_compiler.hpp"

namespace partita::test {

using firmware::test::cross_compiler_is_there;

inline std::string chip_file(const std::string& name) {
    return (std::filesystem::path(PARTITA_SOURCE_DIR) / "chips" / (name + ".toml")).string();
}

// Programs that are built are kept in a cache of the test's own; only the objects that all programs have in
// common are every test's.
class ChipCommandTest : public CommandTest {
  protected:
    ChipCommandTest() {
        namespace fs = std::filesystem;
        setenv("XDG_CACHE_HOME", cache_.path().c_str(), 1);
        fs::create_directories(PARTITA_TEST_OBJECTS);
        fs::create_directory(cache_ / "partita");
        fs::create_directory_symlink(PARTITA_TEST_OBJECTS, cache_ / "partita/objects");
    }
    const std::filesystem::path& cache() const { return cache_.path(); }

  private:
    data::test::TemporaryDirectory cache_;
};

}  // namespace partita::test
