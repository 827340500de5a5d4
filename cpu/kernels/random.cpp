// Random fills: some blocks of words are made at once, each word index in its own array so that the loops over them
// become vector code, then turned into numbers. This file is compiled without contraction of a·b + c.
#include "cpu/kernels/random.h"

#include "core/philox.h"
#include "cpu/kernels/vec.h"

namespace gg::cpu::GG_ISA {
namespace {

constexpr int kBlocks = 64;

struct Words {
  alignas(64) uint32_t word[4][kBlocks];
};

void make_words(Words& words, const PhiloxState& state, uint64_t first) {
  uint64_t counter = state.offset + first;
  for (int i = 0; i < kBlocks; ++i) {
    PhiloxBlock block = philox(state.seed, counter + static_cast<uint64_t>(i), state.stream);
    for (int w = 0; w < 4; ++w) words.word[w][i] = block.word[w];
  }
}

// Calls make(words, values) for pieces of kBlocks blocks, where `values` has room for kBlocks · PerBlock numbers.
template <int PerBlock, class T, class Make>
GG_INLINE void fill(T* out, int64_t n, const PhiloxState& state, Make&& make) {
  constexpr int64_t kPiece = kBlocks * PerBlock;
  Words words;
  alignas(64) T values[kPiece];
  for (int64_t begin = 0; begin < n; begin += kPiece) {
    make_words(words, state, static_cast<uint64_t>(begin / PerBlock));
    if (n - begin >= kPiece) {
      make(words, out + begin);
    } else {
      make(words, values);
      for (int64_t i = begin; i < n; ++i) out[i] = values[i - begin];
    }
  }
}

void uniform_f32(float* out, int64_t n, const PhiloxState& state) {
  fill<4>(out, n, state, [](const Words& words, float* values) {
    for (int i = 0; i < kBlocks; ++i) {
      for (int w = 0; w < 4; ++w) values[4 * i + w] = uniform_float(words.word[w][i]);
    }
  });
}

void uniform_f64(double* out, int64_t n, const PhiloxState& state) {
  fill<2>(out, n, state, [](const Words& words, double* values) {
    for (int i = 0; i < kBlocks; ++i) {
      values[2 * i] = uniform_double(words.word[0][i], words.word[1][i]);
      values[2 * i + 1] = uniform_double(words.word[2][i], words.word[3][i]);
    }
  });
}

void normal_f32(float* out, int64_t n, const PhiloxState& state) {
  fill<4>(out, n, state, [](const Words& words, float* values) {
    alignas(64) float a[kBlocks], b[kBlocks], c[kBlocks], d[kBlocks];
    for (int i = 0; i < kBlocks; ++i) {
      NormalPair<float> z = normal_pair(words.word[0][i], words.word[1][i]);
      a[i] = z.first;
      b[i] = z.second;
    }
    for (int i = 0; i < kBlocks; ++i) {
      NormalPair<float> z = normal_pair(words.word[2][i], words.word[3][i]);
      c[i] = z.first;
      d[i] = z.second;
    }
    for (int i = 0; i < kBlocks; ++i) {
      values[4 * i] = a[i];
      values[4 * i + 1] = b[i];
      values[4 * i + 2] = c[i];
      values[4 * i + 3] = d[i];
    }
  });
}

void normal_f64(double* out, int64_t n, const PhiloxState& state) {
  fill<2>(out, n, state, [](const Words& words, double* values) {
    alignas(64) double a[kBlocks], b[kBlocks];
    for (int i = 0; i < kBlocks; ++i) {
      NormalPair<double> z = normal_pair(words.word[0][i], words.word[1][i], words.word[2][i], words.word[3][i]);
      a[i] = z.first;
      b[i] = z.second;
    }
    for (int i = 0; i < kBlocks; ++i) {
      values[2 * i] = a[i];
      values[2 * i + 1] = b[i];
    }
  });
}

void integers(int64_t* out, int64_t n, const PhiloxState& state, int64_t low, uint64_t range) {
  fill<2>(out, n, state, [=](const Words& words, int64_t* values) {
    for (int i = 0; i < kBlocks; ++i) {
      for (int w = 0; w < 2; ++w) {
        uint64_t r = uniform_integer(words.word[2 * w][i], words.word[2 * w + 1][i], range);
        values[2 * i + w] = static_cast<int64_t>(static_cast<uint64_t>(low) + r);
      }
    }
  });
}

void bernoulli(uint8_t* out, int64_t n, const PhiloxState& state, uint64_t threshold) {
  fill<4>(out, n, state, [=](const Words& words, uint8_t* values) {
    for (int i = 0; i < kBlocks; ++i) {
      for (int w = 0; w < 4; ++w) values[4 * i + w] = words.word[w][i] < threshold;
    }
  });
}

}  // namespace

extern const RandomKernels random_kernels_table = {uniform_f32, uniform_f64, normal_f32,
                                                   normal_f64,  integers,    bernoulli};

}  // namespace gg::cpu::GG_ISA
