#pragma once

// The functions of the published table.

#include "start/marks.hpp"

namespace partita::firmware {

inline constexpr int region_data_movement = 1;
inline constexpr int region_matmul = 2;
inline constexpr int region_matmul_a_transposed = 3;
inline constexpr int region_matmul_b_transposed = 4;
inline constexpr int region_mat2vec = 5;
inline constexpr int region_ewo_basic = 6;
inline constexpr int region_ewo_combo = 7;
inline constexpr int region_fptt_sgd = 8;
inline constexpr int region_sigmoid = 9;
inline constexpr int region_tanh = 10;
inline constexpr int region_softmax = 11;

}  // namespace partita::firmware
