// Scratch memory: a small request leaves the large blocks to others.
#include "cpu/scratch.h"

#include <gtest/gtest.h>

#include <thread>

namespace gg::cpu {
namespace {

TEST(Scratch, TakesTheSmallestBlockThatIsLargeEnough) {
#ifdef GG_SANITIZED
  GTEST_SKIP() << "sanitizer builds keep no blocks";
#endif
  std::thread([] {  // which has no blocks yet
    constexpr size_t kSmall = 8 << 10, kLarge = 24 << 20;
    void *small = nullptr, *large = nullptr;
    {
      Scratch s(kSmall), l(kLarge);  // the small one is given back last
      small = s.as<void>();
      large = l.as<void>();
    }
    {
      Scratch l(kLarge), s(kSmall);  // the large one is
      EXPECT_EQ(s.as<void>(), small);
      EXPECT_EQ(l.as<void>(), large);
    }
    Scratch s(kSmall), l(kLarge);
    EXPECT_EQ(s.as<void>(), small);
    EXPECT_EQ(l.as<void>(), large);
  })
      .join();
}

TEST(Scratch, BlocksAreAlignedAndApart) {
  Scratch a(1), b(100), c(0);
  for (const Scratch* s : {&a, &b, &c}) EXPECT_EQ(reinterpret_cast<uintptr_t>(s->as<void>()) % 64, 0u);
  EXPECT_NE(a.as<void>(), b.as<void>());
  EXPECT_NE(b.as<void>(), c.as<void>());
}

}  // namespace
}  // namespace gg::cpu
