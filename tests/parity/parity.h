// What parity tests share: the same program on `cpu` and on another device, number by number. Each suite runs on
// `emulated`, and on `cuda` where there is a GPU.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/tensor_map.h"
#include "ops/ops.h"
#if GG_WITH_EMULATED
#include "cuda/emulator/emulator.h"
#endif

namespace gg::parity {

/// What differs, a line each; empty is good. So that planted mistakes can be looked for in it.
using Findings = std::string;

class OnDevice : public testing::TestWithParam<Device::Type> {
 protected:
  void SetUp() override {
    if (!is_available(device())) GTEST_SKIP() << "no device " << to_string(device()) << " here";
    manual_seed(7);
  }
#if GG_WITH_EMULATED
  void TearDown() override {  // a fault of one test must not spoil the next
    emulator::clear_failure();
    for (const std::string& text : emulator::take_diagnostics()) ADD_FAILURE() << text;
  }
#endif
  static Device device() { return GetParam(); }
};

inline std::string title_of(const testing::TestParamInfo<Device::Type>& info) {
  return info.param == Device::cuda ? "cuda" : "emulated";
}

/// Runs the tests of a suite on the devices that there may be.
#define GG_ON_DEVICES(suite)                                                   \
  INSTANTIATE_TEST_SUITE_P(Emulated, suite, testing::Values(Device::emulated), \
                           [](const auto& info) { return title_of(info); });   \
  INSTANTIATE_TEST_SUITE_P(Cuda, suite, testing::Values(Device::cuda), [](const auto& info) { return title_of(info); })

inline std::vector<double> numbers_of(const Tensor& t) {
  return visit_any(t.dtype(), [&]<class T>() {
    std::vector<double> values;
    for (auto v : to(t.detach(), Device()).to_vector<T>()) values.push_back(static_cast<double>(v));
    return values;
  });
}

/// Shape, type, and numbers up to `tolerance` relative to the largest of the tensor. 0: to the bit.
inline Findings difference(const std::string& what, const Tensor& there, const Tensor& here, double tolerance) {
  if (there.defined() != here.defined()) return str(what, ": only one of them is defined\n");
  if (!there.defined()) return {};
  if (there.shape() != here.shape() || there.dtype() != here.dtype()) {
    return str(what, ": ", there.dtype(), " ", there.shape(), " instead of ", here.dtype(), " ", here.shape(), "\n");
  }
  const std::vector<double> got = numbers_of(there), want = numbers_of(here);
  double scale = 0;
  for (const double v : want) scale = std::max(scale, std::abs(v));
  for (size_t i = 0; i < want.size(); ++i) {
    if (got[i] == want[i] || std::abs(got[i] - want[i]) <= tolerance * scale) continue;
    return str(what, ": element ", i, " of ", here.shape(), " is ", got[i], " instead of ", want[i], ", largest ",
               scale, "\n");
  }
  return {};
}

/// The same names, and the same numbers under them.
inline Findings difference(const std::string& what, const TensorMap& there, const TensorMap& here, double tolerance) {
  Findings out;
  for (const auto& [name, t] : here) {
    const auto found = there.find(name);
    out += found == there.end() ? str(what, ": no ", name, "\n")
                                : difference(str(what, " ", name), found->second, t, tolerance);
  }
  for (const auto& [name, t] : there) {
    if (!here.contains(name)) out += str(what, ": unexpected ", name, "\n");
  }
  return out;
}

}  // namespace gg::parity
