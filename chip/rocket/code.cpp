#include "chip/rocket/code.hpp"

#include <algorithm>

#include "chip/rocket/config.hpp"

namespace partita::chip::rocket {
namespace {

Kind kind_of(isa::Pipe pipe) {
    using isa::Pipe;
    switch (pipe) {
        case Pipe::alu:
            return Kind::alu;
        case Pipe::branch:
            return Kind::branch;
        case Pipe::jump:
            return Kind::jump;
        case Pipe::jump_register:
            return Kind::jump_register;
        case Pipe::load:
            return Kind::load;
        case Pipe::store:
            return Kind::store;
        case Pipe::atomic:
            return Kind::atomic;
        case Pipe::multiply:
            return Kind::multiply;
        case Pipe::divide:
            return Kind::divide;
        case Pipe::csr:
            return Kind::csr;
        case Pipe::fence:
            return Kind::fence;
        case Pipe::fence_i:
            return Kind::fence_i;
        case Pipe::system:
            return Kind::system;
        case Pipe::fp_load:
            return Kind::fp_load;
        case Pipe::fp_store:
            return Kind::fp_store;
        case Pipe::fp_single:
        case Pipe::fp_double:
        case Pipe::fp_move:
        case Pipe::int_to_fp:
            return Kind::fp_pipe;
        case Pipe::fp_to_int:
            return Kind::fp_to_int;
        case Pipe::fp_divide:
            return Kind::fp_divide;
        case Pipe::custom:
            return Kind::custom;
        case Pipe::mark:
            return Kind::mark;
        case Pipe::illegal:
            break;
    }
    return Kind::illegal;
}

Slot source(bool integer, bool floating, std::uint8_t number) {
    if (floating) {
        return static_cast<Slot>(first_float + number);
    }
    return integer && number != 0 ? number : no_source;
}

}  // namespace

Code::Code(const Config& config, const memory::FlatMemory& memory)
    : config_(config), memory_(memory), base_(memory.base()), pages_((memory.size() >> page_shift) + 1) {}

Decoded Code::describe(const isa::Instruction& instruction) const {
    const isa::Properties& properties = isa::properties(instruction.op);
    Decoded decoded;
    decoded.instruction = instruction;
    decoded.kind = kind_of(properties.pipe);
    decoded.bytes = properties.bytes;
    bool reads_rs1 = properties.reads_rs1;
    bool reads_rs2 = properties.reads_rs2;
    bool writes_rd = properties.writes_rd;
    if (decoded.kind == Kind::custom) {
        // Which registers it uses is said by the instruction itself: xd, xs1, xs2.
        writes_rd = (instruction.bits >> 14 & 1) != 0;
        reads_rs1 = (instruction.bits >> 13 & 1) != 0;
        reads_rs2 = (instruction.bits >> 12 & 1) != 0;
    }
    decoded.sources = {source(reads_rs1, properties.reads_fs1, instruction.rs1),
                       source(reads_rs2, properties.reads_fs2, instruction.rs2),
                       source(false, properties.reads_fs3, instruction.rs3)};
    if (properties.writes_fd) {
        decoded.destination = static_cast<Slot>(first_float + instruction.rd);
    } else if (writes_rd && instruction.rd != 0) {
        decoded.destination = instruction.rd;
    }
    const auto pipe = [&](std::uint32_t depth, std::uint32_t latency) {
        decoded.depth = static_cast<std::uint8_t>(depth);
        decoded.latency = static_cast<std::uint8_t>(latency);
    };
    if (properties.pipe == isa::Pipe::fp_single) {
        pipe(config_.single_float_pipe, config_.single_float_latency);
    } else if (properties.pipe == isa::Pipe::fp_double) {
        pipe(config_.double_float_pipe, config_.double_float_latency);
    } else if (decoded.kind == Kind::fp_pipe) {
        pipe(config_.short_float_pipe, config_.short_float_latency);
    } else if (decoded.kind == Kind::load) {
        pipe(0, decoded.bytes < 4 ? config_.narrow_load_latency : config_.load_latency);
    } else if (decoded.kind == Kind::fp_load) {
        pipe(0, config_.float_load_latency);
    }
    return decoded;
}

const Decoded* Code::decode(Address pc) {
    if (!memory_.contains(pc, 2)) {
        return nullptr;
    }
    const Address offset = pc - base_;
    std::unique_ptr<Page>& page = pages_[offset >> page_shift];
    if (!page) {
        page = std::make_unique<Page>();
        const Address first = base_ + (offset >> page_shift << page_shift);
        const Address end = std::max(span_ == 0 ? first : lowest_ + span_, first + page_bytes);
        lowest_ = std::min(lowest_, first);
        span_ = end - lowest_;
    }
    current_page_ = offset >> page_shift;
    current_ = page->data();
    Decoded& decoded = current_[offset % page_bytes / 2];
    if (decoded.kind == Kind::unknown) {
        std::uint32_t bits = memory_.load<std::uint16_t>(pc);
        if ((bits & 3) == 3) {
            if (!memory_.contains(pc, 4)) {
                return nullptr;
            }
            bits = memory_.load<std::uint32_t>(pc);
        }
        decoded = describe(isa::decode(bits, {config_.bf16_extension}));
    }
    return &decoded;
}

void Code::forget(Address address, unsigned bytes) {
    // An instruction may begin up to two bytes before what it shares with the store.
    const Address first = std::max(address & ~Address{1}, base_ + 2) - 2;
    for (Address pc = first; pc < address + bytes; pc += 2) {
        const Address offset = pc - base_;
        if (Page* const page = pages_[offset >> page_shift].get()) {
            (*page)[offset % page_bytes / 2].kind = Kind::unknown;
        }
    }
}

void Code::clear() {
    for (std::unique_ptr<Page>& page : pages_) {
        page.reset();
    }
    current_page_ = ~Address{0};
    current_ = nullptr;
    lowest_ = ~Address{0};
    span_ = 0;
}

}  // namespace partita::chip::rocket
