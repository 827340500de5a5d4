// Distances between images and their reconstructions.
#pragma once

#include <vector>

#include "core/tensor.h"

namespace gg::metrics {

/// Sum of squared errors of each image of a [N, ...] against b of the same shape: N numbers.
std::vector<double> sse_per_image(const Tensor& a, const Tensor& b);

/// Peak signal-to-noise ratio in dB: 10·log10(peak² / MSE), MSE over all elements of the set; +∞ for equal images.
double psnr(const Tensor& a, const Tensor& b, double peak = 1);

/// The same from a mean squared error, to be collected over batches first.
double psnr_from_mse(double mse, double peak = 1);

}  // namespace gg::metrics
