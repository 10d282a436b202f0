#include "firmware/host/build.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <span>
#include <thread>

#include "firmware/host/key.hpp"

namespace partita::firmware {
namespace {

using std::filesystem::path;

const path root = PARTITA_ROOT;

using Command = std::vector<std::string>;

std::string name(ProgramKind program) {
    return program == ProgramKind::published ? "published" : "train";
}

std::vector<std::string> sources(ProgramKind program) {
    std::vector<std::string> list{"firmware/start/start.S", "firmware/start/enter.cpp",
                                  "firmware/start/host.cpp", "firmware/data/blob.S"};
    const auto add = [&list](const char* folder, std::initializer_list<const char*> names) {
        for (const char* source : names) {
            list.push_back(fmt::format("{}/{}.cpp", folder, source));
        }
    };
    if (program == ProgramKind::published) {
        add("firmware/start", {"team"});
        add("firmware/published",
            {"main", "load", "forward", "backward", "update", "gemm", "elementwise", "newlib", "loss"});
    } else {
        add("firmware/train", {"main"});
        add("learn/src", {"trainer", "trainer_state", "portable", "narrow_activation"});
        add("learn/src/gemmini", {"cells", "gemmini", "loops", "product", "update_tile"});
    }
    return list;
}

// The flags that the published program states (-O2, rv64imafdc), and what a program without an operating
// system needs.
Command flags() {
    return {"-O2",
            "-g1",
            "-march=rv64imafdc_zicsr_zifencei",
            "-mabi=lp64d",
            "-mcmodel=medany",
            "-fno-pie",
            "-ffreestanding",
            "-fno-stack-protector",
            "-fno-asynchronous-unwind-tables",
            "-ffp-contract=off",
            "-fno-math-errno",
            "-I" + (root / "firmware").string(),
            "-I" + (root / "learn/include").string(),
            "-I" + (root / "learn/src").string()};
}

Command cpp_flags() {
    return {"-std=c++20", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-fno-use-cxa-atexit"};
}

void append(Command& to, const Command& more) {
    to.insert(to.end(), more.begin(), more.end());
}

void write_file(const path& file, std::span<const std::byte> bytes) {
    std::ofstream out(file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) {
        throw BuildError(fmt::format("building the firmware: cannot write {}", file.string()));
    }
}

std::string text_of(const path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Runs a command with its output in `log`; throws BuildError with it if it fails.
void run(const Command& command, const path& log) {
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t child = 0;
    const int failure = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) {
        throw BuildError(
            fmt::format("building the firmware: cannot run {}: expected Debian's g++-riscv64-linux-gnu, "
                        "which `./dev setup` installs",
                        command[0]));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw BuildError(fmt::format("building the firmware: this command failed\n{}\n{}",
                                     fmt::join(command, " "), text_of(log)));
    }
}

// Runs a command unless `objects` has what it makes from an earlier time. What is new joins them under a name
// that nobody else has and is then renamed, so that nobody finds half of it.
void run_once(const Command& command, const path& objects, const path& log) {
    const path made = command.back();
    const path kept = objects / made.filename();
    if (exists(kept)) {
        copy_file(kept, made);
        return;
    }
    run(command, log);
    create_directories(objects);
    path joining = kept;
    joining += "." + made.parent_path().filename().string();
    copy_file(made, joining);
    rename(joining, kept);
}

void check(const BuildOptions& options, const data::Model& model, const data::Sequences& samples) {
    const auto refuse = [&](const std::string& what) {
        throw BuildError(fmt::format("building the program '{}': {}", name(options.program), what));
    };
    if (options.parts == 0 || options.parts > options.steps) {
        refuse(fmt::format("{} parts of a sequence of {} steps; expected 1 to {}", options.parts,
                           options.steps, options.steps));
    }
    if (samples.count() < options.batch || samples.steps != options.steps) {
        refuse(fmt::format("found {} samples of {} steps; expected at least {} of {}", samples.count(),
                           samples.steps, options.batch, options.steps));
    }
    if (options.program == ProgramKind::train) {
        return;
    }
    if (options.steps % options.parts != 0) {
        refuse(fmt::format("{} parts do not divide {} steps", options.parts, options.steps));
    }
    if (model.input != 1 || model.hidden != 128 || model.classes != 10 || options.batch != 4) {
        refuse(fmt::format("found a network of {} x {} x {} and a batch of {}; expected 1 x 128 x 10 and 4",
                           model.input, model.hidden, model.classes, options.batch));
    }
}

}  // namespace

std::vector<BuildCommand> build_commands(const BuildOptions& options, const data::Model& model,
                                         const path& folder, const path& elf) {
    Command macros{"-I" + folder.string(), fmt::format("-DPARTITA_PARTS={}", options.parts),
                   fmt::format("-DPARTITA_STEPS={}", options.steps)};
    if (options.program == ProgramKind::train) {
        append(
            macros,
            {fmt::format("-DPARTITA_BATCH={}", options.batch), fmt::format("-DPARTITA_INPUT={}", model.input),
             fmt::format("-DPARTITA_HIDDEN={}", model.hidden),
             fmt::format("-DPARTITA_CLASSES={}", model.classes), "-DPARTITA_TAPE=" + options.tape});
    }
    std::vector<BuildCommand> commands;
    Command link{options.compiler};
    append(link, flags());
    append(link, {"-static", "-no-pie", "-nostdlib", "-nostartfiles",
                  "-Wl,-T," + (root / "firmware/start/link.ld").string(), "-Wl,--build-id=none",
                  "-Wl,--no-undefined", fmt::format("-Wl,--defsym=PARTITA_MEMORY_BYTES={}", options.memory),
                  fmt::format("-Wl,--defsym=PARTITA_HARTS={}", options.harts)});
    for (const std::string& source : sources(options.program)) {
        const bool common = source.starts_with("learn/");
        std::string object = source;
        std::ranges::replace(object, '/', '_');
        object = (folder / (object + ".o")).string();
        Command compile{options.compiler};
        append(compile, flags());
        if (source.ends_with(".cpp")) {
            append(compile, cpp_flags());
        } else {
            append(compile, {"-I" + folder.string(),
                             fmt::format("-DPARTITA_BLOB=\"{}\"", (folder / "network.blob").string())});
        }
        if (source.ends_with(".cpp") && !common) {
            append(compile, macros);
        }
        if (options.program == ProgramKind::train && options.bf16_extension) {
            compile.emplace_back("-DPARTITA_ZFBFMIN");
        }
        append(compile, {"-c", (root / source).string(), "-o", object});
        commands.push_back({compile, common});
        link.push_back(object);
    }
    // Mathematics built for speed, but the small C library: as newlib's "nano" variant that Chipyard's
    // programs link.
    const path variant = "rv64imafdc/lp64d";
    append(link, {(options.picolibc / "release" / variant / "libm.a").string(),
                  (options.picolibc / variant / "libc.a").string(), "-lgcc", "-o", elf.string()});
    commands.push_back({link});
    return commands;
}

void build(const BuildOptions& options, const data::Model& model, const data::Sequences& samples,
           const path& elf) {
    check(options, model, samples);
    const path library = options.picolibc / "release/rv64imafdc/lp64d/libm.a";
    if (!exists(library)) {
        throw BuildError(
            fmt::format("building the firmware: {} is missing; Debian's package "
                        "picolibc-riscv64-unknown-elf has it, which `./dev setup` installs",
                        library.string()));
    }
    path folder = elf;
    folder += ".build";
    std::filesystem::create_directories(folder);
    write_file(folder / "partita_chip.h", std::as_bytes(std::span(options.chip_header)));
    write_file(folder / "network.blob", make_blob(model, options.program == ProgramKind::published
                                                             ? data::subset(samples, 0, options.batch)
                                                             : samples));
    const auto commands = build_commands(options, model, folder, elf);
    const path objects = options.objects.empty() ? path() : options.objects / objects_key(options, model);
    std::atomic<std::size_t> next = 0;
    const std::size_t compilations = commands.size() - 1;
    const auto work = [&] {
        for (std::size_t i = next++; i < compilations; i = next++) {
            const path log = folder / fmt::format("{}.log", i);
            if (commands[i].common && !objects.empty()) {
                run_once(commands[i].words, objects, log);
            } else {
                run(commands[i].words, log);
            }
        }
    };
    std::vector<std::future<void>> workers;
    const std::size_t count = std::max(1u, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) {
        workers.push_back(std::async(std::launch::async, work));
    }
    for (auto& worker : workers) {
        worker.get();
    }
    run(commands.back().words, folder / "link.log");
    std::filesystem::remove_all(folder);
}

}  // namespace partita::firmware
