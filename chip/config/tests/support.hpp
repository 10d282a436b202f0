#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "chip/base/error.hpp"

namespace partita::chip::config::test {

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

// `text` with its first `from` replaced; fails the test if there is none.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    if (at == std::string::npos) {
        ADD_FAILURE() << "no '" << from << "'";
        return text;
    }
    return text.replace(at, from.size(), to);
}

}  // namespace partita::chip::config::test
