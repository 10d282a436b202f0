#include "published_case.hpp"

namespace partita::learn::test {
namespace {

TEST_F(PublishedCase, PortableReachesTheLossesInFp32) {
    for (const PublishedLoss& expected : published_losses) {
        EXPECT_NEAR(train(plan(expected.parts), kernels(Backend::portable, Precision::fp32)), expected.loss,
                    2e-5)
            << "K = " << expected.parts;
    }
}

}  // namespace
}  // namespace partita::learn::test
