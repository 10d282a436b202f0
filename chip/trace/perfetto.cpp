#include "chip/trace/perfetto.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "chip/base/error.hpp"

namespace partita::chip::trace {
namespace {

constexpr unsigned accelerator_process = 2;
constexpr unsigned hart_process = 1;

// Devices and pipes are written where they are: renaming would replace /dev/null by a file.
std::filesystem::path place_of(const std::filesystem::path& path) {
    std::error_code error;
    const bool in_place = std::filesystem::is_other(path, error);
    return in_place ? path : std::filesystem::path(path.string() + fmt::format(".{}.part", getpid()));
}

std::string quoted(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

PerfettoTrace::PerfettoTrace(const std::filesystem::path& path, unsigned harts,
                             std::vector<std::string> regions, std::uint64_t clock_hz)
    : path_(path),
      temporary_(place_of(path)),
      names_(std::move(regions)),
      depth_(harts),
      microseconds_(1e6 / static_cast<double>(clock_hz)) {
    file_ = std::fopen(temporary_.c_str(), "w");
    if (file_ == nullptr) {
        throw ChipError(
            fmt::format("the trace {} cannot be written: {}", path_.string(), std::strerror(errno)));
    }
    std::fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", file_);
    write(fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":"harts"}}}})",
                      hart_process));
    write(fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":"accelerator"}}}})",
                      accelerator_process));
    for (unsigned hart = 0; hart < harts; ++hart) {
        write(
            fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":"hart {}"}}}})",
                        hart_process, hart + 1, hart));
    }
}

PerfettoTrace::~PerfettoTrace() {
    if (file_ != nullptr) {
        std::fclose(file_);
        remove_temporary();
    }
}

void PerfettoTrace::remove_temporary() const {
    if (temporary_ != path_) {
        std::error_code ignored;
        std::filesystem::remove(temporary_, ignored);
    }
}

void PerfettoTrace::write(const std::string& event) {
    if (!first_) {
        std::fputs(",\n", file_);
    }
    first_ = false;
    std::fwrite(event.data(), 1, event.size(), file_);
}

void PerfettoTrace::region(unsigned hart, unsigned region, Cycle at) {
    const double time = static_cast<double>(at) * microseconds_;
    if (region == 0) {
        --depth_[hart];
        write(fmt::format(R"({{"ph":"E","pid":{},"tid":{},"ts":{:.3f}}})", hart_process, hart + 1, time));
        return;
    }
    ++depth_[hart];
    const std::string name =
        region < names_.size() && !names_[region].empty() ? names_[region] : fmt::format("region {}", region);
    write(fmt::format(R"({{"ph":"B","name":{},"pid":{},"tid":{},"ts":{:.3f},"args":{{"cycle":{}}}}})",
                      quoted(name), hart_process, hart + 1, time, at));
}

unsigned PerfettoTrace::track(const char* unit) {
    for (unsigned i = 0; i < units_.size(); ++i) {
        if (units_[i] == unit) {
            return i + 1;
        }
    }
    units_.emplace_back(unit);
    const auto number = static_cast<unsigned>(units_.size());
    write(fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":{}}}}})",
                      accelerator_process, number, quoted(unit)));
    return number;
}

void PerfettoTrace::command(const char* unit, const char* name, Cycle first, Cycle last) {
    const unsigned number = track(unit);
    write(fmt::format(
        R"({{"ph":"X","name":{},"pid":{},"tid":{},"ts":{:.3f},"dur":{:.3f},"args":{{"cycle":{},"cycles":{}}}}})",
        quoted(name), accelerator_process, number, static_cast<double>(first) * microseconds_,
        static_cast<double>(last - first) * microseconds_, first, last - first));
}

void PerfettoTrace::finish(Cycle end) {
    for (unsigned hart = 0; hart < depth_.size(); ++hart) {
        while (depth_[hart] != 0) {
            region(hart, 0, end);
        }
    }
    std::fputs("\n]}\n", file_);
    const bool failed = std::ferror(file_) != 0;
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (failed || !closed) {
        remove_temporary();
        throw ChipError(
            fmt::format("the trace {} could not be written whole: is the disk full?", path_.string()));
    }
    std::error_code error;
    if (temporary_ != path_) {
        std::filesystem::rename(temporary_, path_, error);
    }
    if (error) {
        remove_temporary();
        throw ChipError(
            fmt::format("the trace {} cannot be put in place: {}", path_.string(), error.message()));
    }
}

}  // namespace partita::chip::trace
