#include "chip/rocket/caches.hpp"

#include <algorithm>

namespace partita::chip::rocket {

InstructionTags::InstructionTags(unsigned sets, unsigned ways)
    : sets_(sets), ways_(ways), tags_(std::size_t{sets} * ways, DataLine::none) {}

bool InstructionTags::holds(Address line) const {
    const auto set = tags_.begin() + static_cast<std::ptrdiff_t>(line / line_bytes % sets_ * ways_);
    return std::find(set, set + ways_, line) != set + ways_;
}

void InstructionTags::fill(Address line) {
    tags_[line / line_bytes % sets_ * ways_ + random_.way(ways_)] = line;
    random_.advance();
}

void InstructionTags::clear() {
    std::fill(tags_.begin(), tags_.end(), DataLine::none);
}

DataTags::DataTags(unsigned sets, unsigned ways)
    : sets_(sets), ways_(ways), lines_(std::size_t{sets} * ways) {}

DataLine& DataTags::victim(Address address) {
    return lines_[line_of(address) / line_bytes % sets_ * ways_ + random_.way(ways_)];
}

}  // namespace partita::chip::rocket
