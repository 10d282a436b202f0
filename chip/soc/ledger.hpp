#pragma once

// Where cycles went, by region and hart. A hart's cycles between two marks belong to the innermost region
// that is open; before the first mark and outside of all they belong to region 0.

#include <array>
#include <cstdint>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/rocket/core.hpp"

namespace partita::chip::soc {

inline constexpr unsigned cause_count = static_cast<unsigned>(rocket::Cause::count);

// What the accelerator has done; as counted since reset, or within a region of the hart that owns it.
struct Activity {
    std::uint64_t busy_cycles = 0;    // with a command or a transfer outstanding
    std::uint64_t array_cycles = 0;   // in which operands enter the array
    std::uint64_t multiply_adds = 0;  // of real data, padding not counted
    std::uint64_t read_bytes = 0;     // by DMA
    std::uint64_t written_bytes = 0;

    Activity& operator+=(const Activity& other);
    friend Activity operator-(const Activity& left, const Activity& right);
};

struct Account {
    std::uint64_t entries = 0;
    std::array<std::uint64_t, cause_count> causes = {};
    std::uint64_t instructions = 0;
    Activity activity;  // hart 0 only

    std::uint64_t cycles() const;
};

class Ledger {
  public:
    Ledger(unsigned harts, unsigned regions);

    // Books what a hart has spent since its last mark to the region that was open, and opens or closes one
    // (`region` 0 closes). `spent`: the hart's causes since reset; they may not have gone down. Throws
    // ProgramError if a region is closed that was not opened, nests too deep or has a number too large.
    void mark(unsigned hart, unsigned region, const std::array<std::uint64_t, cause_count>& spent,
              std::uint64_t instructions, const Activity& activity);
    // Books the rest, at the end of a run; open regions stay as they are.
    void close(unsigned hart, const std::array<std::uint64_t, cause_count>& spent, std::uint64_t instructions,
               const Activity& activity);

    unsigned regions() const { return regions_; }
    const Account& account(unsigned hart, unsigned region) const {
        return accounts_[hart * regions_ + region];
    }
    unsigned current(unsigned hart) const { return harts_[hart].open.back(); }

  private:
    struct Hart {
        std::vector<unsigned> open{0};
        std::array<std::uint64_t, cause_count> spent = {};
        std::uint64_t instructions = 0;
        Activity activity;
    };

    unsigned regions_;
    std::vector<Hart> harts_;
    std::vector<Account> accounts_;
};

}  // namespace partita::chip::soc
