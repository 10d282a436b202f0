#include "chip/soc/ledger.hpp"

#include <fmt/format.h>

#include "chip/base/error.hpp"

namespace partita::chip::soc {
namespace {

constexpr std::size_t deepest = 32;

}  // namespace

Activity& Activity::operator+=(const Activity& other) {
    busy_cycles += other.busy_cycles;
    array_cycles += other.array_cycles;
    multiply_adds += other.multiply_adds;
    read_bytes += other.read_bytes;
    written_bytes += other.written_bytes;
    return *this;
}

Activity operator-(const Activity& left, const Activity& right) {
    return {left.busy_cycles - right.busy_cycles, left.array_cycles - right.array_cycles,
            left.multiply_adds - right.multiply_adds, left.read_bytes - right.read_bytes,
            left.written_bytes - right.written_bytes};
}

std::uint64_t Account::cycles() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t cause : causes) {
        sum += cause;
    }
    return sum;
}

Ledger::Ledger(unsigned harts, unsigned regions)
    : regions_(regions), harts_(harts), accounts_(std::size_t{harts} * regions) {}

void Ledger::close(unsigned hart, const std::array<std::uint64_t, cause_count>& spent,
                   std::uint64_t instructions, const Activity& activity) {
    Hart& state = harts_[hart];
    Account& account = accounts_[std::size_t{hart} * regions_ + state.open.back()];
    for (unsigned cause = 0; cause < cause_count; ++cause) {
        account.causes[cause] += spent[cause] - state.spent[cause];
    }
    account.instructions += instructions - state.instructions;
    account.activity += activity - state.activity;
    state.spent = spent;
    state.instructions = instructions;
    state.activity = activity;
}

void Ledger::mark(unsigned hart, unsigned region, const std::array<std::uint64_t, cause_count>& spent,
                  std::uint64_t instructions, const Activity& activity) {
    close(hart, spent, instructions, activity);
    Hart& state = harts_[hart];
    if (region == 0) {
        if (state.open.size() == 1) {
            throw ProgramError("a region ends that has not begun");
        }
        state.open.pop_back();
        return;
    }
    if (region >= regions_) {
        throw ProgramError(fmt::format("region {} begins; numbers go up to {}", region, regions_ - 1));
    }
    if (state.open.size() == deepest) {
        throw ProgramError(
            fmt::format("regions are nested more than {} deep; one does not end", deepest - 1));
    }
    state.open.push_back(region);
    ++accounts_[std::size_t{hart} * regions_ + region].entries;
}

}  // namespace partita::chip::soc
