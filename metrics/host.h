// Metrics are computed on the host in float64: they are reported numbers, not part of a loss.
#pragma once

#include <vector>

#include "core/tensor.h"

namespace gg::metrics {

/// All numbers of a floating tensor on any device, in row-major order, as doubles.
inline std::vector<double> host_doubles(const Tensor& t) {
  return visit_floating(t.dtype(), "metrics", [&]<class T>() {
    std::vector<T> v = t.to_vector<T>();
    return std::vector<double>(v.begin(), v.end());
  });
}

}  // namespace gg::metrics
