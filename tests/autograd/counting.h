// Counts kernel calls by name, and the multiply-adds of matrix products, while in scope: through the observer of the
// dispatch point.
#pragma once

#include <map>
#include <string>

#include "core/dispatch.h"

namespace gg::testing_support {

class KernelCount {
 public:
  KernelCount() {
    counts().clear();
    products() = 0;
    kernel_observer = [](const KernelCall& call, bool begin) {
      if (!begin) return;
      ++counts()[call.kernel];
      if (call.kernel != std::string("matmul")) return;
      const Shape &out = call.operands[0].shape, &left = call.operands[1].shape;
      products() += out.numel() * left[left.rank() - 1];
    };
  }
  ~KernelCount() { kernel_observer = nullptr; }
  KernelCount(const KernelCount&) = delete;
  KernelCount& operator=(const KernelCount&) = delete;

  int operator[](const std::string& kernel) const { return counts()[kernel]; }
  /// Of all matrix products so far.
  int64_t multiply_adds() const { return products(); }

 private:
  static int64_t& products() {
    static int64_t all = 0;
    return all;
  }
  static std::map<std::string, int>& counts() {
    static std::map<std::string, int> all;
    return all;
  }
};

}  // namespace gg::testing_support
