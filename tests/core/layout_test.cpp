// Layouts: which views need no copy, and which layouts one flat loop serves.
#include "core/layout.h"

#include <gtest/gtest.h>

namespace gg {
namespace {

std::vector<int64_t> strides(const Layout& l) { return {l.strides.begin(), l.strides.begin() + l.rank()}; }
using Strides = std::vector<int64_t>;

Layout permuted(const Layout& l, std::vector<int> axes) { return l.permuted(axes); }

TEST(Layout, ContiguousIsRowMajor) {
  Layout l = Layout::contiguous({2, 3, 4});
  EXPECT_EQ(strides(l), (Strides{12, 4, 1}));
  EXPECT_TRUE(l.is_contiguous() && l.is_dense());
  EXPECT_TRUE(Layout::contiguous({}).is_contiguous());
  EXPECT_TRUE(Layout::contiguous({0, 3}).is_contiguous());
}

TEST(Layout, PermutedIsDenseInAnotherOrder) {
  Layout l = permuted(Layout::contiguous({2, 5, 6, 3}), {0, 3, 1, 2});  // channels last
  EXPECT_EQ(l.shape, (Shape{2, 3, 5, 6}));
  EXPECT_EQ(strides(l), (Strides{90, 1, 18, 3}));
  EXPECT_FALSE(l.is_contiguous());
  EXPECT_TRUE(l.is_dense());
}

TEST(Layout, GapsAndRepeatsAreNotDense) {
  Layout l = Layout::contiguous({4, 6});
  EXPECT_FALSE(l.sliced(1, 0, 3, 1).is_dense());
  EXPECT_FALSE(l.sliced(1, 0, 3, 2).is_dense());
  EXPECT_TRUE(l.sliced(0, 1, 2, 1).is_contiguous());  // whole rows
  EXPECT_FALSE(Layout::contiguous({1, 3}).expanded({4, 3}, "test").is_dense());
  EXPECT_EQ(l.sliced(0, 1, 2, 2).offset, 6);
  EXPECT_EQ(strides(l.sliced(1, 1, 2, 3)), (Strides{6, 3}));
}

TEST(Layout, AxesOfSizeOneDoNotCount) {
  Layout a = Layout::contiguous({3, 1, 4}), b = a;
  b.strides[1] = 999;
  EXPECT_TRUE(b.is_contiguous());
  EXPECT_TRUE(a.same_order(b));
}

TEST(Layout, SameOrderMeansSameWalk) {
  Layout rows = Layout::contiguous({3, 4}), columns = permuted(Layout::contiguous({4, 3}), {1, 0});
  EXPECT_TRUE(rows.same_order(rows));
  EXPECT_FALSE(rows.same_order(columns));
  EXPECT_FALSE(rows.same_order(Layout::contiguous({4, 3})));
}

TEST(Layout, DenseLikeKeepsTheAxisOrder) {
  Layout like = permuted(Layout::contiguous({2, 5, 6, 3}), {0, 3, 1, 2});
  Layout l = Layout::dense_like({2, 7, 2, 2}, like);
  EXPECT_EQ(strides(l), (Strides{28, 1, 14, 7}));
  EXPECT_TRUE(l.is_dense());
  // Row-major where there is no order to keep.
  EXPECT_TRUE(Layout::dense_like({2, 3}, Layout::contiguous({4, 6}).sliced(1, 0, 3, 2)).is_contiguous());
  EXPECT_TRUE(Layout::dense_like({6}, like).is_contiguous());
}

TEST(Layout, ExpandedRepeats) {
  Layout l = Layout::contiguous({3, 1}).expanded({2, 3, 4}, "test");
  EXPECT_EQ(strides(l), (Strides{0, 1, 0}));
  EXPECT_THROW(Layout::contiguous({3}).expanded({4}, "test"), Error);
  EXPECT_THROW(Layout::contiguous({2, 3}).expanded({3}, "test"), Error);
}

TEST(Layout, ReshapedWhereStridesCanSayIt) {
  Layout l = Layout::contiguous({2, 3, 4});
  ASSERT_TRUE(l.reshaped({6, 4}));
  EXPECT_EQ(strides(*l.reshaped({6, 4})), (Strides{4, 1}));
  EXPECT_TRUE(l.reshaped({2, 3, 2, 2}) && l.reshaped({24}) && l.reshaped({2, 1, 12}));
  Layout swapped = permuted(l, {1, 0, 2});  // [3,2,4]
  EXPECT_FALSE(swapped.reshaped({6, 4}));
  ASSERT_TRUE(swapped.reshaped({3, 2, 2, 2}));
  EXPECT_EQ(strides(*swapped.reshaped({3, 2, 2, 2})), (Strides{4, 12, 2, 1}));
  Layout step = Layout::contiguous({4, 6}).sliced(1, 0, 3, 2);  // strides 6, 2
  ASSERT_TRUE(step.reshaped({12}));
  EXPECT_EQ(strides(*step.reshaped({12})), (Strides{2}));
  EXPECT_FALSE(Layout::contiguous({4, 6}).sliced(1, 0, 2, 2).reshaped({8}));
  EXPECT_TRUE(Layout::contiguous({1, 1}).reshaped({}));
  EXPECT_TRUE(Layout::contiguous({0, 3}).reshaped({5, 0}));
}

TEST(Shape, BroadcastsAndComplains) {
  EXPECT_EQ(broadcast_shapes({3, 1}, {2, 1, 4}, "test"), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast_shapes({}, {2}, "test"), (Shape{2}));
  EXPECT_EQ(broadcast_shapes({0}, {1}, "test"), (Shape{0}));
  EXPECT_THROW(broadcast_shapes({0}, {2}, "test"), Error);
  EXPECT_THROW(broadcast_shapes({3}, {2}, "test"), Error);
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), Error);
  EXPECT_EQ(to_string(Shape{2, 3}), "[2,3]");
  EXPECT_EQ(to_string(Shape{}), "[]");
  EXPECT_EQ(normalize_axis(-1, 3, "test"), 2);
  EXPECT_THROW(normalize_axis(3, 3, "test"), Error);
  EXPECT_THROW(normalize_axis(-4, 3, "test"), Error);
  EXPECT_EQ((Shape{2, 3}.at(-2)), 2);
  EXPECT_EQ((Shape{2, 3}.inserted(1, 5)), (Shape{2, 5, 3}));
  EXPECT_EQ((Shape{2, 5, 3}.erased(1)), (Shape{2, 3}));
}

}  // namespace
}  // namespace gg
