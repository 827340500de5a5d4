// Counts kernel calls by name while in scope, through the observer of the dispatch point.
#pragma once

#include <map>
#include <string>

#include "core/dispatch.h"

namespace gg::testing_support {

class KernelCount {
 public:
  KernelCount() {
    counts().clear();
    kernel_observer = [](const KernelCall& call, bool begin) {
      if (begin) ++counts()[call.kernel];
    };
  }
  ~KernelCount() { kernel_observer = nullptr; }
  KernelCount(const KernelCount&) = delete;
  KernelCount& operator=(const KernelCount&) = delete;

  int operator[](const std::string& kernel) const { return counts()[kernel]; }

 private:
  static std::map<std::string, int>& counts() {
    static std::map<std::string, int> all;
    return all;
  }
};

}  // namespace gg::testing_support
