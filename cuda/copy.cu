// Copies. Equal dense orders are one run of bytes. Where `out` runs along one axis and `x` along another, the two are
// walked in square tiles that pass through shared memory, so that both sides move whole lines; everything else is the
// elementwise kernel with nothing to compute. Elements are moved as bits of their size.
#include "cuda/copy.h"

#include "core/convert.h"
#include "cuda/elementwise.cuh"
#include "cuda/memory.h"

namespace gg::GG_CUDA_NS {

template <class Bits>
struct MoveOp {
  __device__ Bits operator()(Bits x) const { return x; }
};

template <class Bits>
struct FillOp {
  Bits value;
  __device__ Bits operator()() const { return value; }
};

inline constexpr int kTile = 32;          // side of a tile
inline constexpr int kTileThreads = 256;  // 8 rows of a tile at a time

/// Two axes to be exchanged, and the others as a plan of (out, x).
struct Transposition {
  uint32_t rows, cols;           ///< x is dense along the rows' axis, out along the columns'
  int32_t out_stride, x_stride;  ///< of out from row to row, of x from column to column
  Divisor tiles, tiles_in_row;   ///< tiles of one matrix, and of one row of tiles
  StridedPlan matrices;
};

// bytes: x + out, the least
template <class Bits>
__global__ void __launch_bounds__(kTileThreads) transpose_kernel(Transposition t, Bits* out, const Bits* x) {
  GG_SHARED(Bits, tile, [kTile][kTile + 1]);  // one more: a column then touches every bank once
  const uint32_t lane = threadIdx.x % kTile, first = threadIdx.x / kTile;
  const uint32_t matrix = t.tiles.quotient(blockIdx.x), in_matrix = blockIdx.x - matrix * t.tiles.value;
  const uint32_t tile_row = t.tiles_in_row.quotient(in_matrix);
  const uint32_t row = tile_row * kTile, col = (in_matrix - tile_row * t.tiles_in_row.value) * kTile;
  int32_t at[2] = {};
  t.matrices.add_offsets(matrix, at);
  for (uint32_t c = first; c < kTile; c += kTileThreads / kTile) {
    if (row + lane < t.rows && col + c < t.cols) {
      tile[c][lane] = x[at[1] + static_cast<int32_t>(row + lane) + static_cast<int32_t>(col + c) * t.x_stride];
    }
  }
  __syncthreads();
  for (uint32_t r = first; r < kTile; r += kTileThreads / kTile) {
    if (row + r < t.rows && col + lane < t.cols) {
      out[at[0] + static_cast<int32_t>(col + lane) + static_cast<int32_t>(row + r) * t.out_stride] = tile[lane][r];
    }
  }
}

namespace {

constexpr uint32_t kShortAxis = 8;  // tiles would be mostly empty along shorter ones

void drop_axis(StridedPlan& plan, int axis) {
  --plan.rank;
  for (int i = axis; i < plan.rank; ++i) {
    plan.dims[i] = plan.dims[i + 1];
    for (auto& strides : plan.strides) strides[i] = strides[i + 1];
  }
}

/// Launches the tiled kernel if the plan has two long axes along which x and out are dense.
template <class Bits>
bool transposed(const StridedPlan& plan, const Array& out, const Array& x) {
  if (plan.rank < 2 || plan.strides[0][0] != 1 || plan.strides[1][0] <= 1) return false;
  for (int axis = 1; axis < plan.rank; ++axis) {
    if (plan.strides[1][axis] != 1) continue;
    Transposition t{};
    t.rows = plan.dims[axis].value;
    t.cols = plan.dims[0].value;
    if (t.rows < kShortAxis || t.cols < kShortAxis) return false;
    t.out_stride = plan.strides[0][axis];
    t.x_stride = plan.strides[1][0];
    t.matrices = plan;
    drop_axis(t.matrices, axis);
    drop_axis(t.matrices, 0);
    const uint32_t matrices = plan.count / t.rows / t.cols;
    const uint32_t across = (t.cols + kTile - 1) / kTile, down = (t.rows + kTile - 1) / kTile;
    t.tiles_in_row = Divisor(across);
    t.tiles = Divisor(across * down);
    const unsigned grid = matrices * across * down;  // fewer than elements, as kShortAxis has it
    launch("copy (transposed)", transpose_kernel<Bits>, grid, kTileThreads, 0, t, out.as<Bits>(), x.as<const Bits>());
    return true;
  }
  return false;
}

/// Calls fn with an unsigned type of the element's size.
template <class Fn>
void visit_bits(DType type, Fn&& fn) {
  switch (size_of(type)) {
    case 8:
      return fn.template operator()<uint64_t>();
    case 4:
      return fn.template operator()<uint32_t>();
    default:
      return fn.template operator()<uint8_t>();
  }
}

template <class Value>
void fill_with(const Array& out, Value value) {
  uint64_t bits = 0;
  visit_any(out.dtype, [&]<class T>() {
    const T converted = convert<T>(value);
    std::memcpy(&bits, &converted, sizeof(T));
  });
  visit_bits(out.dtype,
             [&]<class Bits>() { elementwise<Bits>("fill", FillOp<Bits>{static_cast<Bits>(bits)}, out, {}); });
}

}  // namespace

void copy(Array out, Array x) {
  GG_CHECK(out.shape == x.shape, "copy: shapes differ: ", out.shape, " and ", x.shape);
  if (out.dtype != x.dtype) {
    const DeviceKernel cast = plain_kernels().cast[static_cast<int>(x.dtype)][static_cast<int>(out.dtype)];
    return elementwise("copy (cast)", cast, FunctorBytes{}, out, std::span<const Array>(&x, 1));
  }
  const Array operands[] = {out, x};
  const StridedPlan plan = make_plan("copy", operands);
  if (plan.count == 0) return;
  if (plan.packed) return copy_within(out.data, x.data, plan.count * size_of(out.dtype));
  visit_bits(out.dtype, [&]<class Bits>() {
    if (!transposed<Bits>(plan, out, x)) elementwise<Bits, Bits>("copy", MoveOp<Bits>{}, out, {x});
  });
}

void fill(Array out, double value) { fill_with(out, value); }
void fill(Array out, int64_t value) { fill_with(out, value); }

}  // namespace gg::GG_CUDA_NS
