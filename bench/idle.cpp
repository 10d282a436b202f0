#include "idle.hpp"

#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>

namespace partita::bench {
namespace {

double processor_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Seconds that all processors together have spent running something; user, nice, system, then idle and
/// waiting for input or output, which do not count, then interrupts and time taken by other virtual machines
/// (Linux, proc(5)).
double busy_seconds() {
    std::ifstream file("/proc/stat");
    std::string label;
    double user = 0.0;
    double nice = 0.0;
    double system = 0.0;
    double idle = 0.0;
    double waiting = 0.0;
    double interrupts = 0.0;
    double soft_interrupts = 0.0;
    double stolen = 0.0;
    file >> label >> user >> nice >> system >> idle >> waiting >> interrupts >> soft_interrupts >> stolen;
    const double ticks = user + nice + system + interrupts + soft_interrupts + stolen;
    return file ? ticks / static_cast<double>(sysconf(_SC_CLK_TCK)) : 0.0;
}

}  // namespace

double processors_in_use_by_others() {
    constexpr std::chrono::duration<double> interval(1.0 / 3.0);
    const double before = busy_seconds();
    std::this_thread::sleep_for(interval);
    return (busy_seconds() - before) / interval.count();
}

bool wait_until_idle() {
    constexpr auto interval = std::chrono::milliseconds(5);
    for (int attempt = 0; attempt < 100; ++attempt) {
        const double before = processor_seconds();
        std::this_thread::sleep_for(interval);
        if (processor_seconds() - before < 0.0005) {
            return true;
        }
    }
    return false;
}

}  // namespace partita::bench
