// make_store FILE COUNT: a store of so many made runs, for the test of the page in a browser.

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "made_runs.hpp"

int main(int argc, char** argv) {
    try {
        if (argc != 3) {
            std::fputs("usage: make_store FILE COUNT\n", stderr);
            return 2;
        }
        partita::explore::report::test::fill(argv[1], std::strtoul(argv[2], nullptr, 10));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "make_store: %s\n", error.what());
        return 1;
    }
}
