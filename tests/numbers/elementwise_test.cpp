#include "cpu/elementwise.h"

#include <gtest/gtest.h>

#include "ops/functors/activations.h"

TEST(Elementwise, Runs) {
  float x[4] = {-1, 0, 1, 100}, y[4];
  const void* in[] = {x};
  gg::cpu::unary_loops<gg::Sigmoid>().by_input[0][0](4, y, in, nullptr);
  EXPECT_FLOAT_EQ(y[1], 0.5f);
}
