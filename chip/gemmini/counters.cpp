#include "chip/gemmini/counters.hpp"

namespace partita::chip::gemmini {

std::uint32_t Counters::value(const Counter& counter, bool external) const {
    if (external) {
        return externals_[counter.event % external_count];
    }
    return static_cast<std::uint32_t>(totals_[counter.event] - counter.start);
}

std::uint32_t Counters::execute(const CounterOperation& operation) {
    const unsigned index = operation.index % counters_;
    Counter& addressed = file_[index];
    // The hardware looks at the addressed counter's flag for all of a snapshot (CounterFile.scala,
    // take_value).
    const bool external = addressed.external;
    const std::uint32_t result = snapshot_ ? taken_[index] : value(addressed, external);
    if (operation.snapshot_reset) {
        snapshot_ = false;
    } else if (operation.snapshot) {
        snapshot_ = true;
        for (unsigned i = 0; i < counters_; ++i) {
            taken_[i] = value(file_[i], external);
        }
    }
    if (operation.configure) {
        addressed = {operation.event, operation.external, totals_[operation.event]};
    }
    if (operation.reset) {
        for (Counter& counter : file_) {
            counter.start = totals_[counter.event];
        }
        taken_ = {};
        snapshot_ = false;
        for (const External sum : {External::bytes_read, External::bytes_written, External::read_latency,
                                   External::write_latency}) {
            externals_[static_cast<unsigned>(sum)] = 0;
        }
    }
    return result;
}

}  // namespace partita::chip::gemmini
