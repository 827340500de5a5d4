// Layer and batch normalisation, f32 and f64. Means and variances are computed in two passes, in double, so that a
// large mean costs no digits. Sums over many rows are partial sums of fixed pieces, added in a fixed order.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// out = (x - mean) · rstd · w + b over the last axis of x [rows, n]; w, b [n]; mean, rstd [rows] are written, with
/// rstd = 1 / sqrt(biased variance + eps). Not centred it is RMS norm: 0 takes the place of every mean.
void layer_norm_forward(Array out, Array mean, Array rstd, Array x, Array w, Array b, double eps, bool centred = true);

/// The gradients in x [rows, n], w [n] and b [n] for g [rows, n], with mean and rstd of the forward pass. Those in w
/// and b may have null pointers, which means that they are not wanted.
void layer_norm_backward(Array dx, Array dw, Array db, Array g, Array x, Array mean, Array rstd, Array w,
                         bool centred = true);

/// The gradients of ⟨v, dx⟩ in g, x and w, where dx [rows, n] is what layer_norm_backward gives for g, x and w (so mean
/// and rstd depend on x), and v [rows, n]. That in w may have a null pointer: it is not wanted.
void layer_norm_double_backward(Array dg, Array dx, Array dw, Array v, Array g, Array x, Array mean, Array rstd,
                                Array w, bool centred = true);

/// mean, var [C] = mean and biased variance of x [N, C, ...] over all axes but the second.
void batch_norm_statistics(Array mean, Array var, Array x);

/// out = (x - mean) / sqrt(var + eps) · w + b, with mean, var, w, b [C]. NCHW and channels-last memory both go fast.
void batch_norm_forward(Array out, Array x, Array mean, Array var, Array w, Array b, double eps);

/// dw [C] = Σ g·(x - mean) and db [C] = Σ g over all axes but the second, mean [C].
void channel_gradients(Array dw, Array db, Array g, Array x, Array mean);

/// out = g·a + (x - mean)·b + c, with mean, a, b, c [C].
void channel_combine(Array out, Array g, Array x, Array mean, Array a, Array b, Array c);

/// The gradients in x, w [C] and b [C], where mean and var are the statistics of x itself, and so depend on it.
void batch_norm_backward(Array dx, Array dw, Array db, Array g, Array x, Array mean, Array var, Array w, double eps);

}  // namespace gg::cpu
