// Convolutions on the device, by both paths, against the CPU's; and the checks of the emulator's cuDNN.
#include <cmath>

#include "core/error.h"
#include "cpu/conv2d.h"
#include "cuda/conv2d.h"
#include "cuda/conv_problem.h"
#include "cuda/cudnn.h"
#include "tests/emulator/device_pair.h"

namespace gg::testing {
namespace {

/// Sizes and options of a convolution.
struct Case {
  Shape x, w;
  Conv2dOptions o{};

  Shape y() const { return {x[0], w[0], window_places(x[2], w[2], o, 0), window_places(x[3], w[3], o, 1)}; }
};

const std::vector<int> kNchw = {}, kLast = {0, 2, 3, 1}, kOdd = {3, 1, 0, 2};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {{2, 3, 7, 5}, {4, 3, 3, 2}},
      {{3, 2, 9, 11}, {5, 2, 3, 5}, {.stride = {2, 3}, .padding = {1, 2}}},
      {{2, 4, 11, 9}, {6, 2, 3, 3}, {.stride = {1, 2}, .padding = {2, 1}, .dilation = {2, 3}, .groups = 2}},
      {{2, 6, 5, 4}, {6, 1, 3, 3}, {.padding = 1, .groups = 6}},
      {{3, 5, 4, 7}, {7, 5, 1, 1}},
      {{3, 5, 4, 7}, {7, 5, 1, 1}, {.stride = 2, .padding = 1}},
      {{3, 4, 5, 3}, {6, 2, 1, 1}, {.groups = 2}},
      {{1, 3, 4, 4}, {2, 3, 4, 4}},                  // one place
      {{3, 3, 4, 4}, {2, 3, 4, 4}},                  // one place, several images
      {{2, 3, 2, 2}, {2, 3, 5, 4}, {.padding = 3}},  // a kernel larger than the image
      {{2, 1, 6, 5}, {3, 1, 2, 2}, {.stride = 3}},   // elements that no tap reaches
      {{2, 3, 6, 5}, {1, 3, 2, 2}, {.dilation = {4, 1}}},
      {{2, 8, 5, 7}, {4, 8, 3, 2}, {.stride = 2, .padding = 1}},                  // packs of channels
      {{2, 16, 5, 3}, {8, 8, 2, 3}, {.padding = 1, .dilation = 2, .groups = 2}},  // packs, in groups
      {{5, 2, 41, 23}, {3, 2, 3, 3}, {.padding = 1}},                             // more than the grid has threads
  };
  return all;
}

class DeviceConv : public KernelTest {
 protected:
  void TearDown() override {
    device::conv_path() = ConvPath::automatic;
    device::conv_columns_limit() = size_t{64} << 20;
    KernelTest::TearDown();
  }
  static double tolerance(DType type) { return type == f32 ? 3e-5 : 1e-12; }

  /// All three of the family, with the images in the given orders of axes.
  static void check(const Case& c, DType type, const std::vector<int>& x_order, const std::vector<int>& y_order,
                    const std::vector<int>& w_order = {}, int64_t gap = 0) {
    SCOPED_TRACE(str(name_of(type), " ", to_string(c.x), " * ", to_string(c.w), ", stride ", to_string(c.o.stride),
                     ", padding ", to_string(c.o.padding), ", dilation ", to_string(c.o.dilation), ", groups ",
                     c.o.groups, ", orders ", x_order.size() ? x_order[1] : 0, " ", y_order.size() ? y_order[1] : 0));
    const Shape ys = c.y();
    {
      Pair x(c.x, type, 1, x_order, gap), w(c.w, type, 2, w_order, gap), y(ys, type, 0, y_order, gap);
      cpu::conv2d_forward(y.host(), x.host(), w.host(), c.o);
      device::conv2d_forward(y.on_device(), x.on_device(), w.on_device(), c.o);
      expect_equal_sides(y, tolerance(type), "forward");
    }
    {
      Pair x(c.x, type, 0, x_order, gap), w(c.w, type, 2, w_order, gap), y(ys, type, 3, y_order, gap);
      cpu::conv2d_input_grad(x.host(), y.host(), w.host(), c.o);
      device::conv2d_input_grad(x.on_device(), y.on_device(), w.on_device(), c.o);
      expect_equal_sides(x, tolerance(type), "input gradient");
    }
    {
      Pair x(c.x, type, 1, x_order, gap), w(c.w, type, 0, w_order, gap), y(ys, type, 3, y_order, gap);
      cpu::conv2d_weight_grad(w.host(), x.host(), y.host(), c.o);
      device::conv2d_weight_grad(w.on_device(), x.on_device(), y.on_device(), c.o);
      expect_equal_sides(w, tolerance(type), "weight gradient");
    }
  }
  static void check_all() {
    for (const Case& c : cases()) {
      for (DType type : {f32, f64}) {
        for (const auto* order : {&kNchw, &kLast}) check(c, type, *order, *order);
      }
    }
  }
};

TEST_F(DeviceConv, OurOwnPath) {
  device::conv_path() = ConvPath::own;
  check_all();
}

#if GG_TEST_ON_EMULATOR
TEST_F(DeviceConv, OurOwnPathOnEverySchedule) {
  device::conv_path() = ConvPath::own;
  on_every_schedule([] {
    for (size_t i : {1, 2, 13}) {
      for (const auto* order : {&kNchw, &kLast}) check(cases()[i], f32, *order, *order);
    }
  });
}
#endif

TEST_F(DeviceConv, Cudnn) {
  device::conv_path() = ConvPath::cudnn;
  if (!device::has_cudnn()) GTEST_SKIP() << "no cuDNN";
  check_all();
}

TEST_F(DeviceConv, ChunksOfImages) {
  device::conv_path() = ConvPath::own;
  for (size_t bytes : {size_t{1}, size_t{3000}, size_t{9000}}) {  // one image at a time, some of them
    device::conv_columns_limit() = bytes;
    for (size_t i : {2, 6, 13}) {
      for (const auto* order : {&kNchw, &kLast}) check(cases()[i], f64, *order, *order);
    }
  }
}

TEST_F(DeviceConv, OtherLayoutsAndMixtures) {
  for (ConvPath path : {ConvPath::own, ConvPath::cudnn}) {
    device::conv_path() = path;
    if (path == ConvPath::cudnn && !device::has_cudnn()) break;
    for (size_t i : {2, 4, 6, 8, 13}) {
      const Case& c = cases()[i];
      check(c, f32, kNchw, kLast);
      check(c, f32, kLast, kNchw);
      check(c, f32, kOdd, kNchw);
      check(c, f32, kLast, kOdd);
      check(c, f32, kOdd, kOdd, kOdd);
      check(c, f32, kNchw, kNchw, kLast);
      check(c, f32, kLast, kLast, kLast);
      check(c, f32, kNchw, kNchw, {}, 3);  // rows with gaps
    }
  }
}

TEST_F(DeviceConv, EmptySizes) {
  for (const Case& c : {Case{{0, 3, 5, 5}, {2, 3, 3, 3}}, Case{{2, 0, 5, 5}, {2, 0, 3, 3}},
                        Case{{2, 3, 5, 5}, {0, 3, 3, 3}}, Case{{2, 3, 2, 2}, {4, 3, 3, 3}}}) {
    check(c, f32, kNchw, kNchw);
  }
}

TEST_F(DeviceConv, TheSameBitsEveryTime) {
  const Case& c = cases().back();
  for (const auto* order : {&kNchw, &kLast}) {
    Pair x(c.x, f32, 1, *order), w(c.w, f32, 0), y(c.y(), f32, 3, *order);
    device::conv2d_weight_grad(w.on_device(), x.on_device(), y.on_device(), c.o);
    const auto first = w.device_values();
    device::conv2d_weight_grad(w.on_device(), x.on_device(), y.on_device(), c.o);
    EXPECT_EQ(w.device_values(), first);
  }
}

TEST_F(DeviceConv, WrongSizesAreRefused) {
  Pair x({2, 3, 7, 5}, f32, 1), w({4, 3, 3, 2}, f32, 2), y({2, 4, 5, 5}, f32, 0);
  EXPECT_THROW(device::conv2d_forward(y.on_device(), x.on_device(), w.on_device(), {}), Error);
  EXPECT_THROW(device::conv2d_forward(y.on_device(), x.on_device(), w.on_device(), {.groups = 2}), Error);
  EXPECT_THROW(device::conv2d_forward(y.on_device(), x.on_device(), w.on_device(), {.stride = 0}), Error);
}

TEST_F(DeviceConv, StridesBeyondAllSizes) {
  device::conv_path() = ConvPath::own;
  const Case c{
      {2, 3, 5, 4}, {2, 3, 1, 2}, {.stride = int64_t{1} << 40, .padding = 1, .dilation = {int64_t{1} << 40, 1}}};
  check(c, f64, kNchw, kNchw);
  check(c, f64, kLast, kLast);
}

#if GG_TEST_ON_EMULATOR
/// Planted bugs in calls of cuDNN.
class DnnStandIn : public EmulatorTest {
 protected:
  const cudnn::Library& library = emulated::cudnn_library();
  inline static cudnn::Handle handle = nullptr;  // one for all: the library's own are never destroyed either
  cudnn::Tensor x_tensor = nullptr, y_tensor = nullptr;
  cudnn::Filter filter = nullptr;
  cudnn::Convolution convolution = nullptr;
  DeviceArray<float> x{std::vector<float>(2 * 3 * 5 * 4, 1)}, w{std::vector<float>(6 * 3 * 2 * 3, 2)},
      y{size_t{2 * 6 * 4 * 2}};
  cudnn::Performance chosen{};

  void SetUp() override {
    EmulatorTest::SetUp();
    if (!handle) library.create(&handle);
    library.create_tensor(&x_tensor);
    library.create_tensor(&y_tensor);
    library.create_filter(&filter);
    library.create_convolution(&convolution);
    library.set_tensor(x_tensor, cudnn::data_float, 2, 3, 5, 4, 60, 20, 4, 1);
    library.set_tensor(y_tensor, cudnn::data_float, 2, 6, 4, 2, 48, 8, 2, 1);
    library.set_filter(filter, cudnn::data_float, cudnn::nchw, 6, 3, 2, 3);
    library.set_convolution(convolution, 0, 0, 1, 1, 1, 1, cudnn::cross_correlation, cudnn::data_float);
    int found = 0;
    cudnn::Performance list[8];
    ASSERT_EQ(library.find_forward(handle, x_tensor, filter, convolution, y_tensor, 8, &found, list), cudnn::success);
    for (int i = 0; i < found; ++i) {
      if (list[i].status == cudnn::success && list[i].memory < 1e6 && list[i].determinism == cudnn::deterministic) {
        chosen = list[i];
      }
    }
  }
  void TearDown() override {
    library.destroy_tensor(x_tensor);
    library.destroy_tensor(y_tensor);
    library.destroy_filter(filter);
    library.destroy_convolution(convolution);
    EmulatorTest::TearDown();
  }
  cudnn::Status forward(int algorithm, void* workspace, size_t bytes, float* to) {
    const float one = 1, zero = 0;
    return library.forward(handle, &one, x_tensor, x.data(), filter, w.data(), convolution, algorithm, workspace, bytes,
                           &zero, y_tensor, to);
  }
  void expect_refusal(cudnn::Status status, const std::string& says) {
    EXPECT_NE(status, cudnn::success);
    EXPECT_CONTAINS(take_only_diagnostic(), says);
  }
};

TEST_F(DnnStandIn, ACorrectCallRuns) {
  DeviceArray<char> workspace(chosen.memory);
  device::synchronize_all();  // the handle has the null stream
  EXPECT_EQ(forward(chosen.algorithm, workspace.data(), chosen.memory, y.data()), cudnn::success);
  device::synchronize_all();
  EXPECT_EQ(y.host(), std::vector<float>(2 * 6 * 4 * 2, 36));
}

TEST_F(DnnStandIn, AWorkspaceThatIsTooSmall) {
  DeviceArray<char> workspace(chosen.memory - 1);
  expect_refusal(forward(chosen.algorithm, workspace.data(), chosen.memory - 1, y.data()), "algorithm needs");
  expect_refusal(forward(chosen.algorithm, workspace.data(), chosen.memory, y.data()),
                 "operand workspace leaves its allocation");
  expect_refusal(forward(chosen.algorithm, nullptr, chosen.memory, y.data()), "operand workspace");
}

TEST_F(DnnStandIn, AnAlgorithmWhoseBitsVary) {
  DeviceArray<char> workspace(chosen.memory);
  expect_refusal(forward(0, workspace.data(), chosen.memory, y.data()), "does not repeat");
}

TEST_F(DnnStandIn, AnOperandThatLeavesItsAllocation) {
  DeviceArray<char> workspace(chosen.memory);
  expect_refusal(forward(chosen.algorithm, workspace.data(), chosen.memory, y.data() + 1), "operand y leaves");
  library.set_tensor(x_tensor, cudnn::data_float, 2, 3, 5, 4, 61, 20, 4, 1);
  expect_refusal(forward(chosen.algorithm, workspace.data(), chosen.memory, y.data()), "operand x leaves");
}

TEST_F(DnnStandIn, DescriptorsThatDisagree) {
  DeviceArray<char> workspace(chosen.memory);
  library.set_filter(filter, cudnn::data_float, cudnn::nhwc, 6, 3, 2, 3);
  expect_refusal(forward(chosen.algorithm, workspace.data(), chosen.memory, y.data()), "channels-last");
  library.set_filter(filter, cudnn::data_double, cudnn::nchw, 6, 3, 2, 3);
  expect_refusal(forward(chosen.algorithm, workspace.data(), chosen.memory, y.data()), "element types");
  library.set_filter(filter, cudnn::data_float, cudnn::nchw, 6, 3, 3, 3);
  expect_refusal(forward(chosen.algorithm, workspace.data(), chosen.memory, y.data()), "size of this convolution");
  library.set_filter(filter, cudnn::data_float, cudnn::nchw, 6, 3, 2, 3);
  library.set_groups(convolution, 3);
  expect_refusal(forward(chosen.algorithm, workspace.data(), chosen.memory, y.data()), "groups");
}
#endif

}  // namespace
}  // namespace gg::testing
