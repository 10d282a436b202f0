#pragma once

// When packets of 4 bytes come from the front end: one a cycle while the queue between fetch and decode has
// room (Frontend.scala: a queue of five that lets an arriving packet through; IBuf.scala keeps a left-over
// halfword).

#include <algorithm>
#include <array>
#include <cstdint>

#include "chip/base/units.hpp"
#include "chip/rocket/core.hpp"

namespace partita::chip::rocket {

class Fetch {
  public:
    explicit Fetch(unsigned queue) : queue_(queue) {}

    static std::uint64_t packet_of(Address address) { return address / 4; }

    std::uint64_t packet() const { return packet_; }
    std::uint64_t next_packet() const { return packet_ + 1; }
    // Cycle in which the latest packet was in s2, which is ID if the queue was empty.
    Cycle arrival() const { return arrival_; }
    Cycle next_arrival() const {
        // A packet is asked for in the cycle after the one that it takes the place of left, and is in s2 two
        // later.
        return std::max(arrival_ + 1, left_[(count_ + 1 - queue_) % left_.size()] + 3);
    }
    // Packet `next_packet` arrives; the instruction at `pc` is the first that uses it, in ID in cycle
    // `issued`.
    void advance(Cycle arrival, Address pc, Cycle issued) {
        ++packet_;
        ++count_;
        arrival_ = arrival;
        first_user_ = pc;
        left_[count_ % left_.size()] = issued;
    }
    // The instruction at `pc` was held in ID until `issued`.
    void hold(Address pc, Cycle issued) {
        if (first_user_ == pc) {
            left_[count_ % left_.size()] = issued;
        }
    }
    // The next packet is that of `target`, in s2 in cycle `arrival` or later.
    void redirect(Address target, Cycle arrival, Cause cause) {
        packet_ = packet_of(target) - 1;
        arrival_ = arrival - 1;
        entered_middle_ = target % 4 != 0 ? packet_of(target) : no_packet;
        cause_ = cause;
    }
    // The instruction at `pc`, `length` bytes long, is fetched again: its first packet is in s2 in cycle
    // `arrival`. Returns the cycle in which it is in ID.
    Cycle refetch(Address pc, unsigned length, Cycle arrival) {
        const bool straddles = packet_of(pc) != packet_of(pc + length - 2);
        arrival_ = arrival + (straddles ? 1 : 0);
        entered_middle_ = pc % 4 != 0 ? packet_of(pc) : no_packet;
        hold(pc, arrival_);
        return arrival_;
    }
    bool entered_middle(std::uint64_t packet) const { return packet == entered_middle_; }
    // Whether less than two packets were waiting when the latest one came.
    bool bubble_likely() const { return left_[(count_ - 2) % left_.size()] < arrival_; }
    // Why a packet was waited for.
    Cause cause() const { return cause_; }
    void blame(Cause cause) { cause_ = cause; }

    // For a loop that repeats itself; see Predictor.
    struct Steady {
        std::array<Cycle, 8> since = {};
        std::uint64_t packet = 0;
        std::uint64_t entered_middle = 0;
        Cause cause = Cause::branch;
        bool operator==(const Steady&) const = default;
    };
    Steady steady(Cycle now) const {
        Steady state{{}, packet_, entered_middle_, cause_};
        // An arrival may lie ahead, by few cycles.
        const auto since = [now](Cycle at) { return std::min<Cycle>(now + 16 - at, 256); };
        state.since[0] = since(arrival_);
        for (unsigned i = 0; i + 1 < state.since.size(); ++i) {
            state.since[i + 1] = since(left_[(count_ - i) % left_.size()]);
        }
        return state;
    }
    void shift(Cycle by) {
        arrival_ += by;
        for (Cycle& left : left_) {
            left += by;
        }
    }

  private:
    static constexpr std::uint64_t no_packet = ~std::uint64_t{0};

    unsigned queue_;
    std::uint64_t packet_ = no_packet;
    Cycle arrival_ = 0;
    std::uint64_t count_ = 64;        // of packets; the latest one's number
    std::array<Cycle, 8> left_ = {};  // cycle in which a packet left the queue, by its number
    Address first_user_ = 1;
    std::uint64_t entered_middle_ = no_packet;
    Cause cause_ = Cause::instruction_cache;
};

}  // namespace partita::chip::rocket
