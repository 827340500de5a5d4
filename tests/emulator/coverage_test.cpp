// That this program, run as one process, launches every kernel of the library. Under ThreadSanitizer that is how it
// runs, and then no kernel escapes it; elsewhere the tests run one by one, and tests/ops/devices.cpp looks after this.
#include <cstdlib>
#include <iostream>

#include "tests/emulator/kernel_names.h"

namespace gg::testing {
namespace {

class Coverage : public ::testing::Environment {
 public:
  void TearDown() override {
    if (!std::getenv("GG_TEST_COVERAGE")) return;
    EXPECT_EQ(kernels::never_launched(GG_SOURCE_DIR), "") << "are never launched by tests/emulator";
  }
};

[[maybe_unused]] ::testing::Environment* const coverage = ::testing::AddGlobalTestEnvironment(new Coverage);

}  // namespace
}  // namespace gg::testing
