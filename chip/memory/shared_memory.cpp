#include "chip/memory/shared_memory.hpp"

#include <algorithm>
#include <bit>

namespace partita::chip::memory {

SharedMemory::SharedMemory(const Config& config, unsigned harts, FlatMemory& memory)
    : config_(config),
      memory_(memory),
      directory_(config.l2_bytes, config.l2_ways),
      dram_(config),
      tiles_(harts),
      caches_(harts),
      set_free_(directory_.sets()),
      mshr_free_(config.l2_mshrs) {}

// A message of `beats` beats goes from the tile's port to the L2; the cycle in which its first beat is there.
Cycle SharedMemory::arrive(unsigned hart, unsigned beats, Cycle at) {
    const Cycle leaves = tiles_[hart].requests.reserve(at, beats);
    return requests_.reserve(leaves + config_.crossing_latency, beats);
}

// The L2 takes a request once an MSHR and the line's set are free. Returns the cycle, as if it had arrived
// then.
Cycle SharedMemory::begin(Address line, Cycle at, unsigned& mshr) {
    const auto least = std::min_element(mshr_free_.begin(), mshr_free_.end());
    mshr = static_cast<unsigned>(least - mshr_free_.begin());
    return std::max({at, *least, set_free_[directory_.set_of(line)]});
}

// Probes the clients one after the other; returns the cycle in which the MSHR acts again.
Cycle SharedMemory::probe_all(Address line, std::uint64_t clients, Permission to, Cycle acts, bool& dirty,
                              std::uint64_t& kept) {
    Cycle done = acts;
    kept = 0;
    for (std::uint64_t left = clients; left != 0; left &= left - 1) {
        const unsigned hart = static_cast<unsigned>(std::countr_zero(left));
        const Cycle sent = probes_.reserve(acts + config_.l2_probe_latency, 1);
        const ProbeReply reply = caches_[hart]->probe(line, to, sent + config_.crossing_latency);
        const unsigned count = reply.dirty ? beats(line_bytes) : 1;
        const Cycle leaves = tiles_[hart].releases.reserve(reply.at, count);
        const Cycle arrives =
            releases_.reserve(leaves + config_.crossing_latency, count) + config_.release_buffer;
        // The first beat is enough: the answer follows the data through the banked store (MSHR.scala,
        // w_pprobeack).
        done = std::max(done, arrives + config_.l2_probe_collect);
        dirty |= reply.dirty;
        if (to == Permission::branch && reply.kept) {
            kept |= std::uint64_t{1} << hart;
        }
        ++statistics_.probes;
        statistics_.dirty_probes += reply.dirty ? 1 : 0;
    }
    return done;
}

// Makes room: clients lose the victim, and it is written back if it is dirty. The request goes on at `acts`.
void SharedMemory::evict(Line& victim, Cycle& acts) {
    if (!victim.valid()) {
        return;
    }
    if (victim.clients != 0) {
        std::uint64_t kept = 0;
        acts = probe_all(victim.address, victim.clients, Permission::none, acts, victim.dirty, kept);
    }
    if (victim.dirty) {
        dram_.write(acts);
        statistics_.dram_write_bytes += line_bytes;
        acts += config_.l2_victim_latency;
    }
}

// Fetches a missing line from memory; returns the cycle of its first beat at the L2.
Cycle SharedMemory::fill(Address line, Cycle acts, Work& work) {
    Line& place = directory_.victim(line);
    work.probed = place.valid() && place.clients != 0;
    evict(place, acts);
    place = {line, 0, LineState::tip, false};
    const Dram::Beats data = dram_.read(acts + config_.dram_path_latency / 2);
    statistics_.dram_read_bytes += line_bytes;
    work.line = &place;
    work.beat_cycles = std::max(1u, config_.bus_bytes / config_.dram_bus_bytes);
    return data.first + (config_.dram_path_latency - config_.dram_path_latency / 2);
}

// Finds or fetches the line and takes it from whoever must lose it. `asking`: bit of the data cache that
// asks, 0 for uncached requests.
SharedMemory::Work SharedMemory::look_up(Address line, std::uint64_t asking, bool writes, Cycle accepted) {
    memory_.touch(line);
    Work work;
    const Cycle acts = accepted + config_.l2_schedule_latency;
    work.line = directory_.find(line);
    if (work.line == nullptr) {
        ++statistics_.l2_misses;
        work.missed = true;
        work.ready = fill(line, acts, work) + config_.l2_respond_latency;
        return work;
    }
    ++statistics_.l2_hits;
    const std::uint64_t others = work.line->clients & ~asking;
    Cycle answers = acts;
    if (others != 0 && (writes || work.line->state == LineState::trunk)) {
        std::uint64_t kept = 0;
        answers = probe_all(line, others, writes ? Permission::none : Permission::branch, acts,
                            work.line->dirty, kept);
        work.line->clients = kept | (work.line->clients & asking);
        work.probed = true;
    }
    work.coherence = answers - acts;
    work.ready = std::max(accepted + config_.l2_latency, answers + config_.l2_respond_latency);
    return work;
}

// Sends the data (or a single beat) to the tile.
Response SharedMemory::respond(unsigned hart, const Work& work, unsigned count) {
    const unsigned cycles = count == 1 ? 1 : count * work.beat_cycles;
    const Cycle leaves = responses_.reserve(work.ready, cycles);
    const Cycle first = tiles_[hart].responses.reserve(leaves + config_.crossing_latency, cycles);
    return {first, first + (count == 1 ? 0 : (count - 1) * work.beat_cycles), work.coherence, false,
            work.probed};
}

Response SharedMemory::acquire(unsigned hart, Address line, Permission wanted, Permission held, Cycle at) {
    const std::uint64_t self = std::uint64_t{1} << hart;
    const bool writes = wanted == Permission::trunk;
    unsigned mshr = 0;
    const Cycle accepted = begin(line, arrive(hart, 1, at), mshr);
    // A cache that only wants to write what it has is answered without data, if the directory agrees.
    const Line* before = directory_.find(line);
    const bool upgrade = held == Permission::branch && before != nullptr && (before->clients & self) != 0;
    // A line of which nobody has a copy is given away whole (MSHR.scala, req_promoteT).
    const bool promote = before == nullptr || (before->state == LineState::tip && before->clients == 0);
    Work work = look_up(line, self, writes, accepted);
    statistics_.upgrades += upgrade ? 1 : 0;
    if (writes || promote) {
        work.line->state = LineState::trunk;
        work.line->clients = self;
    } else {
        work.line->state = LineState::tip;
        work.line->clients |= self;
    }
    Response response = respond(hart, work, upgrade ? 1 : beats(line_bytes));
    response.exclusive = work.line->state == LineState::trunk;
    // The MSHR holds the set until the cache has acknowledged the grant, which it does at the first beat.
    mshr_free_[mshr] = set_free_[directory_.set_of(line)] = response.first + config_.l2_grant_ack;
    return response;
}

Cycle SharedMemory::release(unsigned hart, Address line, Cycle at) {
    const unsigned count = beats(line_bytes);
    const Cycle leaves = tiles_[hart].releases.reserve(at, count);
    const Cycle arrives =
        releases_.reserve(leaves + config_.crossing_latency, count) + config_.release_buffer;
    if (Line* found = directory_.find(line)) {
        found->clients &= ~(std::uint64_t{1} << hart);
        found->state = LineState::tip;
        found->dirty = true;
    }
    ++statistics_.releases;
    const Cycle acknowledges = responses_.reserve(arrives + (count - 1) + config_.l2_latency, 1);
    return tiles_[hart].responses.reserve(acknowledges + config_.crossing_latency, 1);
}

Response SharedMemory::fetch(unsigned hart, Address line, Cycle at) {
    ++statistics_.instruction_lines;
    return get(hart, line, line_bytes, at);
}

Response SharedMemory::dma_read(Address address, unsigned bytes, Cycle at) {
    statistics_.dma_read_bytes += bytes;
    return get(0, address, bytes, at);
}

// An uncached read: an owner that may have written the line gives its data and keeps a copy to read.
Response SharedMemory::get(unsigned hart, Address address, unsigned bytes, Cycle at) {
    const Address line = line_of(address);
    unsigned mshr = 0;
    const Cycle accepted = begin(line, arrive(hart, 1, at), mshr);
    const Work work = look_up(line, 0, false, accepted);
    work.line->state = LineState::tip;
    const Response response = respond(hart, work, beats(bytes));
    hold(line, mshr, accepted, work);
    return response;
}

// An uncached write: every cache that has the line loses it.
Response SharedMemory::dma_write(Address address, unsigned bytes, Cycle at) {
    statistics_.dma_write_bytes += bytes;
    const Address line = line_of(address);
    unsigned mshr = 0;
    const unsigned count = beats(bytes);
    const Cycle accepted = begin(line, arrive(0, count, at), mshr);
    Work work = look_up(line, 0, true, accepted);
    work.line->state = LineState::tip;
    work.line->dirty = true;
    work.ready += count - 1;
    const Response response = respond(0, work, 1);
    hold(line, mshr, accepted, work);
    return response;
}

// An uncached request that hits without a probe lets go of its MSHR soon after it has acted.
void SharedMemory::hold(Address line, unsigned mshr, Cycle accepted, const Work& work) {
    const bool plain = !work.probed && !work.missed;
    const Cycle until = plain ? accepted + config_.l2_schedule_latency + config_.l2_hit_hold : work.ready;
    mshr_free_[mshr] = set_free_[directory_.set_of(line)] = until;
}

}  // namespace partita::chip::memory
