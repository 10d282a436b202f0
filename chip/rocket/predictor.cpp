#include "chip/rocket/predictor.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace partita::chip::rocket {
namespace {

// The nodes of rocket-chip's PseudoLRU (util/Replacement.scala) on the path to a way: a tree over `ways`
// keeps its root in bit ways - 2, below it the left subtree (the higher numbers) and then the right one,
// which is the largest power of two below `ways`. A node is set if its left subtree is the older one.
void path(unsigned way, unsigned ways, unsigned low, std::uint32_t& keep, std::uint32_t& set) {
    if (ways < 2) {
        return;
    }
    const unsigned right = 1U << (std::bit_width(ways - 1) - 1);
    const unsigned node = low + ways - 2;
    keep &= ~(std::uint32_t{1} << node);
    if (way < right) {
        set |= std::uint32_t{1} << node;
        path(way, right, low, keep, set);
    } else {
        path(way - right, ways - right, low + right - 1, keep, set);
    }
}

unsigned oldest_way(std::uint32_t state, unsigned ways, unsigned low) {
    if (ways < 2) {
        return 0;
    }
    const unsigned right = 1U << (std::bit_width(ways - 1) - 1);
    const bool left_older = (state >> (low + ways - 2) & 1) != 0;
    return left_older ? right + oldest_way(state, ways - right, low + right - 1)
                      : oldest_way(state, right, low);
}

}  // namespace

Predictor::Predictor(const Config& config)
    : config_(config),
      history_top_(std::uint32_t{1} << (config.bht_history - 1)),
      hash_factor_(static_cast<std::uint32_t>(std::sqrt(3.0) / 2 *
                                              std::ldexp(1.0, static_cast<int>(config.bht_history)))),
      index_shift_(static_cast<unsigned>(std::countr_zero(config.bht_entries)) - config.bht_history_bits),
      tag_bits_(config.btb_match_bits - 2),
      table_(config.bht_entries),
      where_(std::size_t{1} << tag_bits_, no_entry) {
    for (unsigned entry = 0; entry < config.btb_entries; ++entry) {
        keep_[entry] = ~std::uint32_t{0};
        path(entry, config.btb_entries, 0, keep_[entry], set_[entry]);
    }
}

// A packet in s2 in cycle c has advanced the history at the end of c; one in s1 in cycle c does not see it
// yet.
std::uint16_t Predictor::history_at(Cycle read) const {
    return read > advanced_ ? history_ : previous_history_;
}

std::uint32_t Predictor::table_index(std::uint64_t packet, std::uint16_t history) const {
    const std::uint32_t entries = config_.bht_entries;
    const auto high = static_cast<std::uint32_t>(packet / entries) & 3;
    const auto base = static_cast<std::uint32_t>(packet) & (entries - 1);
    std::uint32_t hash = history;
    if (config_.bht_history != config_.bht_history_bits) {
        hash = (hash_factor_ * history & (2 * history_top_ - 1)) >>
               (config_.bht_history - config_.bht_history_bits);
    }
    return (base ^ high ^ hash << index_shift_) & (entries - 1);
}

void Predictor::write_table(Cycle before) {
    while (write_count_ != 0 && writes_[first_write_].at < before) {
        const TableWrite& write = writes_[first_write_];
        version_ += table_[write.index] != write.taken ? 1 : 0;
        table_[write.index] = write.taken;
        first_write_ = (first_write_ + 1) % static_cast<unsigned>(writes_.size());
        --write_count_;
    }
}

std::uint8_t Predictor::find(std::uint64_t packet, Cycle read) {
    const std::uint8_t entry = where_[packet & ((std::size_t{1} << tag_bits_) - 1)];
    if (entry == no_entry) {
        return no_entry;
    }
    // The page of the address must still be there, and be the entry's; so must that of the target be, but a
    // target elsewhere is only a wrong guess, which the caller finds by comparing.
    const Entry& found = entries_[entry];
    const bool hit = read >= found.visible && found.packet == packet && page_valid_[found.page] &&
                     pages_[found.page] == packet >> tag_bits_;
    return hit ? entry : no_entry;
}

std::uint8_t Predictor::oldest() const {
    return static_cast<std::uint8_t>(oldest_way(recency_, config_.btb_entries, 0));
}

// The register that holds the address's page; `keep` is not to be replaced.
std::uint8_t Predictor::page_of(Address address, std::uint8_t keep) {
    const Address page = address >> config_.btb_match_bits;
    for (unsigned candidate = 0; candidate < config_.btb_pages; ++candidate) {
        if (page_valid_[candidate] && pages_[candidate] == page) {
            return static_cast<std::uint8_t>(candidate);
        }
    }
    const auto advance = [this] {
        ++next_page_;
        if (next_page_ >= config_.btb_pages) {
            next_page_ = 0;
        }
    };
    if (next_page_ == keep) {
        advance();
    }
    const std::uint8_t chosen = next_page_;
    advance();
    pages_[chosen] = page;
    page_valid_[chosen] = true;
    return chosen;
}

void Predictor::insert(std::uint8_t entry, const Jump& jump, std::uint64_t packet, Cycle visible) {
    const std::size_t mask = (std::size_t{1} << tag_bits_) - 1;
    std::uint8_t& place = where_[packet & mask];
    if (place != no_entry && entries_[place].packet == packet) {
        // A jump that came again before its new entry could be seen; it keeps that one.
        entry = place;
        visible = std::min(visible, entries_[place].visible);
    }
    Entry& chosen = entries_[entry];
    if (chosen.valid && where_[chosen.packet & mask] == entry) {
        where_[chosen.packet & mask] = no_entry;
    }
    const bool twice = place != no_entry && place != entry;
    const std::uint8_t page = page_of(packet * 4, no_entry);
    const std::uint8_t target_page = page_of(jump.target, page);
    chosen = {packet,    jump.target, visible,
              page,      target_page, static_cast<std::uint8_t>((jump.address + jump.length - 2) / 2 % 2),
              jump.kind, true};
    if (twice) {
        // Two entries that match the same low bits: the BTB drops both at the next look.
        entries_[place].valid = false;
        chosen.valid = false;
        place = no_entry;
    } else {
        place = entry;
    }
    touch(entry);
    ++version_;
}

Prediction Predictor::predict(const Jump& jump) {
    const std::uint64_t packet = (jump.address + jump.length - 2) / 4;
    const auto halfword = static_cast<std::uint8_t>((jump.address + jump.length - 2) / 2 % 2);
    const Cycle read = jump.fetched - 1;  // s1
    write_table(read);
    const std::uint16_t history = history_at(read);
    const std::uint32_t index = table_index(packet, history);
    const bool outcome = table_[index] != 0;
    const bool branch = jump.kind == JumpKind::branch;

    // The BTB compares the whole fetch address, so a packet that is jumped into in the middle never hits.
    const std::uint8_t entry = jump.entered_middle ? no_entry : find(packet, read);
    const bool hit = entry != no_entry;
    const Entry* const found = hit ? &entries_[entry] : nullptr;
    const bool hit_taken = hit && (found->kind != JumpKind::branch || outcome);

    bool guessed_taken = false;
    Address guess = 0;
    Prediction prediction;
    bool learn = false;
    bool predecoded = false;
    if (hit_taken) {
        if (found->halfword == halfword) {
            guessed_taken = true;
            const bool from_stack = found->kind == JumpKind::return_ && stack_count_ != 0;
            guess = from_stack ? stack_[stack_top_] : found->target;
            touch(entry);
        }
    } else if (branch ? outcome : !jump.indirect || (jump.pops && stack_count_ != 0)) {
        guessed_taken = true;
        predecoded = true;
        guess = jump.pops && jump.indirect ? stack_[stack_top_] : jump.target;
        learn = !hit;
    }
    const bool right = jump.taken ? guessed_taken && guess == jump.target : !guessed_taken;
    prediction.wrong = !right;
    prediction.distance = predecoded ? 2 : 1;

    if (learn && jump.bubble_likely) {
        insert(oldest(), jump, packet, jump.fetched + 2);
    }
    if (branch && advanced_ != jump.fetched) {
        // A packet advances the history once, by what the table said.
        previous_history_ = history_;
        history_ = static_cast<std::uint16_t>((outcome ? history_top_ : 0) | history_ >> 1);
        advanced_ = jump.fetched;
    }
    if (jump.pops) {
        if (stack_count_ != 0) {
            --stack_count_;
            stack_top_ = (stack_top_ + config_.return_stack - 1) % config_.return_stack;
            ++version_;
        }
    } else if (jump.pushes) {
        stack_count_ = std::min(stack_count_ + 1, config_.return_stack);
        stack_top_ = (stack_top_ + 1) % config_.return_stack;
        stack_[stack_top_] = jump.address + jump.length;
        ++version_;
    }

    const Cycle resolved = jump.issued + 2;  // MEM
    if (branch) {
        if (write_count_ == writes_.size()) {
            write_table(writes_[first_write_].at + 1);
        }
        writes_[(first_write_ + write_count_) % writes_.size()] = {
            resolved, index, static_cast<std::uint8_t>(jump.taken ? 1 : 0)};
        ++write_count_;
    }
    if (prediction.wrong) {
        history_ = history;
        if (branch) {
            history_ = static_cast<std::uint16_t>((jump.taken ? history_top_ : 0) | history >> 1);
        }
        previous_history_ = history_;
        advanced_ = 0;
        if (jump.taken) {
            // A branch that missed says "entry 0" (BTB.scala encodes an empty match as 0), anything else that
            // missed says "none".
            const std::uint8_t replaced = hit ? entry : (branch ? std::uint8_t{0} : oldest());
            insert(replaced, jump, packet, resolved + 2);
        }
    }
    return prediction;
}

Predictor::Steady Predictor::steady(Cycle now) const {
    Steady state;
    state.version = version_;
    state.recency = recency_;
    state.history = history_;
    state.previous_history = previous_history_;
    // What lies further back than any look can reach is all the same. Writes may lie ahead, by a few cycles.
    const auto since = [now](Cycle at) { return std::min<Cycle>(now + 8 - at, 64); };
    state.since[0] = since(advanced_);
    state.since[1] = write_count_;
    for (unsigned i = 0; i < write_count_; ++i) {
        const TableWrite& write = writes_[(first_write_ + i) % writes_.size()];
        state.since[2 + i] = since(write.at);
        state.writes[i] = write.index << 1 | write.taken;
    }
    return state;
}

void Predictor::shift(Cycle by) {
    if (advanced_ != 0) {
        advanced_ += by;
    }
    for (TableWrite& write : writes_) {
        write.at += by;
    }
}

}  // namespace partita::chip::rocket
