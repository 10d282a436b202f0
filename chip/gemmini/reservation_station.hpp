#pragma once

// The reservation station (ReservationStation.scala): commands wait in one queue for each controller until
// the commands of the other queues whose local rows they share are complete. Within a queue they leave in
// order.

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "chip/gemmini/command.hpp"
#include "chip/gemmini/ring.hpp"

namespace partita::chip::gemmini {

class ReservationStation {
  public:
    ReservationStation(const Config& config, const Geometry& geometry);

    bool empty() const { return used_ == 0; }
    // RoCC's busy line: anything but a preload whose compute has not come yet.
    bool busy() const { return used_ > 1 || (used_ == 1 && !solitary_preload_); }
    bool full(Queue queue) const { return file(queue).used == file(queue).depth; }
    unsigned count(Queue queue) const { return file(queue).used; }

    // The queue has a free entry. The command comes from the loop unroller or from software.
    void allocate(const Command& command, bool from_loop);

    // Whether the oldest command that has not been issued may be.
    bool ready(Queue queue) const { return (ready_ >> static_cast<unsigned>(queue) & 1) != 0; }
    bool any_ready() const { return ready_ != 0; }
    const Command& next(Queue queue) const {
        return file(queue).entries[file(queue).waiting.front()].command;
    }
    // Takes that command; returns its entry. Configurations of load and store are complete by it: their entry
    // is free, and its command is good until the next is allocated.
    unsigned issue(Queue queue);
    void complete(Queue queue, unsigned entry);

    const Command& command(Queue queue, unsigned entry) const { return file(queue).entries[entry].command; }
    bool from_loop(Queue queue, unsigned entry) const { return file(queue).entries[entry].from_loop; }

    // The oldest commands, and what they wait for; for reports.
    std::string state() const;

  private:
    static constexpr unsigned queues = 3;

    // Local rows, the accumulator's behind the scratchpad's; none: overlaps nothing.
    struct Range {
        std::int32_t first = none;
        std::int32_t end = 0;
        static constexpr std::int32_t none = 0x7fff'ffff;
    };
    struct Entry {
        Command command;
        std::array<std::uint64_t, queues> waits{};  // for entries of other queues
        std::uint64_t order = 0;
        bool from_loop = false;
        bool wait_none() const { return (waits[0] | waits[1] | waits[2]) == 0; }
    };
    struct File {
        explicit File(unsigned most) : depth(most), entries(most), first(most), second(most), waiting(most) {}
        unsigned depth;
        std::vector<Entry> entries;
        std::vector<Range> first;    // what the command writes, or the first that it reads
        std::vector<Range> second;   // what it reads beside
        Ring<std::uint8_t> waiting;  // not issued
        std::uint64_t valid = 0;
        std::uint64_t writes = 0;  // execute: `first` is a result
        unsigned used = 0;
    };

    File& file(Queue queue) { return files_[static_cast<unsigned>(queue)]; }
    const File& file(Queue queue) const { return files_[static_cast<unsigned>(queue)]; }
    void update_ready(Queue queue) {
        const File& own = file(queue);
        const bool ready = !own.waiting.empty() && own.entries[own.waiting.front()].wait_none();
        const unsigned bit = 1U << static_cast<unsigned>(queue);
        ready_ = ready ? ready_ | bit : ready_ & ~bit;
    }
    Range range(const LocalAddress& local, unsigned rows) const;
    void measure(const Command& command, Range& first, Range& second, bool& writes);
    std::uint64_t overlapping(Queue queue, const std::vector<Range>& ranges, const Range& with) const;
    void configure(const Command& command);

    const Geometry* geometry_;
    std::array<File, queues> files_;
    unsigned a_stride_ = 1;
    unsigned c_stride_ = 1;
    bool transpose_a_ = false;
    std::array<unsigned, 3> block_strides_{};
    bool solitary_preload_ = false;
    unsigned used_ = 0;   // entries of all queues
    unsigned ready_ = 0;  // by queue, as bits
    std::uint64_t order_ = 0;
};

}  // namespace partita::chip::gemmini
