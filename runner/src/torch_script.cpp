#include "partita/runner/torch_script.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "partita/runner/error.hpp"

namespace partita::runner {

void write_torch_workload(const TorchWorkload& workload, const std::string& path) {
    const std::string header = nlohmann::json{
        {"steps", workload.steps},
        {"batch", workload.batch},
        {"hidden", workload.hidden},
        {"classes", workload.classes},
        {"learning_rate", workload.learning_rate},
        {"alpha", workload.alpha},
        {"labels",
         workload.labels}}.dump();
    std::ofstream file(path, std::ios::binary);
    const auto write = [&](const void* data, std::size_t size) {
        file.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    };
    const std::uint64_t length = header.size();
    write(&length, sizeof length);
    write(header.data(), header.size());
    write(workload.samples.data(), workload.samples.size() * sizeof(float));
    for (const std::span<const float> tensor : workload.tensors) {
        write(tensor.data(), tensor.size_bytes());
    }
    file.close();
    if (!file) {
        throw RunError(fmt::format("{} cannot be written", path));
    }
}

std::vector<std::string> torch_environment(std::uint32_t threads) {
    constexpr std::array<std::string_view, 4> steering{"OPENBLAS_", "OMP_", "GOMP_", "MALLOC_"};
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        if (std::ranges::none_of(steering, [&](std::string_view name) { return text.starts_with(name); })) {
            variables.emplace_back(text);
        }
    }
    variables.emplace_back("MALLOC_TRIM_THRESHOLD_=4294967296");
    variables.emplace_back("MALLOC_MMAP_THRESHOLD_=1073741824");
    variables.emplace_back("MALLOC_TOP_PAD_=268435456");
    variables.push_back(fmt::format("OMP_NUM_THREADS={}", threads));
    variables.push_back(fmt::format("OPENBLAS_NUM_THREADS={}", threads));
    return variables;
}

TemporaryFile::TemporaryFile()
    : path_((std::filesystem::temp_directory_path() / "partita-torch-XXXXXX").string()) {
    const int descriptor = mkstemp(path_.data());
    if (descriptor < 0) {
        throw RunError(fmt::format("the file {} cannot be made: {}", path_, std::strerror(errno)));
    }
    close(descriptor);
}

TemporaryFile::~TemporaryFile() {
    unlink(path_.c_str());
}

}  // namespace partita::runner
