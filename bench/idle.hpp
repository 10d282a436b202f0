#pragma once

namespace partita::bench {

/// Waits until this process uses no more processor time: a peer's OpenMP workers or thread team go on
/// spinning for a while after their last work (GNU's some milliseconds), and would slow down the next peer.
/// Returns false if they still spin after half a second.
bool wait_until_idle();

/// How many processors' worth of time other processes use, averaged over a third of a second in which this
/// one sleeps. Zero where the operating system does not tell.
double processors_in_use_by_others();

}  // namespace partita::bench
