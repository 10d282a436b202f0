#pragma once

// Which process this is, so that another one can tell whether it is still there.

#include <cstdint>
#include <string>

namespace partita::explore {

struct ProcessIdentity {
    std::string host;         // name, boot and process namespace: where numbers of processes mean something
    std::int64_t number = 0;  // the process's
    std::uint64_t start = 0;  // ticks from boot to its start; numbers are used again
};

ProcessIdentity this_process();

// False if the process has ended. Only for processes with this one's `host`.
bool is_alive(const ProcessIdentity& process);

}  // namespace partita::explore
