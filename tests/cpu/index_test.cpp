#include "cpu/index.h"

#include <gtest/gtest.h>

#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

std::vector<int64_t> index_of(int64_t flat, const Shape& shape) {
  std::vector<int64_t> at(shape.rank());
  for (int i = shape.rank() - 1; i >= 0; --i) {
    at[i] = flat % shape[i];
    flat /= shape[i];
  }
  return at;
}

int64_t flat_of(const std::vector<int64_t>& at, const Shape& shape) {
  int64_t flat = 0;
  for (int i = 0; i < shape.rank(); ++i) flat = flat * shape[i] + at[i];
  return flat;
}

struct Case {
  Shape shape;
  std::vector<int> order;
};

const std::vector<Case> kCases = {{{11}, {0}},
                                  {{7, 40}, {0, 1}},
                                  {{7, 40}, {1, 0}},
                                  {{50, 3}, {0, 1}},
                                  {{4, 5, 6}, {0, 1, 2}},
                                  {{4, 5, 6}, {2, 0, 1}},
                                  {{300, 90}, {0, 1}},
                                  {{2, 3, 4, 33}, {3, 1, 2, 0}},
                                  {{90, 300}, {1, 0}}};

template <class T>
void check_select() {
  for (auto& c : kCases) {
    for (int axis = 0; axis < c.shape.rank(); ++axis) {
      for (int64_t count : {0, 1, 9, 500}) {
        Owned<T> x(c.shape, c.order, 1);
        x.randomize(1, -100, 100);
        Owned<int64_t> index({count});
        index.randomize(2, 0, static_cast<double>(c.shape[axis]));
        Shape shape = c.shape;
        shape[axis] = count;
        for (auto& order : {std::vector<int>{}, c.order}) {
          Owned<T> out(shape, order);
          cpu::index_select(out, x, index, axis);
          for (int64_t i = 0; i < out.numel(); ++i) {
            auto at = index_of(i, shape);
            at[axis] = index.at(at[axis]);
            ASSERT_EQ(out.at(i), x.at(flat_of(at, c.shape))) << to_string(c.shape) << " axis " << axis;
          }
        }
      }
    }
  }
}

TEST(IndexSelect, EveryTypeAxisAndLayout) {
  check_select<float>();
  check_select<double>();
  check_select<int64_t>();
  check_select<bool>();
}

template <class T>
void check_add() {
  for (auto& c : kCases) {
    for (int axis = 0; axis < c.shape.rank(); ++axis) {
      int64_t count = 400;
      Shape shape = c.shape;
      shape[axis] = count;
      Owned<T> x(shape, c.order, 1), out(c.shape, c.order);
      x.randomize(1, -100, 100);
      out.randomize(3, -100, 100);
      Owned<int64_t> index({count});
      index.randomize(2, 0, static_cast<double>(c.shape[axis]));
      std::vector<T> expected = out.values();
      for (int64_t i = 0; i < x.numel(); ++i) {  // row-major is in the order of the positions: the bits must agree
        auto at = index_of(i, shape);
        at[axis] = index.at(at[axis]);
        expected[flat_of(at, c.shape)] += x.at(i);
      }
      cpu::index_add(out, x, index, axis);
      EXPECT_EQ(out.values(), expected) << to_string(c.shape) << " axis " << axis;
    }
  }
}

TEST(IndexAdd, AddsInTheOrderOfThePositions) {
  check_add<float>();
  check_add<double>();
  check_add<int64_t>();
}

TEST(IndexAdd, EmbeddingGradientHasTheSameBitsForAnyNumberOfThreads) {
  Owned<float> g({5000, 64});
  g.randomize(1);
  Owned<int64_t> index({5000});
  index.randomize(2, 0, 100);
  Owned<float> expected({100, 64});
  for (int64_t i = 0; i < 6400; ++i) expected.at(i) = 0;
  for (int64_t j = 0; j < 5000; ++j) {
    for (int64_t i = 0; i < 64; ++i) expected({index.at(j), i}) += g({j, i});
  }
  EXPECT_TRUE(same_for_any_threads([&] {
    Owned<float> out({100, 64});
    for (int64_t i = 0; i < 6400; ++i) out.at(i) = 0;
    cpu::index_add(out, g, index, 0);
    EXPECT_EQ(out.values(), expected.values());
    return out.bytes;
  }));
}

template <class T>
void check_gather(bool scatter) {
  for (auto& c : kCases) {
    for (int axis = 0; axis < c.shape.rank(); ++axis) {
      Shape shape = c.shape;  // of the positions: longer along the axis, shorter elsewhere
      for (int i = 0; i < shape.rank(); ++i) shape[i] = i == axis ? 2 * shape[i] + 1 : (shape[i] + 1) / 2;
      Owned<int64_t> index(shape);
      index.randomize(2, 0, static_cast<double>(c.shape[axis]));
      Owned<T> whole(c.shape, c.order, 1), part(shape, c.order);
      whole.randomize(1, -100, 100);
      part.randomize(3, -100, 100);
      auto place = [&](int64_t i) {
        auto at = index_of(i, shape);
        at[axis] = index.at(i);
        return flat_of(at, c.shape);
      };
      if (!scatter) {
        cpu::gather(part, whole, index, axis);
        for (int64_t i = 0; i < part.numel(); ++i) ASSERT_EQ(part.at(i), whole.at(place(i)));
      } else if constexpr (!std::is_same_v<T, bool>) {
        auto expected = whole.values();
        for (int64_t i = 0; i < part.numel(); ++i) expected[place(i)] += part.at(i);  // row-major is in axis order
        cpu::scatter_add(whole, part, index, axis);
        ASSERT_EQ(whole.values(), expected) << to_string(c.shape) << " axis " << axis;
      }
    }
  }
}

TEST(Gather, EveryTypeAxisAndLayout) {
  check_gather<float>(false);
  check_gather<double>(false);
  check_gather<int64_t>(false);
  check_gather<bool>(false);
}

TEST(ScatterAdd, AddsInTheOrderOfThePositions) {
  check_gather<float>(true);
  check_gather<double>(true);
  check_gather<int64_t>(true);
}

TEST(ScatterAdd, SameBitsForAnyNumberOfThreads) {
  Owned<float> g({30, 40, 100});
  g.randomize(1);
  Owned<int64_t> index({30, 40, 100});
  index.randomize(2, 0, 10);
  for (int axis = 0; axis < 3; ++axis) {
    EXPECT_TRUE(same_for_any_threads([&] {
      Owned<float> out({30, 40, 100});
      for (int64_t i = 0; i < out.numel(); ++i) out.at(i) = 0;
      cpu::scatter_add(out, g, index, axis);
      return out.bytes;
    }));
  }
}

std::string message_of(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Index, OutOfRangeIsNamed) {
  Owned<float> x({5, 4}), out({3, 4}), full({5, 4});
  x.randomize(1);
  full.randomize(1);
  for (int64_t bad : {5, -1}) {
    Owned<int64_t> index({3}), wide({5, 4});
    for (int64_t i = 0; i < 3; ++i) index.at(i) = i;
    for (int64_t i = 0; i < 20; ++i) wide.at(i) = 0;
    index.at(2) = bad;
    wide.at(7) = bad;
    std::string rest = str("index ", bad, " at position ");
    EXPECT_EQ(message_of([&] { cpu::index_select(out, x, index, 0); }),
              "index_select: " + rest + "2 is out of range for axis 0 of size 5");
    EXPECT_EQ(message_of([&] { cpu::index_add(full, out, index, 0); }),
              "index_add: " + rest + "2 is out of range for axis 0 of size 5");
    EXPECT_EQ(message_of([&] { cpu::gather(full, x, wide, 0); }),
              "gather: " + rest + "7 is out of range for axis 0 of size 5");
    EXPECT_EQ(message_of([&] { cpu::scatter_add(full, x, wide, 0); }),
              "scatter_add: " + rest + "7 is out of range for axis 0 of size 5");
  }
}

TEST(Index, ShapesThatDoNotFitThrow) {
  Owned<float> x({5, 4}), out({3, 4}), bad({3, 5});
  Owned<int64_t> index({3}), wide({5, 5});
  for (int64_t i = 0; i < 3; ++i) index.at(i) = 0;
  EXPECT_THROW(cpu::index_select(bad, x, index, 0), Error);
  EXPECT_THROW(cpu::index_select(out, x, index, 2), Error);
  EXPECT_THROW(cpu::gather(out, x, wide, 0), Error);
  EXPECT_THROW(cpu::scatter_add(x, out, wide, 0), Error);
  Owned<bool> flags({5, 4}), more({3, 4});
  EXPECT_THROW(cpu::index_add(flags, more, index, 0), Error);
}

}  // namespace
}  // namespace gg::cpu_test
