// The data cache: blocking, with the missing access held in ID (DCache.scala; RocketCore.scala:
// dcache_blocked).

#include <algorithm>

#include "chip/rocket/implementation.hpp"

namespace partita::chip::rocket {

using memory::Permission;

void Core::Implementation::replay(const Decoded& decoded, Cycle until, Cause cause) {
    const Cycle fetched =
        fetch_.refetch(state_.pc, decoded.instruction.length, now_ + config_.replay_latency);
    hold_until(std::max(fetched, until), cause);
}

// No access is in the cache's pipeline, no refill and no uncached access outstanding. (A refill holds ID
// anyway.)
void Core::Implementation::await_memory_order() {
    if (pending_.last_access() != 0) {
        hold_until(pending_.last_access() + past_access, Cause::fence);
    }
    hold_until(device_free_, Cause::fence);
}

DataLine* Core::Implementation::access(const Decoded& decoded, Address address, bool reads, bool writes,
                                       Cycle safe) {
    if (fence_pending_) {
        await_memory_order();
        fence_pending_ = false;
    }
    const Cycle execute = now_ + 1;
    if (execute >= probe_from_) [[unlikely]] {
        return nullptr;  // will be refused, but for how long is not known yet
    }
    if (execute < busy_until_ && execute >= busy_from_) [[unlikely]] {
        // Refused in EX: it is replayed, and ID then waits until the cycle after the cache is free.
        replay(decoded, busy_until_ + 1, Cause::replay);
    }
    if (reads && !pending_.empty() && pending_.overlaps(now_, address, decoded.bytes)) {
        pending_.note_access(now_, reads);
        replay(decoded, 0, Cause::replay);
        pending_.clear();
    }
    DataLine* line = data_tags_.find(address);
    if (line == nullptr || (writes && line->permission != Permission::trunk)) [[unlikely]] {
        line = miss(decoded, address, writes, line, safe);
        if (line == nullptr) {
            return nullptr;
        }
    }
    pending_.note_access(now_, reads);
    return line;
}

DataLine* Core::Implementation::miss(const Decoded& decoded, Address address, bool writes, DataLine* held,
                                     Cycle safe) {
    if (now_ > safe) {
        return nullptr;
    }
    const Address line = line_of(address);
    Cycle decided = now_ + write_back;  // s2 is WB
    Cycle back = now_ + config_.replay_latency;
    DataLine& entry = held != nullptr ? *held : data_tags_.victim(address);
    if (held == nullptr && entry.dirty) {
        const Cycle leaves = decided + config_.dcache_release_latency;
        const Cycle again = leaves + config_.dcache_beats + config_.dcache_retry_latency;
        const Address victim = entry.line;
        entry = {};
        environment_.caches->release(hart_, victim, leaves);
        back += again - decided;
        decided = again;
    }
    const memory::Response response =
        environment_.caches->acquire(hart_, line, writes ? Permission::trunk : Permission::branch,
                                     held != nullptr ? Permission::branch : Permission::none, decided);
    entry = {line, writes || response.exclusive ? Permission::trunk : Permission::branch, false};
    data_tags_.refilled();
    shared_ = true;
    grant_begins_ = response.first;
    granted_ = response.last;
    state_.reserved = false;
    pending_.clear();
    ++effects_;

    const Cycle fetched =
        fetch_.refetch(state_.pc, decoded.instruction.length, now_ + config_.replay_latency);
    const Cycle until = std::max({back, response.last, fetched});
    const Cycle probing = std::min(response.coherence, until - now_);
    hold_until(now_ + probing, Cause::coherence);
    hold_until(until, Cause::data_cache);
    return &entry;
}

void Core::Implementation::stored(Address address, unsigned bytes) {
    ++effects_;
    if (code_.covers(address)) [[unlikely]] {
        code_.forget(address, bytes);
    }
}

// A store to HTIF's words has been issued.
Core::Implementation::Step Core::Implementation::tell_host(Address address) const {
    environment_.devices->host_store(hart_, address, now_ - 1 + write_back);
    return Step::yielded;
}

// What is not an aligned access to main memory: a device's, one at a time, or a trap.
Core::Implementation::Step Core::Implementation::device_access(const Decoded& decoded, Address address,
                                                               Cycle safe) {
    const isa::Instruction& instruction = decoded.instruction;
    const bool loads = decoded.kind != Kind::store && decoded.kind != Kind::fp_store;
    ++effects_;
    if (address % decoded.bytes == 0 && View{environment_, now_}.contains(address, decoded.bytes)) {
        hold_until(device_free_, Cause::data_cache);
        if (now_ > safe) {
            return Step::shared;
        }
    }
    View view{environment_, now_ + write_back};
    if (const isa::Trap failed = isa::execute(instruction, state_, view); failed != isa::Trap::none) {
        return trap(failed, instruction);
    }
    pending_.note_access(now_, loads);
    device_free_ = now_ + write_back + config_.device_latency;
    if (loads) {
        hazards_.set(decoded.destination, device_free_, Cause::data_cache);
    }
    issued();
    return loads ? Step::again : Step::yielded;  // a store may have woken another hart
}

// LR wants to write, too, as far as permissions go. SC reads as far as hazards go: it has a result.
Core::Implementation::Step Core::Implementation::atomic(const Decoded& decoded, Cycle safe) {
    using isa::Op;
    const isa::Instruction& instruction = decoded.instruction;
    const bool load_reserved = instruction.op == Op::lr_w || instruction.op == Op::lr_d;
    const bool conditional = instruction.op == Op::sc_w || instruction.op == Op::sc_d;
    constexpr std::uint8_t acquires = 1;
    constexpr std::uint8_t releases = 2;
    const Address address = state_.x[instruction.rs1];
    if (!in_memory(address, decoded.bytes)) {
        return device_access(decoded, address, safe);
    }
    if ((instruction.flags & releases) != 0) {
        await_memory_order();
    }
    DataLine* const line = access(decoded, address, true, true, safe);
    if (line == nullptr || (line->line == host_line_ && now_ > safe)) {
        return Step::shared;
    }
    if (conditional) {
        state_.reserved = state_.reserved && now_ + write_back < reserved_until_;
    }
    const bool writes =
        !load_reserved && (!conditional || (state_.reserved && state_.reservation == line->line));
    writes_integer();
    isa::execute_atomic(instruction, state_, *environment_.memory);
    if (load_reserved) {
        reserved_until_ = now_ + past_access + config_.reservation_cycles - 1 - config_.reservation_backoff;
    } else {
        state_.reserved = false;
    }
    if (writes) {
        line->dirty = true;
        // Its write follows its read.
        pending_.add(now_ + 1, address, decoded.bytes);
        stored(address, decoded.bytes);
    }
    hazards_.set(decoded.destination,
                 now_ + (conditional ? config_.narrow_load_latency : config_.load_latency), Cause::load_use);
    fence_pending_ = (instruction.flags & acquires) != 0;
    issued();
    return writes && line->line == host_line_ ? tell_host(address) : Step::done;
}

}  // namespace partita::chip::rocket
