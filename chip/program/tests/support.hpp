#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "chip/base/error.hpp"

namespace partita::chip::program::test {

// The sentence of the ChipError that `action` throws; fails the test if it throws nothing or something else.
inline std::string sentence_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const ChipError& error) {
        return error.what();
    }
    ADD_FAILURE() << "no ChipError";
    return {};
}

}  // namespace partita::chip::program::test
