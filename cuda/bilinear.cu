// One thread writes one element: of the result from four neighbours, of the adjoint from all results that read it. So
// nothing is added from two sides, and nothing need be cleared first.
#include "cuda/bilinear.h"

#include <cstdlib>

#include "cuda/images.cuh"

namespace gg::GG_CUDA_NS {

inline constexpr int kBilinearThreads = 256;

/// A LinearAxis as threads compute with it.
struct AxisReader {
  int32_t step, shift, last;  ///< the last element of the source
  Divisor denominator, stride;
  int32_t results;

  __device__ int32_t locate(int32_t i, uint32_t& rest) const {
    const int32_t n = i * step + shift;
    const uint32_t numerator = n < 0 ? 0u : static_cast<uint32_t>(n), low = denominator.quotient(numerator);
    rest = numerator - low * denominator.value;
    return static_cast<int32_t>(low);
  }
  /// The neighbours of element i of the result, and the weight of the upper one.
  template <class T>
  __device__ T neighbours(int32_t i, int32_t& low, int32_t& high) const {
    uint32_t rest;
    low = locate(i, rest);
    high = low < last ? low + 1 : low;
    return low < last ? static_cast<T>(rest) / static_cast<T>(denominator.value) : T(0);
  }
  /// The results that read element a of the source: first … end - 1; of those at the ends the weight may be 0.
  __device__ void readers(int32_t a, int32_t& first, int32_t& end) const {
    if (step == 0) {
      first = 0;
      end = a == 0 ? results : 0;
      return;
    }
    const auto d = static_cast<int32_t>(denominator.value);
    const int32_t from = (a - 1) * d - shift, to = (a + 1) * d - shift;
    first = from <= 0 ? 0 : static_cast<int32_t>(stride.quotient(static_cast<uint32_t>(from + step - 1)));
    end = to <= 0 ? 0 : static_cast<int32_t>(stride.quotient(static_cast<uint32_t>(to + step - 1)));
    if (a == last || end > results) end = results;
  }
  template <class T>
  __device__ T weight(int32_t i, int32_t a) const {
    int32_t low, high;
    const T t = neighbours<T>(i, low, high);
    return (low == a ? T(1) - t : T(0)) + (high == a && high != low ? t : T(0));
  }
};

// bytes: x + out, the least; neighbours come from the cache
template <class T>
__global__ void __launch_bounds__(kBilinearThreads)
    bilinear_kernel(ImagePlan plan, ImageView image, AxisReader rows, AxisReader columns, T* out, const T* x) {
  for (uint32_t i = blockIdx.x * kBilinearThreads + threadIdx.x; i < plan.count; i += gridDim.x * kBilinearThreads) {
    int32_t at[4], top, bottom, left, right;
    const int32_t to = plan.locate(i, at);
    const T th = rows.neighbours<T>(at[2], top, bottom), tw = columns.neighbours<T>(at[3], left, right);
    const T *upper = x + image.plane(at) + top * image.stride[2], *lower = upper + (bottom - top) * image.stride[2];
    const int32_t l = left * image.stride[3], r = right * image.stride[3];
    const T a = upper[l] * (T(1) - th) + lower[l] * th, b = upper[r] * (T(1) - th) + lower[r] * th;
    out[to] = a * (T(1) - tw) + b * tw;
  }
}

// bytes: g + dx, the least; enlarged four times or more, threads read g again from the cache
template <class T>
__global__ void __launch_bounds__(kBilinearThreads)
    bilinear_adjoint_kernel(ImagePlan plan, ImageView fine, AxisReader rows, AxisReader columns, T* dx, const T* g) {
  for (uint32_t i = blockIdx.x * kBilinearThreads + threadIdx.x; i < plan.count; i += gridDim.x * kBilinearThreads) {
    int32_t at[4], h0, h1, w0, w1;
    const int32_t to = plan.locate(i, at);
    rows.readers(at[2], h0, h1);
    columns.readers(at[3], w0, w1);
    const int32_t plane = fine.plane(at);
    T sum = 0;
    for (int32_t h = h0; h < h1; ++h) {
      T line = 0;
      for (int32_t w = w0; w < w1; ++w) {
        line += g[plane + h * fine.stride[2] + w * fine.stride[3]] * columns.weight<T>(w, at[3]);
      }
      sum += line * rows.weight<T>(h, at[2]);
    }
    dx[to] = sum;
  }
}

namespace {

AxisReader reader(const char* op, const LinearAxis& axis, int64_t source, int64_t results) {
  const int64_t largest = (results + 1) * axis.step + (source + 1) * axis.denominator + std::abs(axis.shift);
  GG_CHECK(largest <= INT32_MAX, op, ": from ", source, " to ", results, " elements is beyond 32-bit numbers");
  AxisReader r{};
  r.step = static_cast<int32_t>(axis.step);
  r.shift = static_cast<int32_t>(axis.shift);
  r.last = static_cast<int32_t>(source - 1);
  r.denominator = Divisor(static_cast<uint32_t>(axis.denominator));
  r.stride = Divisor(static_cast<uint32_t>(axis.step > 0 ? axis.step : 1));
  r.results = static_cast<int32_t>(results);
  return r;
}

}  // namespace

void interpolate_bilinear(Array out, Array x, LinearAxes axes) {
  constexpr const char* op = "interpolate_bilinear";
  check_images(op, out, x);
  if (out.numel() == 0) return;
  GG_CHECK(x.numel() > 0, op, ": cannot resize ", x.shape, " to ", out.shape);
  const AxisReader rows = reader(op, axes.height, x.shape[2], out.shape[2]);
  const AxisReader columns = reader(op, axes.width, x.shape[3], out.shape[3]);
  const ImagePlan plan = plan_image(out, out);
  visit_floating(x.dtype, op, [&]<class T>() {
    launch("interpolate_bilinear", bilinear_kernel<T>, grid_for(plan.count, kBilinearThreads, 4), kBilinearThreads, 0,
           plan, view_image(x), rows, columns, out.as<T>(), x.as<const T>());
  });
}

void interpolate_bilinear_adjoint(Array dx, Array g, LinearAxes axes) {
  constexpr const char* op = "interpolate_bilinear_adjoint";
  check_images(op, g, dx);
  if (dx.numel() == 0) return;
  const AxisReader rows = reader(op, axes.height, dx.shape[2], g.shape[2]);
  const AxisReader columns = reader(op, axes.width, dx.shape[3], g.shape[3]);
  const ImagePlan plan = plan_image(dx, dx);
  visit_floating(dx.dtype, op, [&]<class T>() {
    launch("interpolate_bilinear_adjoint", bilinear_adjoint_kernel<T>, grid_for(plan.count, kBilinearThreads, 4),
           kBilinearThreads, 0, plan, view_image(g), rows, columns, dx.as<T>(), g.as<const T>());
  });
}

}  // namespace gg::GG_CUDA_NS
