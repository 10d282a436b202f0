# Sources that make up `learn` on any machine, a bare-metal one included; relative to learn/.
set(PARTITA_LEARN_PORTABLE_SOURCES src/portable.cpp src/narrow_activation.cpp src/trainer.cpp src/trainer_state.cpp
    src/gemmini/cells.cpp src/gemmini/gemmini.cpp src/gemmini/loops.cpp src/gemmini/product.cpp
    src/gemmini/update_tile.cpp)
