#include "peers.hpp"

namespace partita::bench {

const std::vector<PeerEntry>& registered_peers() {
    static const std::vector<PeerEntry> peers{
        {"oneDNN fp32", Precision::fp32, make_onednn_fp32},
        {"Partita fp32", Precision::fp32, make_partita_fp32},
        {"oneDNN bf16", Precision::mixed, make_onednn_mixed},
        {"Partita mixed", Precision::mixed, make_partita_mixed},
        {"Partita bf16", Precision::bf16, make_partita_bf16},
        {"PyTorch fp32", Precision::fp32, make_torch},
    };
    return peers;
}

}  // namespace partita::bench
