// Transposes by squares that stay in registers. They are as wide as a vector where both sides are that long; vectors of
// 16 bytes, and shorter sides, go by small blocks, of which rows are loaded and interleaved in steps.
#include "cpu/kernels/copy.h"

#include "cpu/kernels/transpose.h"

namespace gg::cpu::GG_ISA {
namespace {

typedef uint32_t Quad __attribute__((vector_size(16)));
typedef uint32_t QuadUnaligned __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint64_t Pair __attribute__((vector_size(16)));
typedef uint64_t PairUnaligned __attribute__((vector_size(16), aligned(8), may_alias));

struct Block4 {
  using Element = uint32_t;
  static constexpr int kSide = 4;
  GG_INLINE static void move(uint32_t* to, int64_t to_stride, const uint32_t* from, int64_t from_stride) {
    Quad a = *reinterpret_cast<const QuadUnaligned*>(from);
    Quad b = *reinterpret_cast<const QuadUnaligned*>(from + from_stride);
    Quad c = *reinterpret_cast<const QuadUnaligned*>(from + 2 * from_stride);
    Quad d = *reinterpret_cast<const QuadUnaligned*>(from + 3 * from_stride);
    Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    Quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *reinterpret_cast<QuadUnaligned*>(to) = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    *reinterpret_cast<QuadUnaligned*>(to + to_stride) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    *reinterpret_cast<QuadUnaligned*>(to + 2 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *reinterpret_cast<QuadUnaligned*>(to + 3 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
  }
};

struct Block8 {
  using Element = uint64_t;
  static constexpr int kSide = 2;
  GG_INLINE static void move(uint64_t* to, int64_t to_stride, const uint64_t* from, int64_t from_stride) {
    Pair a = *reinterpret_cast<const PairUnaligned*>(from);
    Pair b = *reinterpret_cast<const PairUnaligned*>(from + from_stride);
    *reinterpret_cast<PairUnaligned*>(to) = __builtin_shufflevector(a, b, 0, 2);
    *reinterpret_cast<PairUnaligned*>(to + to_stride) = __builtin_shufflevector(a, b, 1, 3);
  }
};

// What is left of a side is moved with elements that were moved before: a square that ends where the side does.
template <class T>
void transpose_squares(T* to, int64_t to_stride, const T* from, int64_t from_stride, int64_t rows, int64_t cols) {
  constexpr int64_t W = kLanes<T>;
  for (int64_t j = 0; j < cols; j += W) {
    if (j + W > cols) j = cols - W;
    for (int64_t i = 0; i < rows; i += W) {
      if (i + W > rows) i = rows - W;
      transpose_square(to + i * to_stride + j, to_stride, from + j * from_stride + i, from_stride);
    }
  }
}

template <class Block>
void transpose_blocks(typename Block::Element* to, int64_t to_stride, const typename Block::Element* from,
                      int64_t from_stride, int64_t rows, int64_t cols) {
  constexpr int S = Block::kSide;
  constexpr int64_t kLine = 64 / sizeof(typename Block::Element);  // one cache line of the destination at a time
  for (int64_t j0 = 0; j0 < cols; j0 += kLine) {
    int64_t j1 = j0 + kLine < cols ? j0 + kLine : cols;
    int64_t i = 0;
    for (; i + S <= rows; i += S) {
      int64_t j = j0;
      for (; j + S <= j1; j += S) {
        Block::move(to + i * to_stride + j, to_stride, from + j * from_stride + i, from_stride);
      }
      for (; j < j1; ++j) {
        for (int64_t r = i; r < i + S; ++r) to[r * to_stride + j] = from[j * from_stride + r];
      }
    }
    for (; i < rows; ++i) {
      for (int64_t j = j0; j < j1; ++j) to[i * to_stride + j] = from[j * from_stride + i];
    }
  }
}

template <class T, class Block>
void transpose(typename Block::Element* to, int64_t to_stride, const typename Block::Element* from, int64_t from_stride,
               int64_t rows, int64_t cols) {
  if (kVecBytes > 16 && rows >= kLanes<T> && cols >= kLanes<T>) {
    // As floating-point numbers, which nothing looks at.
    transpose_squares(reinterpret_cast<T*>(to), to_stride, reinterpret_cast<const T*>(from), from_stride, rows, cols);
  } else {
    transpose_blocks<Block>(to, to_stride, from, from_stride, rows, cols);
  }
}

}  // namespace

extern const CopyKernels copy_kernels_table = {transpose<float, Block4>, transpose<double, Block8>};

}  // namespace gg::cpu::GG_ISA
