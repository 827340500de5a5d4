// Tiles of some places by one panel stay in registers, while the taps (or outputs) go by.
#include "cpu/kernels/conv.h"

#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

constexpr int kLane = kLanes<float>, kWidth = 2 * kLane;
#if defined(GG_ISA_AVX512)
constexpr int kPlaces = 8;  // times two vectors
#else
constexpr int kPlaces = 4;
#endif

GG_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

struct Tile {
  Vec<float> at[kPlaces][2];
};

// tile[i] = Σ_k a(i, k) · panel[k], of which the second vector only if `Both`.
template <bool Both, class A>
GG_INLINE void multiply(Tile& tile, int64_t depth, const float* panel, const A& a) {
  for (int i = 0; i < kPlaces; ++i) tile.at[i][0] = tile.at[i][1] = Vec<float>{};
  for (int64_t k = 0; k < depth; ++k, panel += kWidth) {
    const Vec<float> low = load(panel), high = load(panel + kLane);
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) {
      const Vec<float> v = splat(a(i, k));
      tile.at[i][0] += v * low;
      if constexpr (Both) tile.at[i][1] += v * high;
    }
  }
}
template <class A>
GG_INLINE void multiply(Tile& tile, int64_t width, int64_t depth, const float* panel, const A& a) {
  if (width > kLane) {
    multiply<true>(tile, depth, panel, a);
  } else {
    multiply<false>(tile, depth, panel, a);
  }
}

void forward(float* y, const float* image, const float* w, int64_t outputs, const ConvPlaces& p) {
  for (int64_t at = 0; at < p.places; at += kPlaces) {
    const int64_t count = least(kPlaces, p.places - at);
    const float* from[kPlaces];
    for (int i = 0; i < kPlaces; ++i) from[i] = image + p.begin[at + least(i, count - 1)];
    for (int64_t o = 0; o < outputs; o += kWidth) {
      Tile tile;
      const int64_t width = least(kWidth, outputs - o);
      multiply(tile, width, p.taps, w + o * p.taps, [&](int i, int64_t k) { return from[i][p.tap[k]]; });
      for (int i = 0; i < count; ++i) {
        float* to = y + (at + i) * outputs + o;
        if (width == kWidth) {
          store(to, tile.at[i][0]);
          store(to + kLane, tile.at[i][1]);
        } else {
          alignas(64) float row[kWidth];
          store(row, tile.at[i][0]);
          store(row + kLane, tile.at[i][1]);
          for (int64_t j = 0; j < width; ++j) to[j] = row[j];
        }
      }
    }
  }
}

typedef float Four __attribute__((vector_size(16)));
typedef float FourUnaligned __attribute__((vector_size(16), aligned(4), may_alias));

// image[tap] += row, four at once where taps lie next to each other (they only go up).
GG_INLINE void add_row(float* image, const Vec<float>* tile, const int32_t* tap, int64_t width) {
  alignas(64) float row[kWidth];
  store(row, tile[0]);
  store(row + kLane, tile[1]);
  for (int64_t j = 0; j < width;) {
    if (j + 4 <= width && tap[j + 3] == tap[j] + 3) {
      FourUnaligned* four = reinterpret_cast<FourUnaligned*>(image + tap[j]);
      *four = *four + *reinterpret_cast<const FourUnaligned*>(row + j);
      j += 4;
    } else {
      image[tap[j]] += row[j];
      ++j;
    }
  }
}

void input_grad(float* image, const float* g, const float* w, int64_t outputs, const ConvPlaces& p) {
  for (int64_t at = 0; at < p.places; at += kPlaces) {
    const int64_t count = least(kPlaces, p.places - at);
    const float* from[kPlaces];
    for (int i = 0; i < kPlaces; ++i) from[i] = g + (at + least(i, count - 1)) * outputs;
    for (int64_t t = 0; t < p.taps; t += kWidth) {
      Tile tile;
      const int64_t width = least(kWidth, p.taps - t);
      multiply(tile, width, outputs, w + t * outputs, [&](int i, int64_t k) { return from[i][k]; });
      // Neighbours overlap, and a load that waits for a store takes long: every second place first.
      for (int first = 0; first < 2; ++first) {
        for (int i = first; i < count; i += 2) add_row(image + p.begin[at + i], tile.at[i], p.tap + t, width);
      }
    }
  }
}

}  // namespace

extern const ConvKernels conv_kernels_table = {kWidth, forward, input_grad};

}  // namespace gg::cpu::GG_ISA
