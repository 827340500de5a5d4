// Rotary positions for attention.
#pragma once

#include "core/tensor.h"

namespace gg {

struct RotaryOptions {
  double base = 10000;
  int64_t first = 0;  ///< the position of the first element: what came before, when sequences are made step by step
};

/// x [..., L, d], d even, with each pair (x[2i], x[2i+1]) of position t turned by the angle t·base^(−2i/d) (Su et al.,
/// arXiv:2104.09864, section 3.2.2, pairs side by side). Applied to queries and keys alike, it makes their products
/// depend on the distance of their positions alone. Linear in x.
Tensor rotary_embedding(const Tensor& x, const RotaryOptions& options = {});

}  // namespace gg
