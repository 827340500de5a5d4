// Matrix products on the device against the CPU's, and the checks of the emulator's cuBLAS.
#include "cuda/matmul.h"

#include <cmath>

#include "core/error.h"
#include "cpu/matmul.h"
#include "cuda/blas.h"
#include "cuda/cublas.h"
#include "tests/emulator/device_pair.h"

namespace gg::testing {
namespace {

struct Matrix {
  Shape shape;               ///< of the operand, whose batch axes may be 1 and are then broadcast
  std::vector<int> order{};  ///< of its axes in memory
  int64_t gap = 0;
};

class DeviceMatmul : public KernelTest {
 protected:
  static constexpr double tolerance(DType type) { return type == f32 ? 2e-5 : 1e-12; }

  /// out = a·b, and then out += a·b, by both backends.
  static void check(const Matrix& a, const Matrix& b, const Matrix& out) {
    SCOPED_TRACE(str(to_string(out.shape), " = ", to_string(a.shape), " times ", to_string(b.shape)));
    for (DType type : {f32, f64}) {
      Pair pa(a.shape, type, 1, a.order, a.gap), pb(b.shape, type, 2, b.order, b.gap);
      Pair po(out.shape, type, 0, out.order, out.gap);
      auto batched = [&](Array x) {
        Shape s = out.shape;
        s[s.rank() - 2] = x.shape[x.rank() - 2];
        s[s.rank() - 1] = x.shape[x.rank() - 1];
        return x.expanded(s, "test");
      };
      cpu::matmul(po.host(), batched(pa.host()), batched(pb.host()));
      device::matmul(po.on_device(), batched(pa.on_device()), batched(pb.on_device()));
      expect_equal_sides(po, tolerance(type), "matmul");

      const std::vector<double> once = po.device_values();
      device::matmul_add(po.on_device(), batched(pa.on_device()), batched(pb.on_device()));
      const std::vector<double> twice = po.device_values();
      for (size_t i = 0; i < once.size(); ++i) {
        ASSERT_NEAR(twice[i], 2 * once[i], 2 * tolerance(type) * std::max(1.0, std::abs(once[i])));
      }
    }
  }
};

TEST_F(DeviceMatmul, SizesThatAreNoMultipleOfAnything) {
  for (auto [m, n, k] : {std::array<int64_t, 3>{1, 1, 1},
                         {5, 7, 3},
                         {1, 9, 4},
                         {9, 1, 4},
                         {3, 4, 1},
                         {1, 1, 300},
                         {33, 17, 65},
                         {2, 131, 19}}) {
    check({{m, k}}, {{k, n}}, {{m, n}});
  }
}

TEST_F(DeviceMatmul, TransposedOperandsOfAnySide) {
  for (bool a : {false, true}) {
    for (bool b : {false, true}) {
      for (bool out : {false, true}) {
        auto order = [](bool swapped) { return swapped ? std::vector<int>{1, 0} : std::vector<int>{0, 1}; };
        check({{5, 3}, order(a)}, {{3, 7}, order(b)}, {{5, 7}, order(out)});
        check({{5, 3}, order(a), 4}, {{3, 7}, order(b), 2}, {{5, 7}, order(out), 1});  // rows with gaps
      }
    }
  }
}

TEST_F(DeviceMatmul, MatricesThatMustBeCopied) {
  // The matrix axes are not the innermost: no BLAS reads these.
  check({{5, 3, 2}, {1, 2, 0}}, {{5, 2, 7}}, {{5, 3, 7}});
  check({{5, 3, 2}}, {{5, 2, 7}, {1, 2, 0}}, {{5, 3, 7}});
  check({{5, 3, 2}}, {{5, 2, 7}}, {{5, 3, 7}, {1, 2, 0}});
  check({{1, 3, 2}, {1, 2, 0}}, {{5, 2, 7}, {2, 1, 0}}, {{5, 3, 7}, {2, 1, 0}});
}

TEST_F(DeviceMatmul, BatchesAndBroadcasting) {
  check({{4, 5, 3}}, {{4, 3, 7}}, {{4, 5, 7}});
  check({{4, 5, 3}}, {{1, 3, 7}}, {{4, 5, 7}});           // one product of 20 rows
  check({{4, 1, 3}}, {{1, 3, 7}}, {{4, 1, 7}});           // rows that are batch items
  check({{1, 5, 3}}, {{4, 3, 7}}, {{4, 5, 7}});           // a repeats
  check({{2, 3, 5, 4}}, {{2, 3, 4, 7}}, {{2, 3, 5, 7}});  // merged axes
  check({{2, 1, 5, 4}}, {{1, 3, 4, 7}}, {{2, 3, 5, 7}});  // axes of a and of b: two calls
  check({{3, 1, 5, 4}}, {{1, 2, 4, 7}}, {{3, 2, 5, 7}});
  check({{2, 3, 1, 5, 4}}, {{2, 1, 2, 4, 3}}, {{2, 3, 2, 5, 3}});
  // Heads of attention: items side by side in memory, inputs and output.
  check({{2, 3, 5, 4}, {0, 2, 1, 3}}, {{2, 3, 4, 6}, {0, 3, 1, 2}}, {{2, 3, 5, 6}, {0, 2, 1, 3}});
}

TEST_F(DeviceMatmul, BatchesLongerThanAGrid) { check({{70001, 1, 2}}, {{70001, 2, 1}}, {{70001, 1, 1}}); }

TEST_F(DeviceMatmul, EmptySizes) {
  check({{0, 3}}, {{3, 4}}, {{0, 4}});
  check({{5, 3}}, {{3, 0}}, {{5, 0}});
  check({{5, 0}}, {{0, 4}}, {{5, 4}});  // sums of nothing
  check({{0, 5, 3}}, {{0, 3, 4}}, {{0, 5, 4}});
}

TEST_F(DeviceMatmul, WrongShapesAreRefused) {
  Pair a({5, 3}, f32, 1), b({4, 7}, f32, 2), out({5, 7}, f32, 0);
  EXPECT_THROW(device::matmul(out.on_device(), a.on_device(), b.on_device()), Error);
}

TEST_F(DeviceMatmul, TheSameBitsEveryTime) {
  Pair a({37, 53}, f32, 1), b({53, 29}, f32, 2), out({37, 29}, f32, 0);
  device::matmul(out.on_device(), a.on_device(), b.on_device());
  const std::vector<double> first = out.device_values();
  device::matmul(out.on_device(), a.on_device(), b.on_device());
  EXPECT_EQ(out.device_values(), first);
}

TEST_F(DeviceMatmul, InfinityAndNanStayInTheirRowsAndColumns) {
  Pair a({3, 2}, f64, 1), b({2, 4}, f64, 2), out({3, 4}, f64, 0);
  a.host().as<double>()[2] = INFINITY;
  b.host().as<double>()[3] = std::nan("");
  a.upload();
  b.upload();
  cpu::matmul(out.host(), a.host(), b.host());
  device::matmul(out.on_device(), a.on_device(), b.on_device());
  expect_equal_sides(out, 1e-12, "matmul");
}

#if GG_TEST_ON_EMULATOR
/// Planted bugs in calls of cuBLAS.
class BlasStandIn : public EmulatorTest {
 protected:
  static constexpr int64_t kM = 5, kN = 4, kK = 3;
  DeviceArray<float> a{std::vector<float>(kM * kK, 1)}, b{std::vector<float>(kK * kN, 2)}, c{size_t{kM * kN}};

  /// A correct column-major product, for tests to spoil.
  Gemm<float> product() const {
    Gemm<float> g;
    g.m = kM;
    g.n = kN;
    g.k = kK;
    g.a = {a.data(), kM};
    g.b = {b.data(), kK};
    g.c = {c.data(), kM};
    return g;
  }
  static void expect_refusal(const Gemm<float>& g, const std::string& says) {
    EXPECT_THROW(emulated::gemm(g), Error);
    EXPECT_CONTAINS(take_only_diagnostic(), says);
  }
};

TEST_F(BlasStandIn, ACorrectCallRuns) {
  emulated::gemm(product());
  EXPECT_EQ(c.host(), std::vector<float>(kM * kN, 2 * kK));
}

TEST_F(BlasStandIn, ALeadingDimensionBelowTheRows) {
  Gemm<float> g = product();
  g.a.ld = kK;
  expect_refusal(g, "lda 3 < rows 5");
  g = product();
  g.b.transposed = true;  // then b is n × k
  expect_refusal(g, "ldb 3 < rows 4");
  g = product();
  g.c.ld = kN;
  expect_refusal(g, "ldc 4 < rows 5");
}

TEST_F(BlasStandIn, AnOperandThatLeavesItsAllocation) {
  Gemm<float> g = product();
  g.b.ld = kM;  // legal, but reaches further than b
  expect_refusal(g, "operand B leaves its allocation");
  g = product();
  g.a.data += 1;
  expect_refusal(g, "operand A leaves its allocation");
  g = product();
  g.c.ld = kM + 1;
  expect_refusal(g, "operand C leaves its allocation");
  g = product();
  g.batch = 2;
  g.c.stride = kM * kN;
  expect_refusal(g, "operand C leaves its allocation");
}

TEST_F(BlasStandIn, HostMemory) {
  const std::vector<float> host(kM * kK, 1);
  Gemm<float> g = product();
  g.a.data = host.data();
  expect_refusal(g, "operand A");
}

TEST_F(BlasStandIn, AnOutputThatOverlaps) {
  Gemm<float> g = product();
  g.n = kK;
  g.b = {c.data(), kK};
  expect_refusal(g, "C overlaps B");
  g = product();
  g.n = 1;
  g.batch = 2;
  g.c.stride = kM - 1;
  expect_refusal(g, "items of C overlap");
}

TEST_F(BlasStandIn, SizesBeyondAnInt) {
  Gemm<float> g = product();
  g.a.ld = int64_t{1} << 31;
  EXPECT_THROW(emulated::gemm(g), Error);
}

TEST_F(BlasStandIn, AMisalignedWorkspace) {
  const cublas::Library& library = emulated::cublas_library();
  static cublas::Handle handle = nullptr;  // never destroyed, like the library's own
  ASSERT_EQ(library.create(&handle), cublas::success);
  EXPECT_NE(library.set_workspace(handle, a.data() + 1, 8), cublas::success);
  EXPECT_CONTAINS(take_only_diagnostic(), "256");
  EXPECT_NE(library.set_workspace(handle, a.data(), 4096), cublas::success);
  EXPECT_CONTAINS(take_only_diagnostic(), "workspace leaves its allocation");
}
#endif

}  // namespace
}  // namespace gg::testing
