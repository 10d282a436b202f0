#include "chip/soc/devices.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chip/base/error.hpp"

namespace partita::chip::soc {
namespace {

constexpr Address base = 0x8000'0000;
constexpr Address to_host = base + 0x1000;
constexpr Address from_host = base + 0x1040;  // riscv-tests aligns each to a line
constexpr Address words = base + 0x2000;
constexpr Address interruptor = 0x0200'0000;
constexpr std::uint64_t software = 8;
constexpr std::uint64_t timer = 128;

struct Printed {
    unsigned hart;
    std::string text;
    Cycle at;
    bool operator==(const Printed&) const = default;
};

class Recorder final : public ConsoleSink {
  public:
    void write(unsigned hart, std::string_view text, Cycle at) override {
        printed.push_back({hart, std::string(text), at});
    }
    std::vector<Printed> printed;
};

Config three_cores() {
    Config config;
    config.cores = 3;
    config.real_time_clock_divider = 100;
    return config;
}

class DevicesTest : public testing::Test {
  protected:
    memory::FlatMemory memory_{base, 1 << 16};
    Recorder console_;
    SystemDevices devices_{three_cores(), memory_, HostWords{to_host, from_host}, console_};

    std::uint64_t load(std::uint64_t offset, unsigned bytes, Cycle at = 0) {
        return devices_.load(interruptor + offset, bytes, at);
    }
    void store(std::uint64_t offset, unsigned bytes, std::uint64_t value, Cycle at = 0) {
        devices_.store(interruptor + offset, bytes, value, at);
    }
    void ask(std::uint64_t request, unsigned hart = 0, Cycle at = 0) {
        memory_.store(to_host, request);
        devices_.host_store(hart, to_host, at);
    }
    void call(std::uint64_t number, std::uint64_t first, std::uint64_t second = 0, std::uint64_t third = 0) {
        const std::uint64_t arguments[] = {number, first, second, third};
        for (unsigned index = 0; index < 4; ++index) {
            memory_.store(words + Address{8} * index, arguments[index]);
        }
        ask(words);
    }
    std::uint64_t word(Address address) const { return memory_.load<std::uint64_t>(address); }
    // The sentence of the ProgramError.
    template <typename Action>
    static std::string complaint(Action&& action) {
        try {
            action();
        } catch (const ProgramError& error) {
            return error.what();
        }
        return "no ProgramError";
    }
};

TEST_F(DevicesTest, TheInterruptorTakes64Kilobytes) {
    EXPECT_FALSE(devices_.contains(interruptor - 1, 1));
    EXPECT_TRUE(devices_.contains(interruptor, 8));
    EXPECT_TRUE(devices_.contains(interruptor + 0xfff8, 8));
    EXPECT_FALSE(devices_.contains(interruptor + 0xfffc, 8));
    EXPECT_FALSE(devices_.contains(interruptor + 0x10000, 1));
    EXPECT_FALSE(devices_.contains(to_host, 8)) << "the host's words are main memory";
    EXPECT_EQ(devices_.host_line(), to_host);
}

TEST_F(DevicesTest, SoftwareInterruptsReachTheirHart) {
    store(4, 4, 1);
    EXPECT_EQ(devices_.interrupts(0, 0), 0U);
    EXPECT_EQ(devices_.interrupts(1, 0), software);
    EXPECT_EQ(devices_.interrupts(2, 0), 0U);
    EXPECT_EQ(load(4, 4), 1U);
    store(4, 4, 0xffff'fffe);
    EXPECT_EQ(load(4, 4), 0U) << "only bit 0 exists";
    EXPECT_EQ(devices_.interrupts(1, 0), 0U);
}

TEST_F(DevicesTest, SoftwareInterruptsByOtherWidths) {
    store(0, 8, 0xffff'ffff'ffff'ffff);  // harts 0 and 1
    EXPECT_EQ(load(0, 8), 0x1'0000'0001U);
    EXPECT_EQ(devices_.interrupts(2, 0), 0U);
    store(5, 1, 0xff);  // no bit of any hart
    store(0, 1, 0);
    EXPECT_EQ(load(0, 8), 0x1'0000'0000U);
    store(8, 8, ~std::uint64_t{0});  // hart 2, and one that does not exist
    EXPECT_EQ(load(8, 8), 1U);
    EXPECT_EQ(devices_.interrupts(2, 0), software);
    store(0x3ff8, 8, ~std::uint64_t{0});
    EXPECT_EQ(load(0x3ff8, 8), 0U);
}

// divider 100: mtime is cycle / 100.
TEST_F(DevicesTest, TimeCountsTicks) {
    EXPECT_EQ(load(0xbff8, 8, 99), 0U);
    EXPECT_EQ(load(0xbff8, 8, 100), 1U);
    EXPECT_EQ(load(0xbff8, 8, 0x1234'5678'9a * 100), 0x1234'5678'9aU);
    EXPECT_EQ(load(0xbff8, 4, 0x1234'5678'9a * 100), 0x3456'789aU);
    EXPECT_EQ(load(0xbffc, 4, 0x1234'5678'9a * 100), 0x12U);
    EXPECT_EQ(load(0xbff9, 1, Cycle{0x1234} * 100), 0x12U);
    EXPECT_EQ(load(0xbff8, 2, Cycle{0x8'1234} * 100), 0x1234U);
}

TEST_F(DevicesTest, TimeGoesOnFromWhatIsWritten) {
    store(0xbff8, 8, 1000, 250);
    EXPECT_EQ(load(0xbff8, 8, 250), 1000U);
    EXPECT_EQ(load(0xbff8, 8, 299), 1000U);
    EXPECT_EQ(load(0xbff8, 8, 300), 1001U);  // ticks stay where they are
    store(0xbffc, 4, 7, 300);
    EXPECT_EQ(load(0xbff8, 8, 300), (std::uint64_t{7} << 32) + 1001U);
}

TEST_F(DevicesTest, TheTimerFiresAtItsTick) {
    EXPECT_EQ(devices_.interrupts(1, 1'000'000'000), 0U) << "not set yet";
    EXPECT_EQ(devices_.next_interrupt(1, 0), never);
    store(0x4008, 8, 5, 120);
    EXPECT_EQ(load(0x4008, 8), 5U);
    EXPECT_EQ(devices_.next_interrupt(1, 120), 500U);  // 5 ticks of 100 cycles
    EXPECT_EQ(devices_.next_interrupt(1, 499), 500U);
    EXPECT_EQ(devices_.interrupts(1, 499), 0U);
    EXPECT_EQ(devices_.interrupts(1, 500), timer);
    EXPECT_EQ(devices_.interrupts(0, 500), 0U);
    EXPECT_EQ(devices_.next_interrupt(1, 500), never) << "it stays until it is set anew";
    store(0x4008, 8, 9, 510);
    EXPECT_EQ(devices_.interrupts(1, 510), 0U);
    EXPECT_EQ(devices_.next_interrupt(1, 510), 900U);
}

TEST_F(DevicesTest, TheTimerIsSetByHalves) {
    store(0x4004, 4, 0);
    EXPECT_EQ(load(0x4000, 8), 0xffff'ffffU);
    store(0x4000, 4, 3);
    EXPECT_EQ(load(0x4000, 8), 3U);
    EXPECT_EQ(devices_.next_interrupt(0, 0), 300U);
}

TEST_F(DevicesTest, TheTimerAtItsLimits) {
    store(0x4000, 8, 0);
    EXPECT_EQ(devices_.interrupts(0, 0), timer);
    EXPECT_EQ(devices_.next_interrupt(0, 0), never) << "no time is before 0";
    store(0x4000, 8, ~std::uint64_t{0} / 100 + 1);  // its cycle has more than 64 bits
    EXPECT_EQ(devices_.next_interrupt(0, 0), never);
    store(0x4000, 8, ~std::uint64_t{0} / 100);
    EXPECT_EQ(devices_.next_interrupt(0, 0), ~std::uint64_t{0} / 100 * 100);
    // mtime is 3 ticks before it wraps around: the line falls at cycle 200 + 3 * 100.
    store(0x4000, 8, 10);
    store(0xbff8, 8, ~std::uint64_t{0} - 2, 200);
    EXPECT_EQ(devices_.interrupts(0, 200), timer);
    EXPECT_EQ(devices_.next_interrupt(0, 200), 500U);
    EXPECT_EQ(devices_.interrupts(0, 499), timer);
    EXPECT_EQ(devices_.interrupts(0, 500), 0U);
    EXPECT_EQ(devices_.next_interrupt(0, 500), 1500U);  // and 10 ticks later it rises
}

TEST_F(DevicesTest, BetweenTheRegistersIsNothing) {
    for (const std::uint64_t offset : {0x4018U, 0xbff0U, 0xc000U, 0xfff8U}) {
        store(offset, 8, ~std::uint64_t{0});
        EXPECT_EQ(load(offset, 8), 0U) << offset;
    }
    EXPECT_EQ(load(0xbff8, 8), 0U);
}

TEST_F(DevicesTest, AccessesMustBeAligned) {
    EXPECT_EQ(complaint([&] { load(0xbffa, 4); }),
              "an access of 4 bytes to the core-local interruptor at 0x200bffa, expected 1, 2, 4 or 8 "
              "aligned bytes");
    EXPECT_EQ(complaint([&] { store(0, 3, 0); }),
              "an access of 3 bytes to the core-local interruptor at 0x2000000, expected 1, 2, 4 or 8 "
              "aligned bytes");
}

TEST_F(DevicesTest, TheProgramEndsByAnOddWord) {
    ask(0);
    EXPECT_FALSE(devices_.finished());
    ask(7 << 1 | 1, 2, 1234);
    ASSERT_TRUE(devices_.finished());
    EXPECT_EQ(devices_.exit_code(), 7U);
    EXPECT_EQ(devices_.exit()->hart, 2U);
    EXPECT_EQ(devices_.exit()->at, 1234U);
    EXPECT_EQ(word(to_host), 0U);
}

TEST_F(DevicesTest, AnExitCodeMayBeZeroOrNegative) {
    ask(1);
    ASSERT_TRUE(devices_.finished());
    EXPECT_EQ(devices_.exit_code(), 0U);
    ask(~std::uint64_t{2});  // -2 << 1 | 1
    EXPECT_EQ(static_cast<std::int64_t>(devices_.exit_code()), -2);
}

TEST_F(DevicesTest, TheProgramEndsByASystemCall) {
    call(93, 42);
    ASSERT_TRUE(devices_.finished());
    EXPECT_EQ(devices_.exit_code(), 42U);
    EXPECT_EQ(word(from_host), 0U) << "who has ended gets no reply";
}

TEST_F(DevicesTest, TextIsWrittenThroughASystemCall) {
    const std::string text = "epoch 1\n";
    std::memcpy(memory_.at(base + 0x3001), text.data(), text.size());
    call(64, 1, base + 0x3001, text.size());
    EXPECT_EQ(console_.printed, (std::vector<Printed>{{0, "epoch 1\n", 0}}));
    EXPECT_EQ(word(words), text.size()) << "the result of the call";
    EXPECT_EQ(word(to_host), 0U);
    EXPECT_EQ(word(from_host), 1U);
    memory_.store(from_host, std::uint64_t{0});
    call(64, 2, base + 0x3001, 5);
    EXPECT_EQ(console_.printed.back().text, "epoch");
}

TEST_F(DevicesTest, OnlyTerminalsAreWrittenTo) {
    call(64, 3, base, 4);
    EXPECT_TRUE(console_.printed.empty());
    EXPECT_EQ(static_cast<std::int64_t>(word(words)), -9);  // EBADF
}

TEST_F(DevicesTest, NothingIsWrittenOfNoBytes) {
    call(64, 1, 0, 0);
    EXPECT_TRUE(console_.printed.empty());
    EXPECT_EQ(word(words), 0U);
    EXPECT_EQ(word(from_host), 1U);
}

TEST_F(DevicesTest, AReplyMustBeTakenBeforeTheNextRequest) {
    call(64, 1, base, 1);
    EXPECT_EQ(complaint([&] { call(64, 1, base, 1); }),
              "a request to the host while the reply to the one before still is in fromhost");
}

TEST_F(DevicesTest, BytesGoToTheConsole) {
    ask(std::uint64_t{0x0101} << 48 | 'x', 1, 77);
    EXPECT_EQ(console_.printed, (std::vector<Printed>{{1, "x", 77}}));
    EXPECT_EQ(word(to_host), 0U);
    EXPECT_EQ(word(from_host), 0U) << "device 1 does not reply";
}

TEST_F(DevicesTest, WhatIsNotServedIsRefusedByName) {
    EXPECT_EQ(complaint([&] { call(63, 0); }),
              "system call 63 (read); the host serves write (64) and exit (93)");
    EXPECT_EQ(complaint([&] { call(4711, 0); }),
              "system call 4711 (unknown); the host serves write (64) and exit (93)");
    EXPECT_EQ(
        complaint([&] { ask(std::uint64_t{0x0100} << 48); }),
        "a request to the host, 0x100000000000000 in tohost: device 1, command 0; served are device 0 (exit, "
        "system calls) and device 1, command 1 (console output)");
    EXPECT_EQ(
        complaint([&] { ask(std::uint64_t{0x0201} << 48); }),
        "a request to the host, 0x201000000000000 in tohost: device 2, command 1; served are device 0 (exit, "
        "system calls) and device 1, command 1 (console output)");
}

TEST_F(DevicesTest, WordsAndTextMustBeInMemory) {
    EXPECT_EQ(complaint([&] { ask(base + 0x10000 - 56); }),
              "a system call whose words are at 0x8000ffc8, expected 8 aligned 64-bit words of memory");
    EXPECT_EQ(complaint([&] { ask(words + 4); }),
              "a system call whose words are at 0x80002004, expected 8 aligned 64-bit words of memory");
    EXPECT_EQ(complaint([&] { call(64, 1, base + 0xffff, 2); }),
              "a write of 2 bytes at 0x8000ffff, which are not all in memory");
    EXPECT_EQ(complaint([&] { call(64, 1, base, ~std::uint64_t{0}); }),
              "a write of 18446744073709551615 bytes at 0x80000000, which are not all in memory");
}

TEST_F(DevicesTest, TheHostsWordsMustBeInMemory) {
    const auto sentence = [&](HostWords at) -> std::string {
        try {
            HostInterface(memory_, at, console_);
        } catch (const ChipError& error) {
            return error.what();
        }
        return "no ChipError";
    };
    EXPECT_EQ(
        sentence({base + 4, 0}),
        "the program's symbol 'tohost' is 0x80000004, expected 8 aligned bytes of memory, 0x80000000 to "
        "0x8000ffff");
    EXPECT_EQ(
        sentence({base, base + 0x10000}),
        "the program's symbol 'fromhost' is 0x80010000, expected 8 aligned bytes of memory, 0x80000000 to "
        "0x8000ffff");
}

TEST_F(DevicesTest, AProgramMayHaveNoHost) {
    SystemDevices devices(three_cores(), memory_, HostWords{}, console_);
    EXPECT_EQ(devices.host_line(), 0U);
    memory_.store(base, std::uint64_t{1});
    devices.host_store(0, base, 0);
    EXPECT_FALSE(devices.finished());
}

}  // namespace
}  // namespace partita::chip::soc
