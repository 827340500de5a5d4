// Block transposes. Elements are moved as bits, by size.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

struct CopyKernels {
  /// to[i · to_stride + j] = from[j · from_stride + i] for i < rows, j < cols.
  void (*transpose_4)(uint32_t* to, int64_t to_stride, const uint32_t* from, int64_t from_stride, int64_t rows,
                      int64_t cols);
  void (*transpose_8)(uint64_t* to, int64_t to_stride, const uint64_t* from, int64_t from_stride, int64_t rows,
                      int64_t cols);
};

GG_CPU_KERNEL_TABLE(CopyKernels, copy_kernels)

}  // namespace gg::cpu
