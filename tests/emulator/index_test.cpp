// Picking and adding by positions on the device against the CPU's: same bits, all forms of the work, and what becomes
// of positions that are out of range.
#include "cuda/index_kernels.h"

#include <limits>

#include "core/determinism.h"
#include "cpu/index.h"
#include "cuda/radix_sort.h"
#include "tests/emulator/device_tensors.h"

namespace gg::testing {
namespace {

class Index : public KernelTest {
 protected:
  void TearDown() override { set_deterministic(true); }

  static Tensor numbers(const Shape& shape, DType type) {
    if (type == i64) return randint(-1000, 1000, shape);
    if (type == boolean) return lt(randn(shape), zeros({}));
    return randn(shape, {type});
  }

  static void check_select(const Pair& x, const Pair& index, int axis) {
    SCOPED_TRACE(str("index_select from ", x.host.dtype(), " ", x.host.shape(), " along ", axis));
    Shape shape = x.host.shape();
    shape[axis] = index.host.numel();
    Pair out(numbers(shape, x.host.dtype()));
    cpu::index_select(out.host.array(), x.host.array(), index.host.array(), axis);
    device::index_select(out.device.array(), x.device.array(), index.device.array(), axis);
    expect_equal(out);
  }

  static void check_index_add(const Pair& out, const Pair& x, const Pair& index, int axis, double tolerance = 0) {
    SCOPED_TRACE(str("index_add of ", x.host.dtype(), " ", x.host.shape(), " along ", axis));
    cpu::index_add(out.host.array(), x.host.array(), index.host.array(), axis);
    device::index_add(out.device.array(), x.device.array(), index.device.array(), axis);
    expect_close(out, tolerance);
  }

  static void check_gather(const Pair& x, const Pair& index, int axis) {
    SCOPED_TRACE(str("gather ", index.host.shape(), " from ", x.host.dtype(), " ", x.host.shape(), " along ", axis));
    Pair out(numbers(index.host.shape(), x.host.dtype()));
    cpu::gather(out.host.array(), x.host.array(), index.host.array(), axis);
    device::gather(out.device.array(), x.device.array(), index.device.array(), axis);
    expect_equal(out);
  }

  static void check_scatter(const Pair& out, const Pair& x, const Pair& index, int axis, double tolerance = 0) {
    SCOPED_TRACE(
        str("scatter_add of ", x.host.dtype(), " ", x.host.shape(), " to ", out.host.shape(), " along ", axis));
    cpu::scatter_add(out.host.array(), x.host.array(), index.host.array(), axis);
    device::scatter_add(out.device.array(), x.device.array(), index.device.array(), axis);
    expect_close(out, tolerance);
  }

  static std::string text_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(Index, SelectsSlicesOfAnyType) {
  for (DType type : {f32, f64, i64, boolean}) {
    const Pair x(numbers({7, 12, 16}, type));
    for (int axis : {0, 1, 2}) check_select(x, Pair(randint(0, x.host.size(axis), {9})), axis);
    check_select(x, Pair(randint(0, 7, {301})), 0);  // in packs, several blocks
    check_select(x.view([](const Tensor& t) { return transpose(t, 0, 2); }), Pair(randint(0, 12, {5})), 1);
    check_select(x.view([](const Tensor& t) { return slice(t, 2, 3); }), Pair(randint(0, 7, {5})), 0);  // off 16 bytes
    check_select(x.view([](const Tensor& t) { return slice(t, 1, 0, kEnd, 2); }), Pair(randint(0, 7, {5})), 0);
    check_select(Pair(numbers({11}, type)), Pair(randint(0, 11, {40})), 0);
  }
  const Pair every_other = Pair(randint(0, 7, {10})).view([](const Tensor& t) { return slice(t, 0, 0, kEnd, 2); });
  check_select(Pair(numbers({7, 3}, f32)), every_other, 0);
  check_select(Pair(numbers({7, 3}, f32)), Pair(zeros({0}, {i64})), 0);
}

TEST_F(Index, GathersAlongAnyAxis) {
  for (DType type : {f32, f64, i64, boolean}) {
    const Pair x(numbers({7, 6, 5}, type));
    for (int axis : {0, 1, 2}) {
      Shape shape{4, 3, 5};
      shape[axis] = 8;
      check_gather(x, Pair(randint(0, x.host.size(axis), shape)), axis);
    }
    const Pair broadcast = Pair(randint(0, 6, {9, 1})).view([](const Tensor& t) {
      return expand(unsqueeze(t, 0), {7, 9, 5});
    });
    check_gather(x, broadcast, 1);
    check_gather(x.view([](const Tensor& t) { return permute(t, {2, 0, 1}); }), Pair(randint(0, 5, {3, 2, 6})), 0);
  }
  check_gather(Pair(numbers({3, 4}, f32)), Pair(zeros({0, 4}, {i64})), 0);
}

TEST_F(Index, AddsSlicesInOrder) {
  under_schedules([] {
    for (DType type : {f32, f64, i64}) {
      for (auto [size, count, width] :
           {std::tuple<int64_t, int64_t, int64_t>{1, 40, 1}, {5, 1, 3}, {17, 300, 7}, {3, 2048, 1}, {3000, 2500, 2}}) {
        check_index_add(Pair(numbers({size, width}, type)), Pair(numbers({count, width}, type)),
                        Pair(randint(0, size, {count})), 0);
      }
    }
  });
  for (DType type : {f32, i64}) {
    const Pair out(numbers({6, 5, 8}, type)), x(numbers({6, 11, 8}, type)), index(randint(0, 5, {11}));
    check_index_add(out, x, index, 1);
    auto turned = [](const Tensor& t) { return permute(t, {1, 2, 0}); };
    check_index_add(out.view(turned), x.view(turned), index, 0);
    const Pair repeated = Pair(numbers({6, 1, 8}, type)).view([](const Tensor& t) { return expand(t, {6, 11, 8}); });
    check_index_add(out, repeated, index, 1);
  }
  check_index_add(Pair(numbers({4, 3}, f32)), Pair(numbers({0, 3}, f32)), Pair(zeros({0}, {i64})), 0);
}

TEST_F(Index, ScattersAlongLinesInOrder) {
  under_schedules([] {
    for (DType type : {f32, f64, i64}) {
      for (auto [lines, length, size] :
           {std::tuple<int64_t, int64_t, int64_t>{300, 1, 10}, {40, 5, 3}, {9, 33, 4}, {3, 500, 70}}) {
        check_scatter(Pair(numbers({lines, size}, type)), Pair(numbers({lines, length}, type)),
                      Pair(randint(0, size, {lines, length})), 1);
        check_scatter(Pair(numbers({size, lines}, type)), Pair(numbers({length, lines}, type)),
                      Pair(randint(0, size, {length, lines})), 0);
      }
    }
  });
  const Pair out(numbers({6, 5, 8}, f32)), index(randint(0, 5, {6, 11, 7})), x(numbers({6, 11, 7}, f32));
  check_scatter(out, x, index, 1);
  auto turned = [](const Tensor& t) { return permute(t, {2, 1, 0}); };
  check_scatter(out.view(turned), x.view(turned), index.view(turned), 1);
  check_scatter(out, Pair(numbers({1}, f32)).view([](const Tensor& t) { return expand(t, {6, 11, 7}); }), index, 1);
  check_scatter(Pair(numbers({4, 3}, f32)), Pair(numbers({0, 3}, f32)), Pair(zeros({0, 3}, {i64})), 0);
}

TEST_F(Index, ScattersFewLongLinesBySorting) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      check_scatter(Pair(numbers({300}, type)), Pair(numbers({9001}, type)), Pair(randint(0, 300, {9001})), 0);
      check_scatter(Pair(numbers({40, 3}, type)), Pair(numbers({700, 3}, type)), Pair(randint(0, 40, {700, 3})), 0);
    }
  });
  const Pair out = Pair(numbers({40, 6}, f32)).view([](const Tensor& t) { return slice(t, 1, 1, kEnd, 2); });
  check_scatter(out, Pair(numbers({700, 3}, f32)), Pair(randint(0, 40, {700, 3})), 0);
}

TEST_F(Index, AtomicsAddTheSame) {
  set_deterministic(false);
  under_schedules([] {
    for (DType type : {f32, f64}) {
      const double tolerance = 10 * tolerance_of(type);
      check_index_add(Pair(numbers({17, 7}, type)), Pair(numbers({300, 7}, type)), Pair(randint(0, 17, {300})), 0,
                      tolerance);
      check_scatter(Pair(numbers({9, 17}, type)), Pair(numbers({9, 300}, type)), Pair(randint(0, 17, {9, 300})), 1,
                    tolerance);
    }
  });
}

TEST_F(Index, SortKeepsTheOrderOfEqualKeys) {
  auto check = [](int64_t count, uint32_t limit) {
    SCOPED_TRACE(str(count, " keys up to ", limit));
    std::vector<uint32_t> keys, places(static_cast<size_t>(count));
    for (int64_t k : randint(0, int64_t{limit} + 1, {count}).to_vector<int64_t>()) {
      keys.push_back(static_cast<uint32_t>(k));
    }
    DeviceArray<uint32_t> a(keys), b(keys.size()), c(keys.size()), d(keys.size());
    const device::SortBuffers buffers{{a.data(), b.data()}, {c.data(), d.data()}};
    const int at = device::sort_positions(buffers, static_cast<uint32_t>(count), limit);
    for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<uint32_t>(i);
    std::stable_sort(places.begin(), places.end(), [&](uint32_t p, uint32_t q) { return keys[p] < keys[q]; });
    const auto got_keys = (at ? b : a).host(), got_places = (at ? d : c).host();
    ASSERT_EQ(got_places, places);
    for (size_t i = 0; i < places.size(); ++i) ASSERT_EQ(got_keys[i], keys[places[i]]);
  };
  under_schedules([&] {
    check(1, 0);
    check(7, 3);
    check(2048, 15);
    check(2048, 1u << 30);
    check(2049, 16);
    check(5000, 300);
  });
  check(140000, 12);  // so many tiles that their counts are summed in several rounds
}

TEST_F(Index, PositionsOutOfRangeAreReportedAtTheNextWait) {
  const Tensor x = to(randn({4, 3}), kTestDevice), wide = to(randn({4, 16}), kTestDevice);
  const Tensor index = to(tensor({0, 4, 2}, {i64}), kTestDevice), minus = to(tensor({-1}, {i64}), kTestDevice);
  const Tensor table = to(tensor({{0, 3, 0}, {2, 0, 0}}, {i64}), kTestDevice);
  const Tensor y = to(zeros({3, 3}), kTestDevice), z = to(zeros({2, 3}), kTestDevice);
  const Tensor w = to(zeros({3, 16}), kTestDevice), sum = to(zeros({4, 3}), kTestDevice);
  auto wait = [] { device::synchronize(); };

  device::index_select(y.array(), x.array(), index.array(), 0);
  EXPECT_EQ(text_of(wait), "index_select: index 4 at position 1 is out of range for axis 0 of size 4");
  for (int i = 0; i < 9; ++i) EXPECT_EQ(std::isnan(y.to_vector<float>()[i]), i / 3 == 1);
  device::index_select(w.array(), wide.array(), index.array(), 0);  // in packs
  EXPECT_EQ(text_of(wait), "index_select: index 4 at position 1 is out of range for axis 0 of size 4");
  for (int i = 0; i < 48; ++i) EXPECT_EQ(std::isnan(w.to_vector<float>()[i]), i / 16 == 1);

  device::gather(z.array(), x.array(), table.array(), 1);
  EXPECT_EQ(text_of(wait), "gather: index 3 at position 1 is out of range for axis 1 of size 3");

  const Tensor flags = to(lt(randn({4}), zeros({})), kTestDevice), flag = to(lt(zeros({1}), ones({1})), kTestDevice);
  device::index_select(flag.array(), flags.array(), minus.array(), 0);
  EXPECT_EQ(text_of(wait), "index_select: index -1 at position 0 is out of range for axis 0 of size 4");
  EXPECT_FALSE(flag.to_vector<bool>()[0]);

  for (bool ordered : {true, false}) {
    set_deterministic(ordered);
    device::index_add(sum.array(), y.array(), index.array(), 0);
    EXPECT_EQ(text_of(wait), "index_add: index 4 at position 1 is out of range for axis 0 of size 4");
    device::scatter_add(sum.array(), z.array(), table.array(), 1);
    EXPECT_EQ(text_of(wait), "scatter_add: index 3 at position 1 is out of range for axis 1 of size 3");
  }
  set_deterministic(true);
  const Tensor line = to(zeros({900}), kTestDevice), last = to(zeros({5}), kTestDevice);
  std::vector<int64_t> many(9000, 0);
  many[8000] = 5;
  device::scatter_add(last.array(), to(zeros({9000}), kTestDevice).array(),
                      to(from_vector(many, {9000}), kTestDevice).array(), 0);
  EXPECT_EQ(text_of(wait), "scatter_add: index 5 at position 8000 is out of range for axis 0 of size 5");
  EXPECT_EQ(text_of(wait), "");
}

TEST_F(Index, WrongArgumentsAreRefused) {
  const Tensor x = to(zeros({4, 3}), kTestDevice), index = to(zeros({2}, {i64}), kTestDevice);
  EXPECT_THROW(device::index_select(x.array(), x.array(), index.array(), 0), Error);
  EXPECT_THROW(device::gather(x.array(), x.array(), index.array(), 0), Error);
  EXPECT_THROW(device::index_add(x.array(), to(zeros({2, 3}), kTestDevice).array(), x.array(), 0), Error);
  EXPECT_THROW(device::scatter_add(x.array(), x.array(), to(zeros({4, 4}, {i64}), kTestDevice).array(), 0), Error);
  const Tensor flags = to(lt(zeros({2, 3}), zeros({})), kTestDevice);
  EXPECT_THROW(device::index_add(flags.array(), flags.array(), index.array(), 0), Error);
}

}  // namespace
}  // namespace gg::testing
