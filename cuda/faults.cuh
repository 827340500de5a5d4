// The kernels' side of faults.h.
#pragma once

#include "cuda/faults.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

struct Fault {
  enum Kind : int { index_select, index_add, gather, scatter_add, cross_entropy };
  unsigned taken;  ///< 1: the rest is valid, once the kernel has ended
  Kind kind;
  long long value, place, size;  ///< `value` stands at `place` and should be in [0, size)
  long long detail;              ///< the axis; cross_entropy: ignore_index
};

/// The device's record, to be handed to kernels.
Fault* fault_record();

inline __device__ void note_fault(Fault* record, Fault::Kind kind, long long value, long long place, long long size,
                                  long long detail) {
  if (atomicCAS(&record->taken, 0u, 1u) != 0u) return;
  record->kind = kind;
  record->value = value;
  record->place = place;
  record->size = size;
  record->detail = detail;
}

}  // namespace gg::GG_CUDA_NS
