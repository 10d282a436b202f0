#pragma once

#include <memory>
#include <string>
#include <vector>

#include "peer.hpp"
#include "workload.hpp"

namespace partita::bench {

// One line for each implementation; each lives in a file of its own and throws PeerUnavailable where it
// cannot run. The workload outlives the peer.
std::unique_ptr<Peer> make_onednn_fp32(const Workload& workload, Setting setting);
std::unique_ptr<Peer> make_onednn_mixed(const Workload& workload, Setting setting);
std::unique_ptr<Peer> make_torch(const Workload& workload, Setting setting);
std::unique_ptr<Peer> make_partita_fp32(const Workload& workload, Setting setting);
std::unique_ptr<Peer> make_partita_mixed(const Workload& workload, Setting setting);
std::unique_ptr<Peer> make_partita_bf16(const Workload& workload, Setting setting);

struct PeerEntry {
    std::string name;
    Precision precision;
    std::unique_ptr<Peer> (*make)(const Workload&, Setting);
};

/// Every implementation, in the order in which they take turns. The first one of precision FP32 is what the
/// others' losses are compared with.
const std::vector<PeerEntry>& registered_peers();

}  // namespace partita::bench
