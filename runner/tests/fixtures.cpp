#include "fixtures.hpp"

#include "partita/data/random.hpp"
#include "partita/runner/error.hpp"

namespace partita::runner::test {

std::string run_error(const std::function<void()>& action) {
    try {
        action();
    } catch (const RunError& error) {
        return error.what();
    } catch (const std::exception& error) {
        ADD_FAILURE() << "expected a RunError, found: " << error.what();
        return "";
    }
    ADD_FAILURE() << "expected a RunError, nothing was thrown";
    return "";
}

data::Sequences random_sequences(std::size_t count, std::size_t steps, std::size_t input, std::size_t classes,
                                 std::uint64_t seed) {
    data::Random random(seed);
    data::Sequences sequences{steps, input, classes, {}, {}};
    for (std::size_t i = 0; i < count * steps * input; ++i) {
        sequences.values.push_back(static_cast<float>(random.uniform(-2.0, 2.0)));
    }
    for (std::size_t i = 0; i < count; ++i) {
        sequences.labels.push_back(static_cast<std::uint32_t>(random.below(classes)));
    }
    return sequences;
}

learn::Plan small_plan() {
    learn::Plan plan;
    plan.shape = {3, 5, 4};
    plan.batch = 4;
    plan.steps = 7;
    plan.parts = 3;
    return plan;
}

LoadedNetwork::LoadedNetwork(const learn::Plan& plan, std::uint32_t threads, std::uint64_t seed)
    : team(threads), network(plan, Backend::automatic, 4, team) {
    network.load(data::random_model(plan.shape.input, plan.shape.hidden, plan.shape.classes, seed));
}

std::vector<std::vector<std::byte>> state_of(const Network& network) {
    std::vector<std::vector<std::byte>> state;
    for (const learn::BufferId id : learn::Trainer::persistent) {
        const auto bytes = network.trainer().bytes(id);
        state.emplace_back(bytes.begin(), bytes.end());
    }
    return state;
}

TrainingEnd train(Training& training) {
    return training.run([](const TrainingProgress&) {}, never);
}

}  // namespace partita::runner::test
