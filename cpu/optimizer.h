// Optimiser steps over all parameters in one call: each element is read and written once, and the threads share the
// work across parameters, so many small ones cost no more than one large one.
//
// What changes from step to step is read through a pointer when the kernel runs. The arithmetic is PyTorch's, in the
// type of the parameter, with constants computed in double first.
#pragma once

#include <cstdint>
#include <span>

#include "core/dtype.h"

namespace gg::cpu {

/// One parameter, as flat memory: all pointers are to n elements of one type (f32 or f64) in one order.
struct OptimizerSlot {
  void* p = nullptr;        ///< the parameter
  const void* g = nullptr;  ///< its gradient
  void* m = nullptr;        ///< first moment, or the momentum buffer; null for SGD without momentum
  void* v = nullptr;        ///< second moment; null for SGD
  int64_t n = 0;
  DType dtype = f32;
  double lr_scale = 1;     ///< multiplies the learning rate
  double decay_scale = 1;  ///< multiplies the weight decay; 0 for biases and norms, as a rule
};

struct AdamStep {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  double bias_correction1 = 1, bias_correction2 = 1;  ///< 1 - beta1ᵗ and 1 - beta2ᵗ at step t = 1, 2, …
  double grad_scale = 1;                              ///< multiplies the gradient first: for clipping by norm
  bool decoupled = true;  ///< AdamW: p shrinks by lr · decay. Otherwise decay · p is added to the gradient (Adam)
  bool maximize = false;
};

///   m += (1 - β₁)·(g - m),  v = β₂·v + (1 - β₂)·g²,  p -= lr / c₁ · m / (√v / √c₂ + eps)
/// with c₁, c₂ the bias corrections (Kingma and Ba, 2015; decoupled: Loshchilov and Hutter, 2019).
void adam(std::span<const OptimizerSlot> slots, const AdamStep* step);

struct SgdStep {
  double lr = 1e-2, momentum = 0, dampening = 0, weight_decay = 0;
  double grad_scale = 1;
  bool nesterov = false;
  bool first = false;  ///< the first step with these buffers: m becomes the gradient, whatever it held
  bool maximize = false;
};

///   g += decay · p,  m = momentum · m + (1 - dampening) · g,  p -= lr · (nesterov ? g + momentum · m : m)
/// and p -= lr · g without momentum.
void sgd(std::span<const OptimizerSlot> slots, const SgdStep* step);

/// Dense memory, in any order.
struct FlatArray {
  void* data = nullptr;
  int64_t n = 0;
  DType dtype = f32;
};

/// *out = Σ x² over all elements of all arrays, carried in double; the tree depends on the sizes only.
void sum_squares(double* out, std::span<const FlatArray> arrays);

/// x *= *factor for all elements of all arrays.
void scale(std::span<const FlatArray> arrays, const double* factor);

}  // namespace gg::cpu
