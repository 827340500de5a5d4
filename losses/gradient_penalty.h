// Penalties on gradients with respect to inputs: what noise does to a loss on average, without drawing the noise, and
// the Lipschitz constraints of GAN critics. All are differentiable, so they can be minimised; that is a second
// derivative.
//
// For noise ε of variance σ² on the input, E l(f(x+ε), f(x)) ≈ ½σ² Σ_i λ_i ‖∇_x f_i‖² to second order, where λ_i is
// ∂²l/∂f_i² at equal arguments: 2 for the squared error, 1/f_i for the Kullback-Leibler divergence (spaces.ac.cn
// archives 7466; Bishop 1995). output_gradient_penalty is that term. What noise does to l(f(x+ε), y) itself has the
// model's second derivatives in it: laplacian_penalty.h.
//
//   loss = cross_entropy(model(x), y) + 0.1 * losses::output_gradient_penalty(model, x, {.form = Form::kl});
//
// Gradients are taken of the sum over a batch, and are those of each sample where no sample looks at another. Batch
// norm in training does look: put the model in evaluation mode, or use another norm.
#pragma once

#include "autograd/functional/transforms.h"
#include "core/generator.h"
#include "losses/reduction.h"

namespace gg::losses {

/// ‖∇_x v_n‖² for each sample n, over all other axes of x: [N]. `values` [N] were computed from x [N, ...], which
/// requires grad (a leaf, or a hidden layer). The values' graph stays for a backward pass of their own.
Tensor squared_gradient_norm(const Tensor& values, const Tensor& x);
/// ‖∇_x v_n‖: [N]. Its own derivatives are 0 where it is 0.
Tensor gradient_norm(const Tensor& values, const Tensor& x);

struct PenaltyOptions {
  Reduction reduction = Reduction::mean;  ///< over samples; none: [N]
};

/// ‖∇_x l‖² of the loss of each sample: what training against l(x + ε·∇l) adds to first order, ε times this (double
/// backpropagation, Drucker and LeCun 1992). `loss` maps inputs [N, ...] to losses [N].
Tensor input_gradient_penalty(const Function& loss, const Tensor& x, const PenaltyOptions& options = {});

/// How outputs are compared.
enum class Form {
  mse,  ///< the model's outputs by their squared distance
  kl,   ///< the outputs are logits of classes, compared by the divergence of their distributions
};

struct OutputPenaltyOptions {
  double sigma = 1;  ///< deviation of the noise that is stood for
  Form form = Form::mse;
  int64_t probes = 0;  ///< 0: exact, one reverse pass per output; above: an unbiased estimate by so many passes
  Reduction reduction = Reduction::mean;
};

/// ½σ² Σ_i λ_i ‖∇_x f_i‖², for a model that maps inputs [N, ...] to outputs [N, C]:
///   mse: σ² Σ_i ‖∇ f_i‖²
///   kl:  ½σ² Σ_i p_i ‖∇ log p_i‖² = ½σ² tr F, F = Jᵀ (diag p − p pᵀ) J the Fisher matrix of the prediction with
///   respect
///        to x; at most as large as the logits' gradients make it, whatever the labels are
/// The estimate is σ² ‖∇ Σ_i η_i f_i‖², and 2σ² ‖∇ Σ_i η_i √p_i‖², with signs η of each sample's own: its mean is the
/// exact value, and its cost does not grow with C.
Tensor output_gradient_penalty(const Function& model, const Tensor& x, const OutputPenaltyOptions& options = {},
                               Generator& generator = default_generator());

struct WganGpOptions {
  double target = 1;  ///< the length that gradients shall have
  Reduction reduction = Reduction::mean;
};

/// (‖∇D‖ − target)² at points between real and made samples, each at a random place of its own on the line (Gulrajani
/// et al., arXiv:1704.00028; times 10 there). The norm is over all axes of a sample. `critic` maps [N, ...] to [N] or
/// [N, 1]. Neither argument gets a gradient.
Tensor wgan_gp_penalty(const Function& critic, const Tensor& real, const Tensor& made,
                       const WganGpOptions& options = {}, Generator& generator = default_generator());

/// ‖∇D‖² at samples: R1 at real ones, R2 at made ones (Mescheder et al., arXiv:1801.04406; times γ/2 there).
Tensor r1_penalty(const Function& critic, const Tensor& x, const PenaltyOptions& options = {});

}  // namespace gg::losses
