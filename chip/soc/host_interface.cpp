#include "chip/soc/host_interface.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "chip/base/error.hpp"

namespace partita::chip::soc {
namespace {

constexpr std::uint64_t payload_mask = (std::uint64_t{1} << 48) - 1;
constexpr std::uint64_t device_system = 0;
constexpr std::uint64_t device_console = 1;
constexpr std::uint64_t command_console_write = 1;
constexpr unsigned call_words = 8;
constexpr std::uint64_t call_write = 64;
constexpr std::uint64_t call_exit = 93;
constexpr std::uint64_t bad_file = ~std::uint64_t{9} + 1;  // -EBADF

struct CallName {
    std::uint64_t number;
    const char* name;
};

// The calls of the front-end server that a program may expect here, too (fesvr/syscall.cc; numbers of Linux).
constexpr std::array<CallName, 23> call_names{{
    {17, "getcwd"},   {25, "fcntl"},     {34, "mkdirat"},       {35, "unlinkat"},   {37, "linkat"},
    {38, "renameat"}, {46, "ftruncate"}, {48, "faccessat"},     {49, "chdir"},      {56, "openat"},
    {57, "close"},    {62, "lseek"},     {63, "read"},          {66, "writev"},     {67, "pread"},
    {68, "pwrite"},   {79, "fstatat"},   {80, "fstat"},         {94, "exit_group"}, {169, "gettimeofday"},
    {172, "getpid"},  {214, "brk"},      {2011, "getmainvars"},
}};

const char* name_of_call(std::uint64_t number) {
    const auto* found = std::find_if(call_names.begin(), call_names.end(),
                                     [&](const CallName& call) { return call.number == number; });
    return found == call_names.end() ? "unknown" : found->name;
}

void check_word(const memory::FlatMemory& memory, const char* name, Address address) {
    if (address != 0 && (address % 8 != 0 || !memory.contains(address, 8))) {
        throw ChipError(fmt::format(
            "the program's symbol '{}' is {:#x}, expected 8 aligned bytes of memory, {:#x} to {:#x}", name,
            address, memory.base(), memory.base() + memory.size() - 1));
    }
}

}  // namespace

HostWords host_words(const program::Program& program) {
    return {program.address_of("tohost").value_or(0), program.address_of("fromhost").value_or(0)};
}

HostInterface::HostInterface(memory::FlatMemory& memory, HostWords words, ConsoleSink& console)
    : memory_(memory), words_(words), console_(console) {
    check_word(memory, "tohost", words.to_host);
    check_word(memory, "fromhost", words.from_host);
}

void HostInterface::host_store(unsigned hart, Cycle at) {
    if (words_.to_host == 0) {
        return;
    }
    const auto request = memory_.load<std::uint64_t>(words_.to_host);
    if (request == 0) {
        return;
    }
    memory_.store(words_.to_host, std::uint64_t{0});
    const std::uint64_t device = request >> 56;
    const std::uint64_t command = request >> 48 & 0xff;
    const std::uint64_t payload = request & payload_mask;
    const bool is_exit = (request & 1) != 0 && (request >> 48 == 0 || request >> 48 == 0xffff);
    if (is_exit) {
        exit_ = Exit{static_cast<std::uint64_t>(static_cast<std::int64_t>(request) >> 1), hart, at};
    } else if (device == device_system && command == 0) {
        system_call(hart, request, at);
    } else if (device == device_console && command == command_console_write) {
        const char letter = static_cast<char>(payload & 0xff);
        console_.write(hart, {&letter, 1}, at);
    } else {
        throw ProgramError(
            fmt::format("a request to the host, {:#x} in tohost: device {}, command {}; served are device 0 "
                        "(exit, system "
                        "calls) and device 1, command 1 (console output)",
                        request, device, command));
    }
}

void HostInterface::system_call(unsigned hart, std::uint64_t request, Cycle at) {
    const Address words = request & payload_mask;
    if (words % 8 != 0 || !memory_.contains(words, std::size_t{8} * call_words)) {
        throw ProgramError(
            fmt::format("a system call whose words are at {:#x}, expected {} aligned 64-bit words of memory",
                        words, call_words));
    }
    const auto word = [&](unsigned index) { return memory_.load<std::uint64_t>(words + Address{8} * index); };
    switch (const std::uint64_t number = word(0)) {
        case call_write:
            memory_.store(words, write(hart, word(1), word(2), word(3), at));
            break;
        case call_exit:
            exit_ = Exit{word(1), hart, at};
            return;
        default:
            throw ProgramError(fmt::format("system call {} ({}); the host serves write (64) and exit (93)",
                                           number, name_of_call(number)));
    }
    reply((request & ~payload_mask) | 1);
}

std::uint64_t HostInterface::write(unsigned hart, std::uint64_t file, Address text, std::uint64_t bytes,
                                   Cycle at) {
    constexpr std::uint64_t standard_output = 1;
    constexpr std::uint64_t standard_error = 2;
    if (file != standard_output && file != standard_error) {
        return bad_file;
    }
    if (bytes == 0) {
        return 0;
    }
    if (!memory_.contains(text, bytes)) {
        throw ProgramError(
            fmt::format("a write of {} bytes at {:#x}, which are not all in memory", bytes, text));
    }
    console_.write(hart, {reinterpret_cast<const char*>(memory_.at(text)), bytes}, at);
    return bytes;
}

void HostInterface::reply(std::uint64_t value) {
    if (words_.from_host == 0) {
        return;
    }
    if (memory_.load<std::uint64_t>(words_.from_host) != 0) {
        throw ProgramError("a request to the host while the reply to the one before still is in fromhost");
    }
    memory_.store(words_.from_host, value);
}

}  // namespace partita::chip::soc
