// Every row of the op table on every device that is there: `emulated`, and `cuda` where there is a GPU. Then planted
// bugs, which the check must find.
#include <gtest/gtest.h>

#include <set>

#include "autograd/apply.h"
#include "autograd/autograd.h"
#include "core/determinism.h"
#include "core/dispatch.h"
#include "ops/catalogue.h"
#include "ops/elementwise_run.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/ops/row_checks.h"
#if GG_WITH_EMULATED
#include "tests/emulator/kernel_names.h"
#endif

namespace gg::optable {
namespace {

class DeviceRows : public testing::TestWithParam<const Row*> {
 protected:
  void check(Device device) {
    if (!is_available(device)) GTEST_SKIP() << "no device " << to_string(device) << " here";
    EXPECT_EQ(check_device(*GetParam(), device), "");
    EXPECT_EQ(check_expanded(*GetParam(), device), "");
  }
#if GG_WITH_EMULATED
  void TearDown() override {  // a fault of one row must not spoil the next
    emulator::clear_failure();
    for (const std::string& text : emulator::take_diagnostics()) ADD_FAILURE() << text;
  }
#endif
};

class EmulatedRows : public DeviceRows {};
TEST_P(EmulatedRows, Row) { check(Device::emulated); }

class CudaRows : public DeviceRows {};
TEST_P(CudaRows, Row) { check(Device::cuda); }

std::vector<const Row*> all_rows() {
  std::vector<const Row*> rows;
  for (const Row& row : op_table()) rows.push_back(&row);
  return rows;
}
std::string title(const testing::TestParamInfo<const Row*>& info) { return info.param->title(); }

INSTANTIATE_TEST_SUITE_P(Emulated, EmulatedRows, testing::ValuesIn(all_rows()), title);
INSTANTIATE_TEST_SUITE_P(Cuda, CudaRows, testing::ValuesIn(all_rows()), title);

// ---- planted bugs ---------------------------------------------------------------------------------------------------

enum class Bug {
  none,
  wrong_kernel,      // another operation's kernel
  wrong_derivative,  // on the device only
  wrong_second,      // right to first order
  wrong_type,        // float32 only
  wrong_layout,      // for views only
  left_behind,       // the result is on the CPU
  missing,           // no kernel, although the catalogue says so
  missing_backward,  // no kernel of the derivative, of which the catalogue knows nothing
};

// x + x, right on the CPU.
struct Twice {
  static constexpr const char* name = "add";
  static constexpr unsigned saves = kSaveInputs;
  Bug bug;
  Tensor forward(const Tensor& x) const {
    ElementwiseKernel kernel = plain_kernel(Plain::add, x.dtype());
    if (bug == Bug::wrong_kernel) kernel.emulated = plain_kernel(Plain::mul, x.dtype()).emulated;
    if (bug == Bug::missing) kernel.emulated = nullptr;
    return detail::run_elementwise(name, kernel, detail::kNoParameters, x.dtype(), {&x, &x});
  }
  Tensors vjp(const Vjp& c) const {
    Tensor x = c.input(0), twice = 2.0 * c.grad();
    if (x.device().is_cpu()) return {twice};
    if (bug == Bug::wrong_derivative) return {1.001 * twice};
    if (bug == Bug::missing_backward) no_kernel("twice_backward", x.device());
    if (bug == Bug::wrong_second) return {twice + (x - x.detach()) * c.grad()};
    return {twice};
  }
};

Row twice(Bug bug) {
  Row row{"add",
          "planted",
          [bug](std::span<const Tensor> in) {
            Tensor y = apply(Twice{bug}, in[0]);
            if (y.device().is_cpu()) return y;
            if (bug == Bug::left_behind) return to(y, Device::cpu);
            if (bug == Bug::wrong_type && y.dtype() == f32) return y * 1.001;
            if (bug == Bug::wrong_layout && !in[0].is_contiguous()) return y * 1.001;
            return y;
          },
          {{{3, 5}}},
          nullptr};
  return row;
}

TEST(MixedDevices, NormsSayWhichTensorIsElsewhere) {
  if (!is_available(Device::emulated)) GTEST_SKIP() << "this build has no emulated device";
  const Tensor x = ones({2, 3, 4}), there = ones({3}, {f32, Device::emulated}), here = ones({3});
  const Tensor last = ones({4}, {f32, Device::emulated});
  struct Case {
    std::string what;
    std::function<void()> call;
  };
  for (const auto& [what, call] :
       std::vector<Case>{{"layer_norm: the weight", [&] { layer_norm(x, last); }},
                         {"layer_norm: the bias", [&] { layer_norm(x, {}, last); }},
                         {"rms_norm: the weight", [&] { rms_norm(x, last); }},
                         {"group_norm: the weight", [&] { group_norm(x, 3, there); }},
                         {"instance_norm: the bias", [&] { instance_norm(x, {}, there); }},
                         {"channel_affine: the weight", [&] { channel_affine(x, there, here); }},
                         {"batch_norm: the weight", [&] { batch_norm(x, there, here); }},
                         {"batch_norm_fixed: the mean",
                          [&] {
                            batch_norm_fixed(x, {there, here}, here, here);
                          }},
                         {"batch_norm_fixed: the variance", [&] {
                            batch_norm_fixed(x, {here, there}, here, here);
                          }}}) {
    try {
      call();
      ADD_FAILURE() << what << " elsewhere did not throw";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(what + " is on emulated, the input on cpu"), std::string::npos) << e.what();
    }
  }
  EXPECT_THROW(layer_norm(to(x, Device::emulated), ones({4})), Error);
}

class PlantedDeviceBugs : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_available(Device::emulated)) GTEST_SKIP() << "this build has no emulated device";
  }
};

TEST_F(PlantedDeviceBugs, TheHonestOperationPasses) { EXPECT_EQ(check_device(twice(Bug::none), Device::emulated), ""); }

TEST_F(PlantedDeviceBugs, EachIsFoundAndNamed) {
  for (auto [bug, says] : std::vector<std::pair<Bug, std::string>>{
           {Bug::wrong_kernel, "value of dense float64"},
           {Bug::wrong_derivative, "derivative 0 of order 1 of dense float64"},
           {Bug::wrong_second, "derivative 0 of order 2"},
           {Bug::wrong_type, "value of dense float32"},
           {Bug::wrong_layout, "value of transposed float64"},
           {Bug::left_behind, "is on cpu, expected emulated"},
           {Bug::missing, "the catalogue says that add runs on emulated, but"},
           {Bug::missing_backward, "derivative of order 1: twice_backward: there"}}) {
    Findings found = check_device(twice(bug), Device::emulated);
    EXPECT_NE(found.find(says), std::string::npos) << says << ": " << found;
    if (bug == Bug::wrong_second) {
      EXPECT_EQ(found.find("order 1"), std::string::npos) << found;
    }
  }
}

TEST_F(PlantedDeviceBugs, ACatalogueThatSaysTooLittleIsFound) {
  EXPECT_NE(check_device(twice(Bug::none), Device::emulated, false).find("but it does"), std::string::npos);
  EXPECT_EQ(check_device(twice(Bug::missing), Device::emulated, false), "");
}

TEST_F(PlantedDeviceBugs, AnOperationThatIsNowhereAsksForACall) {
  Row row{"zeros", "planted", [](std::span<const Tensor>) { return zeros({2}); }, {}, nullptr};
  EXPECT_EQ(check_device(row, Device::emulated), "");
  row.name = "sigmoid";
  EXPECT_NE(check_device(row, Device::emulated).find("no call of it with a device"), std::string::npos);
}

// ---- nothing is left out --------------------------------------------------------------------------------------------

#if GG_WITH_EMULATED

// What the rows' small tensors do not reach.
void launch_the_rest() {
  Tensor x = rand({40, 50}, {f32, Device::emulated});
  contiguous(transpose(x));  // in tiles
  Tensor p = rand({3}, {f32, Device::emulated}).requires_grad_();
  p.set_grad(rand({3}, {f32, Device::emulated}));
  optim::AdamW({p}).step();
  const Tensor w = rand({128}, {f32, Device::emulated}).requires_grad_();
  // Enough rows for all gradients at once.
  const Tensor rows = rand({64, 128}, {f32, Device::emulated}).requires_grad_();
  grad(sum(square(layer_norm(rows, w))), {rows, w});
  // More positions than one block sorts, one line of them and in two dimensions, and without an order.
  for (bool ordered : {true, false}) {
    set_deterministic(ordered);
    Tensor index = to(randint(0, 7, {9000}), Device::emulated), ones = full({9000}, 1, {f32, Device::emulated});
    Tensor zeros = full({7}, 0, {f32, Device::emulated});
    const auto counts = to(index_add(zeros, 0, index, ones), Device::cpu).to_vector<float>();
    EXPECT_EQ(to(scatter_add(zeros, 0, index, ones), Device::cpu).to_vector<float>(), counts);
  }
  set_deterministic(true);
}

TEST(KernelCoverage, EveryKernelIsLaunched) {
  for (const Row& row : op_table()) check_device(row, Device::emulated);
  launch_the_rest();
  EXPECT_EQ(kernels::never_launched(GG_SOURCE_DIR), "") << "are never launched by tests/ops/devices.cpp";
}

TEST(KernelCoverage, AKernelOfAnyShapeIsRead) {
  EXPECT_EQ(kernels::in_text("template <class T>\n__global__ void a_kernel(T* x) {}\n"
                             "__global__ void __launch_bounds__(kThreads* kRows)\n    b_kernel(int n);"),
            (std::set<std::string>{"a_kernel", "b_kernel"}));
}

#endif

}  // namespace
}  // namespace gg::optable
