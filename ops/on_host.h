// For operations that only the CPU computes: their inputs are copied there and their results back. Unrecorded.
#pragma once

#include "autograd/raw.h"
#include "core/dispatch.h"

namespace gg::detail {

/// The numbers of x on the CPU, broadcast to the leading axes `batch` in front of its last two.
inline Array host_matrices(const Tensor& on_host, const Shape& batch, const char* op) {
  Shape shape = batch;
  shape.push_back(on_host.size(-2));
  shape.push_back(on_host.size(-1));
  return on_host.array().expanded(shape, op);
}

inline Tensor on_host(const Tensor& x) { return raw::to_device(x.detach(), Device::cpu); }

/// The leading axes of a tensor of matrices.
inline Shape batch_of(const Tensor& x) { return x.shape().part(0, x.rank() - 2); }

void check_matrices(const char* op, const Tensor& a);  ///< floating [..., m, n]
void check_square(const char* op, const Tensor& a);    ///< floating [..., n, n]

}  // namespace gg::detail
