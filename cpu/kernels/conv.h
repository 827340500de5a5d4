// Convolutions of images with few channels, where libraries waste most of a register, and products along rows.
//
// An image has its channels last and a frame of zeros, so that no place needs bounds: what a place sees of it lies at
// the same offsets ("taps") from where the place begins.
#pragma once

#include <cstdint>

#include "cpu/kernels/table.h"

namespace gg::cpu {

struct ConvPlaces {
  int64_t places;        ///< of the output
  const int32_t* begin;  ///< [places]: the place's first tap in the framed image
  int64_t taps;          ///< kernel height · width · channels
  const int32_t* tap;    ///< [taps]: offset from the first
};

struct ConvKernels {
  int64_t width;  ///< of a panel: panels are [taps][width], or [outputs][width], with zeros where there is nothing

  /// y[places, outputs] = Σ_tap image[begin + tap] · w[tap, output]; w in ⌈outputs / width⌉ panels [taps][width].
  void (*forward)(float* y, const float* image, const float* w, int64_t outputs, const ConvPlaces& p);

  /// image[begin + tap] += Σ_output g[place, output] · w[output, tap]; w in ⌈taps / width⌉ panels [outputs][width].
  void (*input_grad)(float* image, const float* g, const float* w, int64_t outputs, const ConvPlaces& p);
};

GG_CPU_KERNEL_TABLE(ConvKernels, conv_kernels)

}  // namespace gg::cpu
