#pragma once

// A trace that opens in Perfetto (ui.perfetto.dev) and in any viewer of the Trace Event Format: one track a
// hart, with its regions, and one a controller of the accelerator, with its commands. Written as it happens,
// so its size is limited by the disk only.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "chip/soc/system.hpp"

namespace partita::chip::trace {

class PerfettoTrace final : public soc::TraceSink {
  public:
    // `regions`: names by number. Times are shown in seconds at `clock_hz`. Throws ChipError if the file
    // cannot be written. The file appears under its name only when `finish` has been called; a device or a
    // pipe is written to at once.
    PerfettoTrace(const std::filesystem::path& path, unsigned harts, std::vector<std::string> regions,
                  std::uint64_t clock_hz);
    ~PerfettoTrace() override;
    PerfettoTrace(const PerfettoTrace&) = delete;
    PerfettoTrace& operator=(const PerfettoTrace&) = delete;

    void region(unsigned hart, unsigned region, Cycle at) override;
    void command(const char* unit, const char* name, Cycle first, Cycle last) override;
    // Closes what is still open at cycle `end` and puts the file in its place.
    void finish(Cycle end);

  private:
    unsigned track(const char* unit);
    void write(const std::string& event);
    void remove_temporary() const;

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    std::FILE* file_ = nullptr;
    std::vector<std::string> names_;
    std::vector<unsigned> depth_;     // by hart
    std::vector<std::string> units_;  // tracks after those of the harts
    double microseconds_;             // of a cycle
    bool first_ = true;
};

}  // namespace partita::chip::trace
