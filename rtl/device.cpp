#include "rtl/device.hpp"

#include <fmt/format.h>

#include "chip/base/error.hpp"
#include "rtl/parameters.hpp"

namespace partita::rtl {

namespace {

Built built_for(const chip::gemmini::Config& config) {
    const std::string wanted = describe(parameters(config));
    std::string names;
    for (const Built& built : built_devices()) {
        if (built.parameters == wanted) {
            return built;
        }
        names += fmt::format("{}{}", names.empty() ? "" : ", ", built.chip);
    }
    throw chip::ChipError(fmt::format(
        "no hardware for an accelerator of {}; built in are those of {} (PARTITA_RTL_CHIPS of the build)",
        wanted, names.empty() ? "no chip, as Verilator is absent" : names));
}

}  // namespace

void require_device(const chip::gemmini::Config& config) {
    built_for(config);
}

std::unique_ptr<Device> make_device(const chip::gemmini::Config& config) {
    return built_for(config).make();
}

}  // namespace partita::rtl
