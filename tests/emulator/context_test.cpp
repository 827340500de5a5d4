// Both device kinds in one binary: each says what it has, or why it has nothing, and nothing throws.
#include "cuda/context.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "cuda/memory.h"

namespace gg {
namespace {

TEST(Context, TheEmulatedDeviceIsAlwaysThere) {
  EXPECT_EQ(emulated::device_count(), 1);
  EXPECT_EQ(emulated::why_unavailable(), "");
  EXPECT_NE(emulated::device_description().find("emulator"), std::string::npos);
}

TEST(Context, AMissingGpuIsExplainedInOneLine) {
  if (cuda::device_count() > 0) {
    EXPECT_EQ(cuda::why_unavailable(), "");
    EXPECT_NE(cuda::device_description(), "");
    return;
  }
  const std::string why = cuda::why_unavailable();
  EXPECT_EQ(why.rfind("cuda: ", 0), 0u) << why;
  EXPECT_EQ(why.find('\n'), std::string::npos);
  EXPECT_THROW(cuda::device_description(), Error);
#if GG_WITH_CUDA
  EXPECT_THROW(cuda::allocate(16), Error);
  EXPECT_NO_THROW(cuda::release(nullptr));
#else
  EXPECT_NE(why.find("GG_CUDA=ON"), std::string::npos);
#endif
}

}  // namespace
}  // namespace gg
