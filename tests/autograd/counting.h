// Counts kernel calls by name, and the multiply-adds of matrix products, while in scope: through the observer of the
// dispatch point.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "core/dispatch.h"

namespace gg::testing_support {

class KernelCount {
 public:
  KernelCount() {
    counts().clear();
    products() = 0;
    largest() = 0;
    kernel_observer = [](const KernelCall& call, bool begin) {
      if (!begin) return;
      ++counts()[call.kernel];
      for (const Array& a : call.operands) {
        int64_t different = 1;
        for (int i = 0; i < a.rank(); ++i) different *= a.strides[i] == 0 ? 1 : a.shape[i];
        largest() = std::max(largest(), different);
      }
      if (call.kernel != std::string("matmul") && call.kernel != std::string("matmul_add")) return;
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
  /// Elements of the largest array that a kernel has seen, those counted once that repeat without memory.
  int64_t largest_array() const { return largest(); }

 private:
  static int64_t& largest() {
    static int64_t elements = 0;
    return elements;
  }
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
