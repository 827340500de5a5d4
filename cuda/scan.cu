// A line is taken by a warp where its elements lie side by side, which scans 32 of them by shuffles and carries the sum
// on; where neighbouring lines lie side by side, by one thread, which walks down. Few long lines are cut into parts: a
// first launch sums the parts, a second scans those sums, and a third scans the parts from where each begins. A scan in
// one pass (each part waiting for its predecessors' sums) would read x once less, but adds in an order that differs
// from run to run.
#include "cuda/scan.h"

#include <algorithm>
#include <cstdlib>

#include "core/position_arrays.h"
#include "core/reversed.h"
#include "cuda/axes.h"
#include "cuda/reduce.cuh"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kScanThreads = 256;
inline constexpr int kScanItems = 4;  // elements in flight a thread

// Sums of floats are carried in double, those of integers and bools in 64-bit integers.
template <class T>
using ScanSum = std::conditional_t<std::is_floating_point_v<T>, double, unsigned long long>;

struct ScanPlan {
  AxisPlan<2> lines;  ///< of x, out
  uint32_t length = 0, part = 0;
  Divisor parts;  ///< of a line
  int32_t x_step = 0, out_step = 0;
};

/// The sum of this lane's value and those of the lanes before it.
template <class Sum>
__device__ Sum warp_scan(Sum value, uint32_t lane) {
#pragma unroll
  for (unsigned apart = 1; apart < 32; apart *= 2) {
    const Sum other = __shfl_up_sync(kFullMask, value, apart);
    if (lane >= apart) value += other;
  }
  return value;
}

/// sums: [line][part]. Without `out` their sums go there; with it, part p > 0 begins behind sums[line][p - 1].
// bytes: x + out, the least; lines in parts read x twice
template <class T, class Out, bool kAlong>
__global__ void __launch_bounds__(kScanThreads) scan_kernel(ScanPlan plan, Out* out, const T* x, ScanSum<T>* sums) {
  using Sum = ScanSum<T>;
  constexpr uint32_t kLanes = kAlong ? 32 : 1;
  const uint32_t lane = threadIdx.x % kLanes, thread = blockIdx.x * kScanThreads + threadIdx.x;
  const uint32_t at_once = gridDim.x * kScanThreads / kLanes;
  for (uint32_t item = thread / kLanes; item < plan.lines.count * plan.parts.value; item += at_once) {
    // Neighbouring threads take neighbouring lines, neighbouring warps neighbouring parts.
    const uint32_t high = kAlong ? plan.parts.quotient(item) : 0;
    const uint32_t line = kAlong ? high : item % plan.lines.count;
    const uint32_t part = kAlong ? item - high * plan.parts.value : item / plan.lines.count;
    int32_t at[2] = {};
    plan.lines.add_offsets(line, at);
    const uint32_t begin = part * plan.part;
    const uint32_t end = plan.length - begin < plan.part ? plan.length : begin + plan.part;
    Sum* const own = sums ? sums + line * plan.parts.value + part : nullptr;
    Sum carry = out && part > 0 ? own[-1] : Sum(0);
    for (uint32_t first = begin; first < end; first += kScanItems * kLanes) {
      Sum v[kScanItems];
#pragma unroll
      for (uint32_t k = 0; k < kScanItems; ++k) {
        const uint32_t i = first + k * kLanes + lane;
        v[k] = i < end ? static_cast<Sum>(x[at[0] + static_cast<int32_t>(i) * plan.x_step]) : Sum(0);
      }
#pragma unroll
      for (uint32_t k = 0; k < kScanItems; ++k) {
        if constexpr (kAlong) v[k] = warp_scan(v[k], lane);
      }
#pragma unroll
      for (uint32_t k = 0; k < kScanItems; ++k) {
        const uint32_t i = first + k * kLanes + lane;
        const Sum sum = carry + v[k];
        if (out && i < end) out[at[1] + static_cast<int32_t>(i) * plan.out_step] = static_cast<Out>(sum);
        carry = kAlong ? __shfl_sync(kFullMask, sum, 31) : sum;
      }
    }
    if (!out && lane == 0) *own = carry;
  }
}

namespace {

template <class T, class Out>
void scan(const Array& out, const Array& x, int axis) {
  using Sum = ScanSum<T>;
  AxisList others(2);
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) others.push(x.shape[i], {x.strides[i], out.strides[i]});
  }
  others.sort().merge();
  ScanPlan plan;
  plan.lines = others.fixed<2>();
  plan.length = static_cast<uint32_t>(x.shape[axis]);
  plan.x_step = static_cast<int32_t>(x.strides[axis]);
  plan.out_step = static_cast<int32_t>(out.strides[axis]);
  const int64_t lines = plan.lines.count, beside = std::abs(others.inner_stride(0));
  const bool along = others.rank == 0 || std::abs(x.strides[axis]) <= beside;
  // Parts such that there are some thousand warps, each with 512 elements a lane-group or more.
  const int64_t lanes = along ? 32 : 1, wanted = (int64_t{1} << 17) / lanes, least = along ? 2048 : 64;
  const int64_t parts = std::clamp<int64_t>(std::min(wanted / lines, plan.length / least), 1, 4096);
  const int64_t tile = kScanItems * lanes;
  plan.part = static_cast<uint32_t>(((plan.length + parts - 1) / parts + tile - 1) / tile * tile);
  plan.parts = Divisor((plan.length + plan.part - 1) / plan.part);
  auto run = [&](Out* to, Sum* sums) {
    launch("cumsum", along ? scan_kernel<T, Out, true> : scan_kernel<T, Out, false>,
           grid_for(lines * plan.parts.value * lanes, kScanThreads, 4), kScanThreads, 0, plan, to, x.as<const T>(),
           sums);
  };
  if (plan.parts.value == 1) return run(out.as<Out>(), nullptr);
  const auto count = static_cast<int64_t>(plan.parts.value);
  DeviceScratch block(sizeof(Sum) * static_cast<size_t>(lines * count), Device::GG_CUDA_NS);
  run(nullptr, block.as<Sum>());
  using Whole = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
  const Array sums{block.as<void>(), dtype_of<Whole>, {lines, count}, {count, 1}};
  ScanPlan over;
  AxisList rows(2);
  rows.push(lines, {count, count});
  over.lines = rows.merge().fixed<2>();
  over.length = over.part = plan.parts.value;
  over.parts = Divisor(1);
  over.x_step = over.out_step = 1;
  launch("cumsum (parts)", scan_kernel<Whole, Whole, true>, grid_for(lines * 32, kScanThreads), kScanThreads, 0, over,
         sums.as<Whole>(), sums.as<const Whole>(), nullptr);
  run(out.as<Out>(), block.as<Sum>());
}

}  // namespace

void cumsum(Array out, Array x, int axis, bool reverse) {
  axis = normalize_axis(axis, x.rank(), "cumsum");
  check_cumsum(out, x);
  check_reach("cumsum", {out, x});
  if (x.numel() == 0) return;
  if (reverse) {
    out = reversed(out, axis);
    x = reversed(x, axis);
  }
  switch (x.dtype) {
    case DType::f32:
      return scan<float, float>(out, x, axis);
    case DType::f64:
      return scan<double, double>(out, x, axis);
    case DType::i64:
      return scan<int64_t, int64_t>(out, x, axis);
    default:
      return scan<bool, int64_t>(out, x, axis);
  }
}

}  // namespace gg::GG_CUDA_NS
