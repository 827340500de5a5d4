#include "cpu/random.h"

#include <algorithm>
#include <utility>

#include "core/parallel.h"
#include "cpu/copy.h"
#include "cpu/kernels/random.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

constexpr int64_t kGrain = 16 * 1024;  // elements in a chunk; a multiple of what a block makes

// Calls fn(first, count) of bits that are 1 with the threshold's probability, for pieces of n of them.
template <class Fn>
void for_bits(int64_t n, const PhiloxState& state, uint64_t threshold, Fn&& fn) {
  constexpr int64_t kBits = 1024;
  uint8_t bits[kBits];
  for (int64_t begin = 0; begin < n; begin += kBits) {
    const int64_t count = std::min(kBits, n - begin);
    PhiloxState at = state;
    at.offset += static_cast<uint64_t>(begin / 4);
    random_kernels().bernoulli(bits, count, at, threshold);
    fn(begin, count, bits);
  }
}

// Calls fill(pointer, count, state at that place) for pieces of `out` in row-major order.
template <int PerBlock, class T, class Fill>
void fill_contiguous(T* out, int64_t n, const PhiloxState& state, Fill&& fill) {
  parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
    PhiloxState here = state;
    here.offset += static_cast<uint64_t>(begin / PerBlock);
    fill(out + begin, end - begin, here);
  });
}

// As fill_contiguous, for any layout.
template <int PerBlock, class T, class Fill>
void fill_any(const Array& out, const PhiloxState& state, Fill&& fill) {
  if (out.numel() == 0) return;
  if (out.is_contiguous()) return fill_contiguous<PerBlock>(out.as<T>(), out.numel(), state, fill);
  Scratch scratch(sizeof(T) * static_cast<size_t>(out.numel()));
  fill_contiguous<PerBlock>(scratch.as<T>(), out.numel(), state, fill);
  Array temporary = out;
  temporary.data = scratch.as<void>();
  temporary.strides = Layout::contiguous(out.shape).strides;
  copy(out, temporary);
}

// Calls fn(out, x, count) on row-major memory of one floating type; where it is not, on copies.
template <class Fn>
void map_dense(const char* name, const Array& out, const Array& x, const Fn& fn) {
  GG_CHECK(out.shape == x.shape && out.dtype == x.dtype, name, ": ", out.dtype, " ", out.shape, " and ", x.dtype, " ",
           x.shape, " do not fit");
  if (x.is_contiguous() && out.is_contiguous()) {
    return visit_floating(out.dtype, name, [&]<class T>() { fn(out.as<T>(), x.as<const T>(), out.numel()); });
  }
  Scratch scratch(size_of(x.dtype) * static_cast<size_t>(x.numel()));
  const Array dense{scratch.as<void>(), x.dtype, x.shape, Layout::contiguous(x.shape).strides};
  copy(dense, x);
  map_dense(name, dense, dense, fn);
  copy(out, dense);
}

}  // namespace

void random_uniform(Array out, const PhiloxState* state) {
  const RandomKernels& kernels = random_kernels();
  visit_floating(out.dtype, "random_uniform", [&]<class T>() {
    if constexpr (std::is_same_v<T, float>) {
      fill_any<4, float>(out, *state, kernels.uniform_f32);
    } else {
      fill_any<2, double>(out, *state, kernels.uniform_f64);
    }
  });
}

void random_normal(Array out, const PhiloxState* state) {
  const RandomKernels& kernels = random_kernels();
  visit_floating(out.dtype, "random_normal", [&]<class T>() {
    if constexpr (std::is_same_v<T, float>) {
      fill_any<4, float>(out, *state, kernels.normal_f32);
    } else {
      fill_any<2, double>(out, *state, kernels.normal_f64);
    }
  });
}

void random_bernoulli(Array out, const PhiloxState* state, double p) {
  GG_CHECK(p >= 0 && p <= 1, "random_bernoulli: expected a probability from 0 to 1, got ", p);
  const uint64_t threshold = bernoulli_threshold(p);
  visit_any(out.dtype, [&]<class T>() {
    fill_any<4, T>(out, *state, [&](T* values, int64_t n, const PhiloxState& here) {
      for_bits(n, here, threshold, [&](int64_t begin, int64_t count, const uint8_t* bits) {
        for (int64_t i = 0; i < count; ++i) values[begin + i] = static_cast<T>(bits[i]);
      });
    });
  });
}

void random_dropout(Array out, Array x, const PhiloxState* state, double keep) {
  GG_CHECK(keep > 0 && keep <= 1, "random_dropout: expected a probability above 0 and up to 1, got ", keep);
  const uint64_t threshold = bernoulli_threshold(keep);
  map_dense("random_dropout", out, x, [&]<class T>(T* to, const T* x_data, int64_t numel) {
    const T factor = T(1) / static_cast<T>(keep);
    fill_contiguous<4>(to, numel, *state, [&](T* values, int64_t n, const PhiloxState& here) {
      const T* from = x_data + (values - to);
      for_bits(n, here, threshold, [&](int64_t begin, int64_t count, const uint8_t* bits) {
        for (int64_t i = begin; i < begin + count; ++i)
          values[i] = from[i] * (factor * static_cast<T>(bits[i - begin]));
      });
    });
  });
}

void random_noise(Array out, Array x, const PhiloxState* state, Noise kind, double width) {
  const RandomKernels& kernels = random_kernels();
  const NoiseFactor f = noise_factor(kind, width);
  map_dense("random_noise", out, x, [&]<class T>(T* to, const T* x_data, int64_t numel) {
    constexpr int kPerBlock = std::is_same_v<T, float> ? 4 : 2;
    const auto draw = [&] {
      if constexpr (std::is_same_v<T, float>) {
        return kind == Noise::uniform ? kernels.uniform_f32 : kernels.normal_f32;
      } else {
        return kind == Noise::uniform ? kernels.uniform_f64 : kernels.normal_f64;
      }
    }();
    const T scale = static_cast<T>(f.scale), shift = static_cast<T>(f.shift);
    fill_contiguous<kPerBlock>(to, numel, *state, [&](T* values, int64_t n, const PhiloxState& here) {
      constexpr int64_t kPiece = 1024;
      T drawn[kPiece];
      const T* from = x_data + (values - to);
      for (int64_t begin = 0; begin < n; begin += kPiece) {
        const int64_t count = std::min(kPiece, n - begin);
        PhiloxState at = here;
        at.offset += static_cast<uint64_t>(begin / kPerBlock);
        draw(drawn, count, at);
        for (int64_t i = 0; i < count; ++i) values[begin + i] = from[begin + i] * (shift + scale * drawn[i]);
      }
    });
  });
}

void random_integers(Array out, const PhiloxState* state, int64_t low, int64_t high) {
  GG_CHECK(out.dtype == i64, "random_integers: expected int64, got ", out.dtype);
  GG_CHECK(low < high, "random_integers: the range from ", low, " to ", high, " (exclusive) is empty");
  uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  const RandomKernels& kernels = random_kernels();
  fill_any<2, int64_t>(out, *state, [&](int64_t* values, int64_t n, const PhiloxState& here) {
    kernels.integers(values, n, here, low, range);
  });
}

void random_permutation(Array out, const PhiloxState* state) {
  GG_CHECK(out.dtype == i64 && out.rank() == 1, "random_permutation: expected int64 with one axis, got ", out.dtype,
           " ", out.shape);
  arange(out, int64_t{0}, int64_t{1});
  int64_t* values = out.as<int64_t>();
  int64_t step = out.strides[0];
  for (int64_t i = out.shape[0] - 1; i > 0; --i) {
    PhiloxBlock block = philox(state->seed, state->offset + static_cast<uint64_t>(i / 2), state->stream);
    int w = static_cast<int>(i % 2) * 2;
    auto j = static_cast<int64_t>(uniform_integer(block.word[w], block.word[w + 1], static_cast<uint64_t>(i) + 1));
    std::swap(values[i * step], values[j * step]);
  }
}

}  // namespace gg::cpu
