#include "start/team.hpp"

#include "start/marks.hpp"

namespace partita::firmware {
namespace {

volatile int sense;
volatile int arrived;
thread_local int own_sense;

}  // namespace

// The counter and the flag share a line on purpose: the cost of that is part of what the published system
// measures.
void barrier(const Team& team) {
    __sync_synchronize();
    own_sense = own_sense == 0 ? 1 : 0;
    if (__sync_fetch_and_add(&arrived, 1) == static_cast<int>(team.harts) - 1) {
        arrived = 0;
        sense = own_sense;
    } else {
        begin_wait();
        while (sense != own_sense) {
        }
        end_wait();
    }
    __sync_synchronize();
}

}  // namespace partita::firmware
