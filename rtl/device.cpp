#include "rtl/device.hpp"

#include <fmt/format.h>

#include "chip/base/error.hpp"
#include "rtl/parameters.hpp"

namespace partita::rtl {

std::unique_ptr<Device> make_device(const chip::gemmini::Config& config) {
    const std::string wanted = describe(parameters(config));
    std::string names;
    for (const Built& built : built_devices()) {
        if (built.parameters == wanted) {
            return built.make();
        }
        names += fmt::format("{}{}", names.empty() ? "" : ", ", built.chip);
    }
    throw chip::ChipError(fmt::format(
        "no hardware for an accelerator of {}; built in are those of {} (PARTITA_RTL_CHIPS of the build)",
        wanted, names.empty() ? "no chip, as Verilator is absent" : names));
}

}  // namespace partita::rtl
