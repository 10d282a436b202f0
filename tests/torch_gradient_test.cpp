// The gradient of every parameter beside PyTorch's autograd in FP64, at the size of the published case and at
// odd ones.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "partita/data/model_file.hpp"
#include "partita/data/random.hpp"
#include "partita/data/safetensors.hpp"
#include "partita/runner/network.hpp"

namespace partita::test {
namespace {

struct Case {
    std::size_t input, hidden, classes, batch, steps;
    std::uint32_t parts;
};

class TorchGradient : public testing::TestWithParam<Case> {
  protected:
    void SetUp() override {
        if (std::system(PARTITA_PYTHON " -c 'import torch' >/dev/null 2>&1") != 0) {
            GTEST_SKIP() << "PyTorch is not installed (./dev setup bench)";
        }
        folder_ = std::filesystem::temp_directory_path() /
                  ("partita-torch-" + std::to_string(static_cast<long>(getpid())));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override {
        if (!folder_.empty()) {
            std::filesystem::remove_all(folder_);
        }
    }

    // Raw FP64 numbers that the script wrote.
    std::vector<double> autograd(const data::Model& model, const data::File& sequences,
                                 std::uint32_t parts) const {
        const auto model_path = folder_ / "model.safetensors";
        const auto sequences_path = folder_ / "sequences.safetensors";
        const auto out = folder_ / "gradient.bin";
        data::save_model(model_path, model);
        data::save_safetensors(sequences_path, sequences);
        const std::string command = std::string(PARTITA_PYTHON " " PARTITA_TORCH_SCRIPT " ") +
                                    model_path.string() + " " + sequences_path.string() + " " +
                                    std::to_string(parts) + " " + out.string();
        EXPECT_EQ(std::system(command.c_str()), 0);
        std::vector<double> numbers(std::filesystem::file_size(out) / sizeof(double));
        std::ifstream(out, std::ios::binary)
            .read(reinterpret_cast<char*>(numbers.data()),
                  static_cast<std::streamsize>(numbers.size() * sizeof(double)));
        return numbers;
    }

  private:
    std::filesystem::path folder_;
};

// |a - b| / |b| over a tensor.
double relative_error(const std::vector<float>& a, const double* b) {
    double difference = 0.0;
    double size = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
        size += b[i] * b[i];
    }
    return std::sqrt(difference / size);
}

TEST_P(TorchGradient, Fp32IsWithinOneMillionth) {
    const Case c = GetParam();
    const data::Model model = data::random_model(c.input, c.hidden, c.classes, 5);
    data::Random random(7);
    std::vector<float> samples(c.batch * c.steps * c.input);
    for (float& x : samples) {
        x = static_cast<float>(random.uniform(-0.5, 2.5));
    }
    std::vector<std::int64_t> wide_labels(c.batch);
    std::vector<std::uint32_t> labels(c.batch);
    std::vector<const float*> rows(c.batch);
    for (std::size_t b = 0; b < c.batch; ++b) {
        labels[b] = static_cast<std::uint32_t>(random.below(c.classes));
        wide_labels[b] = labels[b];
        rows[b] = samples.data() + b * c.steps * c.input;
    }
    data::File sequences;
    sequences.tensors.push_back(data::make_tensor("samples", {c.batch, c.steps, c.input}, samples));
    const auto* bytes = reinterpret_cast<const std::byte*>(wide_labels.data());
    sequences.tensors.push_back(
        {"labels", data::Dtype::I64, {c.batch}, {bytes, bytes + wide_labels.size() * sizeof(std::int64_t)}});
    const std::vector<double> expected = autograd(model, sequences, c.parts);

    for (const runner::Backend backend : {runner::Backend::automatic, runner::Backend::portable}) {
        for (const learn::Tape tape : {learn::Tape::full, learn::Tape::lean}) {
            learn::Plan plan;
            plan.shape = runner::shape_of(model);
            plan.batch = static_cast<std::uint32_t>(c.batch);
            plan.steps = static_cast<std::uint32_t>(c.steps);
            plan.parts = c.parts;
            plan.tape = tape;
            plan.regulariser = false;
            plan.clipping = true;  // keeps the gradient
            runner::ThreadTeam team(1);
            runner::Network network(plan, backend, 4, team);
            network.load(model);
            learn::Hyper hyper;
            hyper.learning_rate = 0.0f;
            hyper.clip_norm = 1e30f;
            network.train({rows, labels}, hyper);
            data::Model gradient = model;
            ASSERT_EQ(network.trainer().store_gradient({gradient.weight_ih, gradient.weight_hh, gradient.bias,
                                                        gradient.head_weight, gradient.head_bias}),
                      learn::Error::none);
            const double* at = expected.data();
            double worst = 0.0;
            for (const std::vector<float>* tensor : {&gradient.weight_ih, &gradient.weight_hh, &gradient.bias,
                                                     &gradient.head_weight, &gradient.head_bias}) {
                worst = std::max(worst, relative_error(*tensor, at));
                at += tensor->size();
            }
            std::printf(
                "LSTM %zu -> %zu -> %zu, batch %zu, %zu steps, K = %u, %s tape, %s: relative error %.2e\n",
                c.input, c.hidden, c.classes, c.batch, c.steps, c.parts, learn::name(tape),
                network.backend_name(), worst);
            EXPECT_EQ(at, expected.data() + expected.size());
            EXPECT_LT(worst, 1e-6);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, TorchGradient,
                         testing::Values(Case{1, 128, 10, 4, 784, 1}, Case{1, 128, 10, 4, 784, 28},
                                         Case{3, 17, 5, 3, 37, 1}, Case{28, 33, 10, 5, 28, 3}));

}  // namespace
}  // namespace partita::test
