#pragma once

// A class that Verilator has made of a module, in a simulation of its own.

#include <verilated.h>
#if VM_COVERAGE
#include <fmt/format.h>
#include <unistd.h>
#include <verilated_cov.h>

#include <cstdlib>
#endif

#include <memory>

namespace partita::rtl {

#if VM_COVERAGE
inline void write_coverage(VerilatedContext& context) {
    static int number = 0;
    if (const char* const folder = std::getenv("PARTITA_RTL_COVERAGE"); folder != nullptr) {
        context.coveragep()->write(fmt::format("{}/{}-{}.dat", folder, getpid(), ++number).c_str());
    }
}
#endif

// Inputs, too, and what has no reset start at random, from the same seed each time, but for the clock, which
// is low. In a build with coverage (VM_COVERAGE) they start at zero, since a random start would count as a
// toggle of nearly every bit; what was reached is written at the end to a file of the folder that the
// environment names in PARTITA_RTL_COVERAGE.
template <typename Top>
class Instance {
  public:
    Instance() : context_(std::make_unique<VerilatedContext>()) {
#if VM_COVERAGE
        context_->randReset(0);
#else
        context_->randReset(2);
#endif
        top_ = std::make_unique<Top>(context_.get());
        // Without this the first rise of the clock would not be seen as one.
        top_->clock = 0;
        top_->eval();
    }
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
    ~Instance() {
        top_->final();
#if VM_COVERAGE
        write_coverage(*context_);
#endif
    }

    Top* operator->() {
        return top_.get();
    }
    Top& operator*() {
        return *top_;
    }
    VerilatedContext& context() {
        return *context_;
    }

  private:
    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Top> top_;
};

}  // namespace partita::rtl
