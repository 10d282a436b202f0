// What is read from Yosys' netlists, by small ones whose sums can be made by hand, and how Yosys is run, by
// programs in its place.

#include "rtl/synthesis.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "chip/base/error.hpp"

namespace partita::rtl {
namespace {

namespace fs = std::filesystem;

// A cell: {"type", {"input port", nets}..., {"output port", nets}}.
std::string cell(const std::string& name, const std::string& type,
                 const std::vector<std::pair<std::string, std::string>>& inputs,
                 const std::vector<std::pair<std::string, std::string>>& outputs) {
    std::string directions;
    std::string connections;
    const auto add = [&](const auto& ports, const char* direction) {
        for (const auto& [port, nets] : ports) {
            directions += (directions.empty() ? "\"" : ", \"") + port + "\": \"" + direction + "\"";
            connections += (connections.empty() ? "\"" : ", \"") + port + "\": [" + nets + "]";
        }
    };
    add(inputs, "input");
    add(outputs, "output");
    return "\"" + name + "\": {\"type\": \"" + type + "\", \"port_directions\": {" + directions +
           "}, \"connections\": {" + connections + "}}";
}

std::string module(const std::string& name, const std::string& attributes,
                   const std::vector<std::string>& cells) {
    std::string text = "\"" + name + "\": {\"attributes\": {" + attributes + "}, \"cells\": {";
    for (const std::string& each : cells) {
        text += (&each == &cells.front() ? "" : ", ") + each;
    }
    return text + R"(}, "netnames": {"result": {"hide_name": 0, "bits": [9, 8]}}})";
}

std::string netlist(const std::vector<std::string>& modules) {
    std::string text = R"({"creator": "Yosys", "modules": {)";
    for (const std::string& each : modules) {
        text += (&each == &modules.front() ? "" : ", ") + each;
    }
    return text + "}}";
}

std::string error_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const chip::ChipError& error) {
        return error.what();
    }
    return "no error";
}

bool says(const std::string& text, const std::string& phrase) {
    return text.find(phrase) != std::string::npos;
}

TEST(Netlist, CountsCellsOfBlocksWithinBlocks) {
    const std::string leaf =
        module("$paramod\\\\leaf\\\\W=32'0", "",
               {cell("a", "LUT6", {}, {}), cell("b", "INV", {}, {}), cell("c", "FDRE", {}, {}),
                cell("d", "RAM32M16", {}, {}), cell("e", "RAMB18E2", {}, {})});
    const std::string middle =
        module("middle", "",
               {cell("u_1", "$paramod\\\\leaf\\\\W=32'0", {}, {}),
                cell("u_2", "$paramod\\\\leaf\\\\W=32'0", {}, {}), cell("f", "CARRY4", {}, {})});
    const std::string top =
        module("top", R"("hdlname": "\\top")",
               {cell("u_middle", "middle", {}, {}), cell("g", "SRL16E", {}, {}), cell("h", "DSP48E2", {}, {}),
                cell("i", "URAM288", {}, {}), cell("j", "RAMB36E2", {}, {}), cell("k", "FDSE", {}, {}),
                cell("l", "GND", {}, {})});
    const std::string cells = module("LUT6", R"("blackbox": "1")", {});
    const Netlist read(netlist({leaf, middle, top, cells}), "top");
    const auto blocks = read.blocks(2);
    ASSERT_EQ(blocks.size(), 4U);
    EXPECT_EQ(blocks[0].module, "top");
    EXPECT_EQ(blocks[0].resources, (Resources{4, 17, 3, 1, 1, 2.0, 1}));
    EXPECT_EQ(blocks[0].resources.luts(), 21U);
    EXPECT_EQ(blocks[1].name, "u_middle");
    EXPECT_EQ(blocks[1].resources, (Resources{4, 16, 2, 1, 0, 1.0, 0}));
    EXPECT_EQ(blocks[3].name, "u_middle.u_2");
    EXPECT_EQ(blocks[3].module, "leaf");
    EXPECT_EQ(blocks[3].level, 2U);
    EXPECT_EQ(blocks[3].resources, (Resources{2, 8, 1, 0, 0, 0.5, 0}));
    EXPECT_EQ(read.blocks(0).size(), 1U);
}

TEST(Netlist, FindsTheLongestWayBetweenRegisters) {
    // FDRE 2 -> LUT2 3 -> CARRY4 4,5 -> LUT1 6 -> FDRE 7 -> memory 8 -> LUT6 9; data of the memory's writing
    // end a way.
    const std::vector<std::string> cells{
        cell("r", "FDRE", {{"C", "1"}, {"D", "9"}}, {{"Q", "2"}}),
        cell("a", "LUT2", {{"I0", "2"}, {"I1", "\"0\""}}, {{"O", "3"}}),
        cell("b", "CARRY4", {{"S", "3"}, {"DI", "2"}}, {{"O", "4, 5"}}),
        cell("c", "LUT1", {{"I0", "5"}}, {{"O", "6"}}),
        cell("s", "FDRE", {{"C", "1"}, {"D", "6"}}, {{"Q", "7"}}),
        cell("m", "RAM32M", {{"ADDRA", "7"}, {"DIA", "6"}, {"WCLK", "1"}}, {{"DOA", "8"}}),
        cell("d", "LUT6", {{"I0", "8"}}, {{"O", "9"}})};
    const Depth depth = Netlist(netlist({module("top", "", cells)}), "top").depth();
    EXPECT_EQ(depth.luts, 2U);
    EXPECT_EQ(depth.carry, 1U);
    auto more = cells;
    more.push_back(cell("e", "LUT1", {{"I0", "9"}}, {{"O", "10"}}));
    const Depth deeper = Netlist(netlist({module("top", "", more)}), "top").depth();
    EXPECT_EQ(deeper.luts, 3U);
    EXPECT_EQ(deeper.carry, 0U);
    EXPECT_EQ(deeper.end, "e");
    more.back() = cell("e", "LUT2", {{"I0", "3"}, {"I1", "11"}}, {{"O", "11"}});
    EXPECT_TRUE(says(error_of([&] { Netlist(netlist({module("top", "", more)}), "top").depth(); }),
                     "has a loop through e"));
}

TEST(Netlist, RefusesWhatItDoesNotKnow) {
    EXPECT_TRUE(
        says(error_of([] { Netlist("{\"modules\": 3", "top"); }), "reading the netlist that Yosys wrote: "));
    EXPECT_TRUE(says(error_of([] { Netlist(R"({"modules": {}})", "top"); }), "it has no module top"));
    EXPECT_TRUE(says(
        error_of([] { Netlist(netlist({module("top", "", {cell("a", "$add", {}, {})})}), "top").blocks(0); }),
        "it has a cell $add, which is not known"));
}

class SynthesisTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string form = (fs::temp_directory_path() / "synthesis-test-XXXXXX").string();
        folder_ = mkdtemp(form.data());
        write("a.sv", "module gemmini; endmodule\n");
        write("z_pkg.sv", "package z_pkg; endpackage\n");
        options_.sources = folder_;
        options_.work = folder_;
        options_.parameters = {{"SIDE", 4}, {"SIG", 8}};
    }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
    }
    // A program that stands for Yosys.
    void stand_in(const std::string& commands) {
        write("yosys", "#!/bin/sh\n" + commands);
        fs::permissions(folder_ / "yosys", fs::perms::owner_all);
        options_.yosys = (folder_ / "yosys").string();
    }
    Synthesis run() {
        return synthesise(options_, [this](unsigned done, unsigned total, const std::string& step) {
            steps_.push_back(std::to_string(done) + " of " + std::to_string(total) + ": " + step);
        });
    }

    fs::path folder_;
    SynthesisOptions options_;
    std::vector<std::string> steps_;
};

TEST_F(SynthesisTest, TellsYosysWhatToDo) {
    const std::string script = synthesis_script(options_);
    EXPECT_LT(script.find("z_pkg.sv"), script.find("a.sv"));
    EXPECT_TRUE(says(script, "chparam -set SIDE 4 -set SIG 8 -set DSP 0 gemmini\n"));
    EXPECT_TRUE(says(script,
                     "synth_xilinx -family xcup -nowidelut -noiopad -noclkbuf -nodsp -top gemmini "
                     "-run begin:map_luts\nscript " +
                         mapping_script().string() +
                         "\nsynth_xilinx -family xcup -nowidelut -noiopad -noclkbuf -run finalize:\n"));
    options_.dsp = true;
    EXPECT_TRUE(says(synthesis_script(options_), "-set DSP 1 gemmini\n"));
    EXPECT_FALSE(says(synthesis_script(options_), "-nodsp"));
}

TEST_F(SynthesisTest, ReadsWhatYosysHasWritten) {
    write("made.json",
          netlist({module("gemmini", "", {cell("a", "LUT6", {}, {}), cell("b", "RAM32M", {}, {})})}));
    stand_in(
        "cd " + folder_.string() +
        "\ncp made.json blocks.json; cp made.json flat.json\n"
        "printf '   Estimated number of LCs:   7\\n   Estimated number of LCs:    30\\n' > statistics.txt\n"
        "printf ' Yosys 0.23 (git sha1 7ce5011c24b)\\n\\n3. Executing SYNTH_XILINX pass.\\n3.12. Executing "
        "TECHMAP pass (map).\\n'\n"
        "sleep 1\n"
        "printf '5. Executing ABC pass (mapping).\\n'\n"
        "sleep 1\n");
    const Synthesis synthesis = run();
    EXPECT_EQ(synthesis.tool, "Yosys 0.23");
    EXPECT_EQ(synthesis.total().luts(), 5U);
    EXPECT_EQ(synthesis.shared_luts, 34U);
    EXPECT_EQ(synthesis.depth.luts, 0U) << "a LUT without inputs is no way";
    EXPECT_GT(std::ranges::count(steps_, "12 of 47: 3.12. Executing TECHMAP pass"), 0);
    EXPECT_GT(std::ranges::count(steps_, "36 of 47: 5. Executing ABC pass"), 0);
}

TEST_F(SynthesisTest, SaysWhatIsWrong) {
    options_.yosys = "no-such-yosys";
    EXPECT_EQ(error_of([&] { run(); }),
              "synthesis: cannot run no-such-yosys: expected Yosys, Debian's package yosys, which `./dev "
              "setup rtl` "
              "installs");
    stand_in("echo begun; echo 'a.sv:3: ERROR: syntax error'; echo more; exit 1\n");
    EXPECT_EQ(error_of([&] { run(); }), "synthesis: Yosys failed: a.sv:3: ERROR: syntax error");
    stand_in("exit 0\n");
    EXPECT_TRUE(says(error_of([&] { run(); }), "reading the netlist that Yosys wrote: "));
    options_.sources = folder_ / "none";
    EXPECT_TRUE(says(error_of([&] { run(); }), "found no SystemVerilog in "));
}

}  // namespace
}  // namespace partita::rtl
