// Laplacians: sums of second derivatives, exact or estimated, that can be part of a loss and be trained.
//
// The Laplacian of a cross-entropy is not bounded below (C. M. Bishop, Neural Computation 7(1), 1995: training with
// noise), so minimising it with a positive weight can run away. losses/laplacian_penalty.h guards against that, and
// fisher.h has the bounded part.
#pragma once

#include "autograd/functional/transforms.h"
#include "core/generator.h"

namespace gg {

struct LaplacianOptions {
  /// x [N, ...] holds N samples, and each element of f(x) is a function of one of them, or a sum of such functions (a
  /// network without batch statistics, a loss with any reduction). The same directions then serve all samples at once:
  /// N times less work. Where samples do act on each other, the result is another one: that of moving them together.
  bool batched = false;
  /// Sum vᵀ·H·v over these directions [k, ...] instead of the coordinates: of the shape of x, or of one sample where
  /// batched. Any orthonormal basis gives the same Laplacian.
  Tensor directions = {};
  /// So many directions at a time, which bounds memory; each chunk evaluates f again. 0: 256.
  int64_t chunk = 0;
  /// Where x enters f through one matrix product alone, as into a linear layer, and is batched: that all samples have
  /// this first Jacobian in common is used. No more directions are then needed than the layer has outputs. It is found
  /// by looking at the graph of one more evaluation of f.
  bool shared_entry = true;
};

struct LaplacianResult {
  Tensor value;      ///< f(x)
  Tensor laplacian;  ///< of each element of f(x), in its shape
};

/// Σᵢ ∂²f/∂xᵢ², exactly. f may have any shape of result; it is evaluated several times, so it must not draw random
/// numbers of its own. Both results can be differentiated again, in either mode.
LaplacianResult laplacian(const Function& f, const Tensor& x, const LaplacianOptions& options = {});

/// Of several inputs together: the sum over the coordinates of all. Not batched.
LaplacianResult laplacian(const FunctionN& f, std::span<const Tensor> x, const LaplacianOptions& options = {});

enum class Probes {
  rademacher,  ///< ±1: exact where the Hessian is diagonal, and never of larger variance than
  gaussian,    ///< standard normal
};

struct HutchinsonOptions {
  int64_t probes = 1;
  Probes distribution = Probes::rademacher;
  int64_t chunk = 0;  ///< as in LaplacianOptions
};

/// An unbiased estimate of the Laplacian (M. F. Hutchinson, 1989): the mean of vᵀ·H·v over random probes v, which are
/// drawn anew for every sample of a batch.
LaplacianResult hutchinson_laplacian(const Function& f, const Tensor& x, const HutchinsonOptions& options = {},
                                     Generator& generator = default_generator());

}  // namespace gg
