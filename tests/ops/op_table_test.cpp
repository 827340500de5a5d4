// Runs every check on every row of the op table.
#include <gtest/gtest.h>

#include "tests/ops/row_checks.h"

namespace gg::optable {
namespace {

class OpTable : public testing::TestWithParam<const Row*> {};

TEST_P(OpTable, Row) {
  const Row& row = *GetParam();
  EXPECT_EQ(check_value(row, f64), "");
  EXPECT_EQ(check_value(row, f32), "");
  EXPECT_EQ(check_gradients(row), "");
  EXPECT_EQ(check_second_order(row), "");
  EXPECT_EQ(check_layouts(row), "");
  EXPECT_EQ(check_expanded(row, Device::cpu), "");
  EXPECT_EQ(check_aliased(row), "");
  EXPECT_EQ(check_broadcast_and_empty(row), "");
  EXPECT_EQ(check_partial_inputs(row), "");
  EXPECT_EQ(check_symbolic_zeros(row), "");
  EXPECT_EQ(check_reference(row), "");
  EXPECT_EQ(check_graph(row), "");
  EXPECT_EQ(check_threads(row), "");
  EXPECT_EQ(check_complaints(row), "");
  if (row.extra) row.extra();
}

std::vector<const Row*> all_rows() {
  std::vector<const Row*> rows;
  for (const Row& row : op_table()) rows.push_back(&row);
  return rows;
}

INSTANTIATE_TEST_SUITE_P(All, OpTable, testing::ValuesIn(all_rows()),
                         [](const testing::TestParamInfo<const Row*>& info) { return info.param->title(); });

}  // namespace
}  // namespace gg::optable
