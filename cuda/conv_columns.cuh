// The kernels behind cuda/conv_columns.cu: images to columns, and columns back to images. A thread handles one input
// channel at one place (or one input element) with all its taps, so that it divides its index once, and neighbouring
// threads touch neighbouring numbers on both sides.
#pragma once

#include <cstdint>

#include "cuda/elementwise.cuh"
#include "cuda/platform.h"
#include "cuda/strided.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kConvThreads = 256;

/// How a chunk of images and its columns lie in memory, in elements (or packs of channels). Channels are counted within
/// their group.
struct ColumnGeometry {
  bool last;  ///< threads are neighbours along channels, else along places
  Divisor channels_div, groups_div;
  int32_t height, width, out_height, out_width;
  Divisor height_div, width_div, out_height_div, out_width_div;
  int32_t kh, kw;
  int32_t stride[2], padding[2], dilation[2];
  Divisor stride_div[2];
  int32_t x_image, x_group, x_channel, x_row, x_col;                             ///< strides of x
  int32_t column_image, column_group, column_channel, column_tap, column_place;  ///< of columns

  /// One position of an image grid of rows × cols.
  struct Position {
    uint32_t row, col;
    int32_t x, columns;  ///< offsets of image, group and channel
  };
  GG_HD Position position(uint32_t i, Divisor rows, Divisor cols) const {
    uint32_t row, col, channel, group, image;
    if (last) {
      const uint32_t at = channels_div.quotient(i), line = cols.quotient(at), rest = rows.quotient(line);
      channel = i - at * channels_div.value;
      col = at - line * cols.value;
      row = line - rest * rows.value;
      image = groups_div.quotient(rest);
      group = rest - image * groups_div.value;
    } else {
      const uint32_t line = cols.quotient(i), rest = rows.quotient(line), g = channels_div.quotient(rest);
      col = i - line * cols.value;
      row = line - rest * rows.value;
      channel = rest - g * channels_div.value;
      image = groups_div.quotient(g);
      group = g - image * groups_div.value;
    }
    const auto offset = [&](int32_t per_image, int32_t per_group, int32_t per_channel) {
      return static_cast<int32_t>(image) * per_image + static_cast<int32_t>(group) * per_group +
             static_cast<int32_t>(channel) * per_channel;
    };
    return {row, col, offset(x_image, x_group, x_channel), offset(column_image, column_group, column_channel)};
  }
};

/// columns[…, tap, place] = x under that tap, 0 outside the image.
// bytes: x + columns, kh·kw times x, the least of an explicit matrix; neighbouring taps of x come from the cache
template <class P>
__global__ void __launch_bounds__(kConvThreads)
    gather_columns_kernel(ColumnGeometry q, uint32_t count, const P* x, P* columns) {
  const uint32_t i = blockIdx.x * kConvThreads + threadIdx.x;
  if (i >= count) return;
  const ColumnGeometry::Position at = q.position(i, q.out_height_div, q.out_width_div);
  const int32_t top = static_cast<int32_t>(at.row) * q.stride[0] - q.padding[0];
  const int32_t left = static_cast<int32_t>(at.col) * q.stride[1] - q.padding[1];
  const P* from = x + at.x;
  P* to = columns + at.columns +
          static_cast<int32_t>(at.row * static_cast<uint32_t>(q.out_width) + at.col) * q.column_place;
  for (int32_t a = 0; a < q.kh; ++a) {
    const int32_t h = top + a * q.dilation[0];
    const bool inside = h >= 0 && h < q.height;
    for (int32_t b = 0; b < q.kw; ++b, to += q.column_tap) {
      const int32_t w = left + b * q.dilation[1];
      *to = inside && w >= 0 && w < q.width ? from[h * q.x_row + w * q.x_col] : P{};
    }
  }
}

/// x[…] = Σ over taps of columns[…, tap, the place whose tap lies on this element].
// bytes: columns + x, the least of an explicit matrix
template <class P>
__global__ void __launch_bounds__(kConvThreads)
    collect_columns_kernel(ColumnGeometry q, uint32_t count, const P* columns, P* x) {
  const uint32_t i = blockIdx.x * kConvThreads + threadIdx.x;
  if (i >= count) return;
  const ColumnGeometry::Position at = q.position(i, q.height_div, q.width_div);
  P sum{};
  for (int32_t a = 0; a < q.kh; ++a) {
    const int32_t h = static_cast<int32_t>(at.row) + q.padding[0] - a * q.dilation[0];
    if (h < 0) break;
    const int32_t row = static_cast<int32_t>(q.stride_div[0].quotient(static_cast<uint32_t>(h)));
    if (row >= q.out_height || row * q.stride[0] != h) continue;
    for (int32_t b = 0; b < q.kw; ++b) {
      const int32_t w = static_cast<int32_t>(at.col) + q.padding[1] - b * q.dilation[1];
      if (w < 0) break;
      const int32_t col = static_cast<int32_t>(q.stride_div[1].quotient(static_cast<uint32_t>(w)));
      if (col >= q.out_width || col * q.stride[1] != w) continue;
      const P more = columns[at.columns + (a * q.kw + b) * q.column_tap + (row * q.out_width + col) * q.column_place];
#pragma unroll
      for (int e = 0; e < static_cast<int>(sizeof(P) / sizeof(P::element[0])); ++e) sum.element[e] += more.element[e];
    }
  }
  x[at.x + static_cast<int32_t>(at.row) * q.x_row + static_cast<int32_t>(at.col) * q.x_col] = sum;
}

}  // namespace gg::GG_CUDA_NS
