#include "rtl/synthesis.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <thread>

#include "chip/base/error.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks programs to declare it

namespace partita::rtl {

namespace {

namespace fs = std::filesystem;
using chip::ChipError;

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Yosys' last words, or the line that says what is wrong.
std::string complaint(const std::string& log) {
    static const std::regex error("(^|\n)(ERROR: [^\n]*|[^\n]*: ERROR: [^\n]*)");
    if (std::smatch match; std::regex_search(log, match, error)) {
        return match[2];
    }
    return log.size() > 1000 ? log.substr(log.size() - 1000) : log;
}

// The numbers of Yosys' steps in its log: "12.34. Executing ABC pass (technology mapping using ABC)."
std::string last_step(const std::string& log) {
    const std::size_t at = log.rfind(". Executing ");
    if (at == std::string::npos) {
        return "";
    }
    const std::size_t begin = log.rfind('\n', at);
    const std::size_t end = log.find_first_of("(\n", at);
    std::string step = log.substr(begin == std::string::npos ? 0 : begin + 1,
                                  end - (begin == std::string::npos ? 0 : begin + 1));
    while (step.ends_with(' ') || step.ends_with('.')) {
        step.pop_back();
    }
    return step;
}

// Of synth_xilinx in Yosys 0.23 with these options, and of what follows on it up to the writing of the
// netlist; other versions differ by a few.
constexpr unsigned steps_before_mapping = 34;
constexpr unsigned usual_steps = steps_before_mapping + 13;

// Steps of synth_xilinx are "N.1.", "N.2." and so on, where N is its own number among the script's; the
// script's next steps are N+1 and so on.
unsigned steps_done(const std::string& log, const std::string& step) {
    const std::size_t at = log.find(". Executing SYNTH_XILINX");
    if (at == std::string::npos) {
        return 0;
    }
    const std::size_t line = log.rfind('\n', at);
    const std::size_t begin = line == std::string::npos ? 0 : line + 1;
    const std::string own = log.substr(begin, at - begin) + ".";
    const auto number = [](const char* text) {
        return static_cast<unsigned>(std::strtoul(text, nullptr, 10));
    };
    return step.starts_with(own) ? number(step.c_str() + own.size())
                                 : steps_before_mapping + number(step.c_str()) - number(own.c_str());
}

class YosysProcess {
  public:
    YosysProcess(const SynthesisOptions& options, const fs::path& script, const fs::path& log) {
        std::vector<std::string> words{options.yosys, "-s", script.string()};
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        const int failure = posix_spawnp(&child_, arguments[0], &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (failure != 0) {
            throw ChipError(fmt::format(
                "synthesis: cannot run {}: expected Yosys, Debian's package yosys, which `./dev setup rtl` "
                "installs",
                options.yosys));
        }
    }
    YosysProcess(const YosysProcess&) = delete;
    YosysProcess& operator=(const YosysProcess&) = delete;
    ~YosysProcess() {
        if (runs_) {
            kill(child_, SIGTERM);
            waitpid(child_, nullptr, 0);
        }
    }

    bool ended() {
        if (runs_ && waitpid(child_, &status_, WNOHANG) == child_) {
            runs_ = false;
        }
        return !runs_;
    }
    bool went_well() const { return WIFEXITED(status_) && WEXITSTATUS(status_) == 0; }

  private:
    pid_t child_ = 0;
    int status_ = 0;
    bool runs_ = true;
};

void watch(YosysProcess& yosys, const fs::path& log, const SynthesisProgress& progress) {
    constexpr auto interval = std::chrono::milliseconds(200);
    while (!yosys.ended()) {
        std::this_thread::sleep_for(interval);
        const std::string said = text_of(log);
        const std::string step = last_step(said);
        progress(std::min(steps_done(said, step), usual_steps), usual_steps, step);
    }
}

std::uint64_t estimated_cells(const std::string& statistics) {
    static const std::regex line("Estimated number of LCs: +([0-9]+)");
    std::uint64_t last = 0;
    for (std::sregex_iterator match(statistics.begin(), statistics.end(), line), end; match != end; ++match) {
        last = std::stoull((*match)[1]);
    }
    return last;
}

}  // namespace

std::vector<fs::path> sources_in(const fs::path& folder) {
    std::vector<fs::path> sources;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".sv") {
            sources.push_back(entry.path());
        }
    }
    if (sources.empty()) {
        throw ChipError(fmt::format("synthesis: found no SystemVerilog in {}; expected the project's rtl/src",
                                    folder.string()));
    }
    std::ranges::sort(sources, {}, [](const fs::path& path) {
        return std::pair(!path.stem().string().ends_with("_pkg"), path);
    });
    return sources;
}

fs::path mapping_script() {
    return PARTITA_RTL_MAP_LUTS;
}

std::string synthesis_script(const SynthesisOptions& options) {
    std::string script = "read_verilog -sv";
    for (const fs::path& source : sources_in(options.sources)) {
        script += " " + source.string();
    }
    script += "\nchparam";
    for (const Parameter& parameter : options.parameters) {
        script += fmt::format(" -set {} {}", parameter.name, parameter.value);
    }
    script += fmt::format(" -set DSP {} {}\n", options.dsp ? 1 : 0, options.top);
    // No buffers of pins: the accelerator is a part of a system. Two LUTs behind a multiplexer count as two.
    script +=
        fmt::format("synth_xilinx -family xcup -nowidelut -noiopad -noclkbuf{} -top {} -run begin:map_luts\n",
                    options.dsp ? "" : " -nodsp", options.top);
    script += fmt::format("script {}\n", mapping_script().string());
    script += "synth_xilinx -family xcup -nowidelut -noiopad -noclkbuf -run finalize:\n";
    script += "tee -q -o statistics.txt stat -tech xilinx\nwrite_json blocks.json\n";
    script += "flatten\nopt_clean\nwrite_json flat.json\n";
    return script;
}

Synthesis synthesise(const SynthesisOptions& options, const SynthesisProgress& progress) {
    // Yosys writes where it runs, so its files are named in full.
    const fs::path work = fs::absolute(options.work);
    std::string script = synthesis_script(options);
    for (const char* file : {"statistics.txt", "blocks.json", "flat.json"}) {
        script.replace(script.find(file), std::string_view(file).size(), (work / file).string());
    }
    const fs::path script_file = work / "synthesis.ys";
    std::ofstream(script_file) << script;
    const fs::path log = work / "yosys.log";
    YosysProcess yosys(options, script_file, log);
    watch(yosys, log, progress);
    const std::string said = text_of(log);
    if (!yosys.went_well()) {
        throw ChipError(fmt::format("synthesis: Yosys failed: {}", complaint(said)));
    }
    Synthesis synthesis;
    static const std::regex version("Yosys [0-9][^\n(]*");
    if (std::smatch match; std::regex_search(said, match, version)) {
        synthesis.tool = match[0];
        synthesis.tool.erase(synthesis.tool.find_last_not_of(' ') + 1);
    }
    synthesis.blocks = Netlist(text_of(work / "blocks.json"), options.top).blocks(options.levels);
    synthesis.depth = Netlist(text_of(work / "flat.json"), options.top).depth();
    synthesis.shared_luts = estimated_cells(text_of(work / "statistics.txt")) + synthesis.total().memory_luts;
    return synthesis;
}

}  // namespace partita::rtl
