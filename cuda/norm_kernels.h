// Layer and batch normalisation on a device: the CPU's cpu/norm.h. f32 and f64, any strides; results repeat bit by bit.
// Sums are carried in double (some dozens of elements are added in their type), and variances are sums of squared
// distances to a mean, so a large mean costs no digits.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out = (x - mean) · rstd · w + b over the last axis of x [rows, n]; w, b [n]; mean, rstd [rows] are written, with
    /// rstd = 1 / sqrt(biased variance + eps). Not centred it is RMS norm: 0 takes the place of every mean.
    void layer_norm_forward(gg::Array out, gg::Array mean, gg::Array rstd, gg::Array x, gg::Array w, gg::Array b,
                            double eps, bool centred = true);

    /// The gradients in x [rows, n], w [n] and b [n] for g [rows, n], with mean and rstd of the forward pass.
    /// Those in w and b may have null pointers, which means that they are not wanted.
    void layer_norm_backward(gg::Array dx, gg::Array dw, gg::Array db, gg::Array g, gg::Array x, gg::Array mean,
                             gg::Array rstd, gg::Array w, bool centred = true);

    /// The gradients of ⟨v, dx⟩ in g, x and w, where dx [rows, n] is what layer_norm_backward gives for g, x and w (so
    /// mean and rstd depend on x), and v [rows, n]. That in w may have a null pointer: it is not wanted.
    void layer_norm_double_backward(gg::Array dg, gg::Array dx, gg::Array dw, gg::Array v, gg::Array g, gg::Array x,
                                    gg::Array mean, gg::Array rstd, gg::Array w, bool centred = true);

    /// mean, var [C] = mean and biased variance of x [N, C, ...] over all axes but the second.
    void batch_norm_statistics(gg::Array mean, gg::Array var, gg::Array x);

    /// out = (x - mean) / sqrt(var + eps) · w + b, with mean, var, w, b [C].
    void batch_norm_forward(gg::Array out, gg::Array x, gg::Array mean, gg::Array var, gg::Array w, gg::Array b,
                            double eps);

    /// dw [C] = Σ g·(x - mean) and db [C] = Σ g over all axes but the second, mean [C].
    void channel_gradients(gg::Array dw, gg::Array db, gg::Array g, gg::Array x, gg::Array mean);

    /// out = g·a + (x - mean)·b + c, with mean, a, b, c [C].
    void channel_combine(gg::Array out, gg::Array g, gg::Array x, gg::Array mean, gg::Array a, gg::Array b,
                         gg::Array c);

    /// The gradients in x, w [C] and b [C], where mean and var are the statistics of x itself, and so depend on it.
    void batch_norm_backward(gg::Array dx, gg::Array dw, gg::Array db, gg::Array g, gg::Array x, gg::Array mean,
                             gg::Array var, gg::Array w, double eps);)
