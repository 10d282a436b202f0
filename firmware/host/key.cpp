#include "firmware/host/key.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <vector>

#include "partita/data/content_key.hpp"

namespace partita::firmware {
namespace {

namespace fs = std::filesystem;

// What is compiled for a chip: not what runs on the host beside it, nor what explains it.
bool is_compiled(const fs::path& file) {
    constexpr std::array<std::string_view, 4> kinds{".cpp", ".hpp", ".S", ".ld"};
    const auto belongs_to_host = [](const fs::path& name) { return name == "host" || name == "tests"; };
    return std::ranges::find(kinds, file.extension().string()) != kinds.end() &&
           std::none_of(file.begin(), file.end(), belongs_to_host);
}

// Read once a process; all programs have it in common.
const std::string& source_key() {
    static const std::string text = [] {
        const fs::path project = PARTITA_ROOT;
        std::vector<fs::path> files;
        for (const char* folder : {"firmware", "learn/include", "learn/src"}) {
            for (const auto& entry : fs::recursive_directory_iterator(project / folder)) {
                if (entry.is_regular_file() && is_compiled(entry.path().lexically_relative(project))) {
                    files.push_back(entry.path());
                }
            }
        }
        std::ranges::sort(files);
        data::ContentKey key;
        for (const fs::path& file : files) {
            key.add(file.lexically_relative(project).string());
            key.add_file(file);
        }
        return key.text();
    }();
    return text;
}

// The compiler's own word on its version; empty where it is absent, which the build will say.
std::string version_of(const std::string& compiler) {
    std::string text;
    if (FILE* const pipe = popen((compiler + " -dumpfullversion 2>/dev/null").c_str(), "r")) {
        std::array<char, 256> some{};
        while (std::fgets(some.data(), some.size(), pipe) != nullptr) {
            text += some.data();
        }
        pclose(pipe);
    }
    return text;
}

// Of the commands that are `common`, or of all.
data::ContentKey key_of(const BuildOptions& options, const data::Model& model, bool of_all) {
    static const std::string version = version_of(BuildOptions{}.compiler);
    data::ContentKey key;
    key.add(options.compiler == BuildOptions{}.compiler ? version : version_of(options.compiler));
    key.add(source_key());
    for (const BuildCommand& command : build_commands(options, model, "folder", "elf")) {
        if (!of_all && !command.common) {
            continue;
        }
        for (std::string word : command.words) {
            if (const std::size_t at = word.find(PARTITA_ROOT); at != std::string::npos) {
                word.erase(at, std::string_view(PARTITA_ROOT).size());
            }
            key.add(word);
        }
    }
    return key;
}

}  // namespace

std::string data_key(const data::Model& model, const data::Sequences& samples) {
    data::ContentKey key;
    key.add(make_blob(model, samples));
    return key.text();
}

std::string program_key(const BuildOptions& options, const data::Model& model, const std::string& data_key) {
    data::ContentKey key = key_of(options, model, true);
    key.add(options.chip_header);
    key.add(data_key);
    return key.text();
}

std::string objects_key(const BuildOptions& options, const data::Model& model) {
    return key_of(options, model, false).text();
}

}  // namespace partita::firmware
