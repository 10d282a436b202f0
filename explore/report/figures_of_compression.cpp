// What BF16 saves, and what systems take of an FPGA.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "explore/report/figure_rows.hpp"
#include "explore/report/figures.hpp"

namespace partita::explore::report {
namespace {

struct Kind {
    const char* name;
    double Resources::*amount;
    // Of the XCVU9P on the publication's VCU118 (AMD DS890).
    double of_the_device;
};
constexpr std::array<Kind, 4> kinds{{{"LUT", &Resources::lut, 1'182'240},
                                     {"register", &Resources::register_bits, 2'364'480},
                                     {"BRAM36", &Resources::bram36, 2'160},
                                     {"DSP", &Resources::dsp, 6'840}}};

void add_system(Table& table, const char* source, const SystemResources& system) {
    const Point point{system.mesh, system.cores, 0};
    for (const Kind& kind : kinds) {
        const double amount = system.resources.*kind.amount;
        std::vector<Cell> cells = published_cells(source, point, "bf16");
        cells[1] = Cell();  // no program and no workload: it is the chip's
        cells[6] = Cell();
        table.add(cells_with(std::move(cells), {kind.name, amount, 100 * amount / kind.of_the_device,
                                                fmt::format("{}, {}", point.chip(), source)}));
    }
}

}  // namespace

Chart compression_resources(const Subjects& subjects, const Published& published) {
    constexpr unsigned mesh = 4;
    Chart chart;
    chart.name = "compression-resources";
    chart.title = "Compression: resources";
    chart.sentence =
        "What the accelerator takes as Gemmini's FP32 default and as the publication's BF16 design, in % of "
        "the published default; mesh side 4. `rtl`: what partita synth finds, where the store has it, "
        "without DSPs in the mesh and with them, by another tool than the publication's; the others: "
        "published.";
    chart.mark = Mark::bars;
    chart.x = {"design", "", Scale::category};
    chart.y = {"percent", "% of the published FP32 default", Scale::linear};
    chart.colour = "precision";
    chart.colour_label = "precision";
    chart.panel = "resource";
    chart.table = Table({"source", "design", "precision", "resource", "amount", "percent", "label"});
    const Resources* whole = find(published.accelerators, "fp32_default", mesh);
    const auto add = [&](const char* source, const char* design, const char* precision,
                         const Resources* resources) {
        if (whole == nullptr || resources == nullptr) {
            return;
        }
        for (const Kind& kind : kinds) {
            const double amount = resources->*kind.amount;
            chart.table.add({source, design, precision, kind.name, amount,
                             100 * amount / (whole->*kind.amount),
                             fmt::format("{}, {}: {:.0f} {}", source, precision, amount, kind.name)});
        }
    };
    add("published", "fp32", "fp32", whole);
    add("synthesised", "fp32 rtl", "fp32", find(subjects.synthesised_accelerators, "fp32", mesh));
    add("synthesised", "fp32 rtl, DSPs", "fp32", find(subjects.synthesised_accelerators, "fp32, DSPs", mesh));
    add("published", "bf16", "bf16", find(published.accelerators, "bf16_compressed", mesh));
    add("synthesised", "bf16 rtl", "bf16", find(subjects.synthesised_accelerators, "bf16", mesh));
    add("synthesised", "bf16 rtl, DSPs", "bf16", find(subjects.synthesised_accelerators, "bf16, DSPs", mesh));
    return chart;
}

Chart compression_loss(const Subjects& subjects, const Published& published) {
    Chart chart;
    chart.name = "compression-loss";
    chart.title = "Compression: loss";
    chart.sentence =
        "Cross-entropy at the last step, summed over the four sequences, after the updates of all parts but "
        "the "
        "last. Filled: ours; hollow, dashed: published. They are of the same data where the runs started "
        "from "
        "the publication's network and sequences.";
    chart.mark = Mark::lines;
    chart.x = {"parts", "K, parts of the sequence", Scale::category};
    chart.y = {"loss", "loss, nat", Scale::linear};
    chart.colour = "precision";
    chart.colour_label = "precision";
    chart.panel = "program";
    chart.panel_label = "program ";
    chart.line = {"source", "program", "precision", "mesh", "data"};
    chart.table = Table(columns_with({"data", "loss", "label", "command"}));
    for (const ByPrecision& row : published.loss) {
        for (const auto& [precision, loss] : {std::pair("fp32", row.fp32), std::pair("bf16", row.bf16)}) {
            chart.table.add(cells_with(
                published_cells("published", {0, 0, row.parts}, precision),
                {Cell(), loss, fmt::format("published, K = {}, {}", row.parts, precision), Cell()}));
        }
    }
    for (const Subject& subject : subjects.runs) {
        if (subject.loss) {
            chart.table.add(cells_with(run_cells(subject), {subject.run.key.data_digest, *subject.loss,
                                                            run_label(subject), subject.command}));
        }
    }
    return chart;
}

Chart compression_sequence(const Subjects& subjects, const Published& published) {
    Chart chart;
    chart.name = "compression-sequence";
    chart.title = "Compression: loss along the sequence";
    chart.sentence =
        "Cross-entropy at the end of each part, summed over the sequences, before the part's update: "
        "computed by "
        "partita baseline with the sums in the order of a 4x4 array. Hollow: the last step, published.";
    chart.mark = Mark::lines;
    chart.x = {"step", "step of the sequence", Scale::linear};
    chart.y = {"loss", "loss, nat", Scale::logarithmic};
    chart.colour = "precision";
    chart.colour_label = "precision";
    chart.panel = "parts";
    chart.panel_label = "K = ";
    chart.line = {"source", "program", "chip", "precision", "data", "parts"};
    chart.table = Table(columns_with({"data", "step", "loss", "label"}));
    for (const Subject& subject : subjects.runs) {
        const RunKey& key = subject.run.key;
        if (subject.losses.size() < key.parts || key.parts == 0) {
            continue;  // the last step alone
        }
        const std::uint32_t length = (key.steps - 1) / key.parts + 1;
        for (std::uint32_t part = 0; part < subject.losses.size(); ++part) {
            std::vector<Cell> cells = run_cells(subject);
            cells[0] = "computed";  // not drawn as another platform's
            const std::uint32_t step = std::min(key.steps, (part + 1) * length);
            chart.table.add(cells_with(std::move(cells),
                                       {key.data_digest, step, subject.losses[part],
                                        fmt::format("{}, K = {}, step {}", key.precision, key.parts, step)}));
        }
    }
    if (chart.table.rows().empty()) {
        return chart;
    }
    constexpr std::uint32_t last_step = 784;
    for (const ByPrecision& row : published.loss) {
        for (const auto& [precision, loss] : {std::pair("fp32", row.fp32), std::pair("bf16", row.bf16)}) {
            chart.table.add(cells_with(
                published_cells("published", {0, 0, row.parts}, precision),
                {Cell(), last_step, loss, fmt::format("published, K = {}, {}", row.parts, precision)}));
        }
    }
    return chart;
}

Chart system_resources(const Subjects& subjects, const Published& published) {
    Chart chart;
    chart.name = "resources";
    chart.title = "Resources of whole systems";
    chart.sentence =
        "What each design point takes of the publication's FPGA (XCVU9P). Hollow, dashed: published; filled: "
        "what "
        "partita synth finds, where the store has it.";
    chart.mark = Mark::lines;
    chart.x = {"cores", "cores", Scale::category};
    chart.y = {"percent", "% of the FPGA", Scale::linear};
    chart.colour = "mesh";
    chart.colour_label = "mesh side";
    chart.panel = "resource";
    chart.line = {"source", "mesh"};
    chart.table = Table(columns_with({"resource", "amount", "percent", "label"}));
    for (const SystemResources& system : published.systems) {
        add_system(chart.table, "published", system);
    }
    for (const SystemResources& system : subjects.synthesised) {
        add_system(chart.table, "synthesised", system);
    }
    return chart;
}

}  // namespace partita::explore::report
