// One thread writes one element and gathers what it depends on, in the adjoints too: nothing is added from two sides,
// and nothing need be cleared first. Neighbouring threads take neighbouring elements along the image's innermost axis,
// be it the width or the channels; where windows overlap, the second read of an element comes from the cache.
#include "cuda/pool_kernels.h"

#include <algorithm>
#include <array>

#include "cuda/images.cuh"

namespace gg::GG_CUDA_NS {

inline constexpr int kPoolThreads = 256;

/// Windows along the height (0) and the width (1).
struct Windows {
  int32_t kernel[2], stride[2], padding[2], dilation[2];
};

/// visit(offset in x, place in its plane) for the taps of the window at (at[2], at[3]) that are inside, row by row.
template <class Visit>
__device__ void for_taps(const Windows& windows, const ImageView& x, const int32_t (&at)[4], Visit visit) {
  const int32_t plane = x.plane(at);
  for (int32_t i = 0; i < windows.kernel[0]; ++i) {
    const int32_t h = at[2] * windows.stride[0] - windows.padding[0] + i * windows.dilation[0];
    if (h < 0 || h >= x.height) continue;
    for (int32_t j = 0; j < windows.kernel[1]; ++j) {
      const int32_t w = at[3] * windows.stride[1] - windows.padding[1] + j * windows.dilation[1];
      if (w < 0 || w >= x.width) continue;
      visit(plane + h * x.stride[2] + w * x.stride[3], h * x.width + w);
    }
  }
}

// A square kernel whose size is known when compiling (kKernel > 0) has all its reads in flight at once.
// bytes: x + values + index, the least; overlapping windows read x again from the cache
template <class T, int kKernel>
__global__ void __launch_bounds__(kPoolThreads)
    max_pool_kernel(ImagePlan plan, ImageView image, Windows windows, T* values, int64_t* index, const T* x) {
  for (uint32_t i = blockIdx.x * kPoolThreads + threadIdx.x; i < plan.count; i += gridDim.x * kPoolThreads) {
    int32_t at[4];
    const int32_t to = plan.locate(i, at);
    T best = 0;
    int32_t found = -1;
    auto see = [&](T u, int32_t place) {
      const bool take = u > best || u != u || found < 0;
      best = take ? u : best;
      found = take ? place : found;
    };
    if constexpr (kKernel > 0) {
      const int32_t plane = image.plane(at);
      T u[kKernel * kKernel];
      int32_t place[kKernel * kKernel];
#pragma unroll
      for (int k = 0; k < kKernel * kKernel; ++k) {
        const int32_t h = at[2] * windows.stride[0] - windows.padding[0] + k / kKernel * windows.dilation[0];
        const int32_t w = at[3] * windows.stride[1] - windows.padding[1] + k % kKernel * windows.dilation[1];
        const bool inside = h >= 0 && h < image.height && w >= 0 && w < image.width;
        place[k] = inside ? h * image.width + w : -1;
        u[k] = inside ? x[plane + h * image.stride[2] + w * image.stride[3]] : T(0);
      }
#pragma unroll
      for (int k = 0; k < kKernel * kKernel; ++k) {
        if (place[k] >= 0) see(u[k], place[k]);
      }
    } else {
      for_taps(windows, image, at, [&](int32_t offset, int32_t place) { see(x[offset], place); });
    }
    index[to] = found;
    values[to] = best;
  }
}

// bytes: x + out, the least; overlapping windows read x again from the cache
template <class T>
__global__ void __launch_bounds__(kPoolThreads)
    avg_pool_kernel(ImagePlan plan, ImageView image, Windows windows, T scale, T* out, const T* x) {
  for (uint32_t i = blockIdx.x * kPoolThreads + threadIdx.x; i < plan.count; i += gridDim.x * kPoolThreads) {
    int32_t at[4];
    const int32_t to = plan.locate(i, at);
    T sum = 0;
    for_taps(windows, image, at, [&](int32_t offset, int32_t) { sum += x[offset]; });
    out[to] = sum * scale;
  }
}

/// dx gathers from the windows that hold it: those that begin from kernel - 1 elements before it on. Of disjoint
/// windows that is one.
// bytes: g + dx, the least; overlapping windows read g again from the cache
template <class T>
__global__ void __launch_bounds__(kPoolThreads)
    avg_pool_adjoint_kernel(ImagePlan plan, ImageView pooled, Windows windows, Divisor stride_h, Divisor stride_w,
                            T scale, T* dx, const T* g) {
  auto range = [&](int axis, const Divisor& stride, int32_t element, int32_t count, int32_t& first, int32_t& last) {
    const int32_t end = element + windows.padding[axis], begin = end - windows.kernel[axis] + 1;
    first = begin <= 0 ? 0 : static_cast<int32_t>(stride.quotient(static_cast<uint32_t>(begin) + stride.value - 1));
    last = static_cast<int32_t>(stride.quotient(static_cast<uint32_t>(end)));
    if (last >= count) last = count - 1;
  };
  const bool disjoint = windows.kernel[0] == windows.stride[0] && windows.kernel[1] == windows.stride[1] &&
                        windows.padding[0] == 0 && windows.padding[1] == 0;
  for (uint32_t i = blockIdx.x * kPoolThreads + threadIdx.x; i < plan.count; i += gridDim.x * kPoolThreads) {
    int32_t at[4], h0, h1, w0, w1;
    const int32_t to = plan.locate(i, at);
    if (disjoint) {
      const auto h = static_cast<int32_t>(stride_h.quotient(static_cast<uint32_t>(at[2])));
      const auto w = static_cast<int32_t>(stride_w.quotient(static_cast<uint32_t>(at[3])));
      const bool inside = h < pooled.height && w < pooled.width;
      dx[to] = inside ? g[pooled.plane(at) + h * pooled.stride[2] + w * pooled.stride[3]] * scale : T(0);
      continue;
    }
    range(0, stride_h, at[2], pooled.height, h0, h1);
    range(1, stride_w, at[3], pooled.width, w0, w1);
    const int32_t plane = pooled.plane(at);
    T sum = 0;
    for (int32_t h = h0; h <= h1; ++h) {
      for (int32_t w = w0; w <= w1; ++w) sum += g[plane + h * pooled.stride[2] + w * pooled.stride[3]];
    }
    dx[to] = sum * scale;
  }
}

// bytes: x + out, the least; repeats come from the cache
template <class T>
__global__ void __launch_bounds__(kPoolThreads) nearest_kernel(ImagePlan plan, ImageView image, T* out, const T* x) {
  for (uint32_t i = blockIdx.x * kPoolThreads + threadIdx.x; i < plan.count; i += gridDim.x * kPoolThreads) {
    int32_t at[4];
    const int32_t to = plan.locate(i, at);
    const uint32_t h = plan.height.quotient(static_cast<uint32_t>(at[2] * image.height));
    const uint32_t w = plan.width.quotient(static_cast<uint32_t>(at[3] * image.width));
    out[to] =
        x[image.plane(at) + static_cast<int32_t>(h) * image.stride[2] + static_cast<int32_t>(w) * image.stride[3]];
  }
}

/// Element a of dx was read by ⌈a·OH/H⌉ to ⌈(a + 1)·OH/H⌉ - 1.
// bytes: g + dx, the least
template <class T>
__global__ void __launch_bounds__(kPoolThreads)
    nearest_adjoint_kernel(ImagePlan plan, ImageView fine, T* dx, const T* g) {
  auto first = [](const Divisor& size, int32_t element, int32_t count) {
    return static_cast<int32_t>(size.quotient(static_cast<uint32_t>(element * count) + size.value - 1));
  };
  for (uint32_t i = blockIdx.x * kPoolThreads + threadIdx.x; i < plan.count; i += gridDim.x * kPoolThreads) {
    int32_t at[4];
    const int32_t to = plan.locate(i, at);
    const int32_t h1 = first(plan.height, at[2] + 1, fine.height), w0 = first(plan.width, at[3], fine.width);
    const int32_t w1 = first(plan.width, at[3] + 1, fine.width), plane = fine.plane(at);
    T sum = 0;
    for (int32_t h = first(plan.height, at[2], fine.height); h < h1; ++h) {
      for (int32_t w = w0; w < w1; ++w) sum += g[plane + h * fine.stride[2] + w * fine.stride[3]];
    }
    dx[to] = sum;
  }
}

namespace {

Windows windows_of(const Pool2dOptions& o) {
  Windows windows{};
  for (int i = 0; i < 2; ++i) {
    windows.kernel[i] = static_cast<int32_t>(o.kernel[i]);
    windows.stride[i] = static_cast<int32_t>(o.stride[i]);
    windows.padding[i] = static_cast<int32_t>(o.padding[i]);
    windows.dilation[i] = static_cast<int32_t>(o.dilation[i]);
  }
  return windows;
}

unsigned pool_grid(const ImagePlan& plan) { return grid_for(plan.count, kPoolThreads, 4); }

void check_pool(const char* op, const Array& pooled, const Array& image, const Pool2dOptions& o) {
  check_images(op, pooled, image);
  for (int i = 0; i < 2; ++i) {
    constexpr int64_t kMost = 1 << 24;  // far more than an image has; 32 bits hold their products with places
    GG_CHECK(o.kernel[i] >= 1 && o.stride[i] >= 1 && o.dilation[i] >= 1 && o.padding[i] >= 0 &&
                 2 * o.padding[i] <= o.kernel[i],
             op, ": kernel, stride and dilation must be at least 1, padding from 0 to half the kernel");
    GG_CHECK(o.kernel[i] <= kMost && o.stride[i] <= kMost && o.dilation[i] <= kMost, op,
             ": kernel, stride or dilation above ", kMost);
    const int64_t places = window_places(image.shape[2 + i], o, i);
    GG_CHECK(places >= 1 && pooled.shape[2 + i] == places, op, ": ", pooled.shape, " is not what pooling makes of ",
             image.shape);
  }
}

void check_nearest(const char* op, const Array& fine, const Array& coarse) {
  check_images(op, fine, coarse);
  for (int i = 2; i < 4; ++i) {
    GG_CHECK((fine.shape[i] + 1) * (coarse.shape[i] + 1) <= INT32_MAX, op, ": ", coarse.shape, " to ", fine.shape,
             " is beyond 32-bit numbers");
  }
}

template <class T>
T one_of_window(const Pool2dOptions& o) {
  return T(1) / static_cast<T>(o.kernel[0] * o.kernel[1]);
}

}  // namespace

void max_pool2d(Array values, Array index, Array x, Pool2dOptions o) {
  check_pool("max_pool2d", index, x, o);
  GG_CHECK(values.shape == index.shape && values.strides == index.strides && values.dtype == x.dtype,
           "max_pool2d: values ", values.dtype, " ", values.shape, " do not lie as positions ", index.shape, " of ",
           x.dtype);
  GG_CHECK(index.dtype == i64, "max_pool2d: positions are int64, got ", index.dtype);
  if (index.numel() == 0) return;
  const ImagePlan plan = plan_image(index, x);
  visit_floating(x.dtype, "max_pool2d", [&]<class T>() {
    auto run = [&](auto kernel) {
      launch("max_pool2d", kernel, pool_grid(plan), kPoolThreads, 0, plan, view_image(x), windows_of(o), values.as<T>(),
             index.as<int64_t>(), x.as<const T>());
    };
    o.kernel == Size2(2)   ? run(max_pool_kernel<T, 2>)
    : o.kernel == Size2(3) ? run(max_pool_kernel<T, 3>)
                           : run(max_pool_kernel<T, 0>);
  });
}

void avg_pool2d(Array out, Array x, Pool2dOptions o) {
  check_pool("avg_pool2d", out, x, o);
  if (out.numel() == 0) return;
  const ImagePlan plan = plan_image(out, x);
  visit_floating(x.dtype, "avg_pool2d", [&]<class T>() {
    launch("avg_pool2d", avg_pool_kernel<T>, pool_grid(plan), kPoolThreads, 0, plan, view_image(x), windows_of(o),
           one_of_window<T>(o), out.as<T>(), x.as<const T>());
  });
}

void avg_pool2d_adjoint(Array dx, Array g, Pool2dOptions o) {
  check_pool("avg_pool2d_adjoint", g, dx, o);
  if (dx.numel() == 0) return;
  const ImagePlan plan = plan_image(dx, dx);
  visit_floating(dx.dtype, "avg_pool2d_adjoint", [&]<class T>() {
    launch("avg_pool2d_adjoint", avg_pool_adjoint_kernel<T>, pool_grid(plan), kPoolThreads, 0, plan, view_image(g),
           windows_of(o), Divisor(static_cast<uint32_t>(o.stride[0])), Divisor(static_cast<uint32_t>(o.stride[1])),
           one_of_window<T>(o), dx.as<T>(), g.as<const T>());
  });
}

void interpolate_nearest(Array out, Array x) {
  check_nearest("interpolate_nearest", out, x);
  if (out.numel() == 0) return;
  GG_CHECK(x.numel() > 0, "interpolate_nearest: cannot resize ", x.shape, " to ", out.shape);
  const ImagePlan plan = plan_image(out, out);
  visit_floating(x.dtype, "interpolate_nearest", [&]<class T>() {
    launch("interpolate_nearest", nearest_kernel<T>, pool_grid(plan), kPoolThreads, 0, plan, view_image(x), out.as<T>(),
           x.as<const T>());
  });
}

void interpolate_nearest_adjoint(Array dx, Array g) {
  check_nearest("interpolate_nearest_adjoint", g, dx);
  if (dx.numel() == 0) return;
  const ImagePlan plan = plan_image(dx, dx);
  visit_floating(dx.dtype, "interpolate_nearest_adjoint", [&]<class T>() {
    launch("interpolate_nearest_adjoint", nearest_adjoint_kernel<T>, pool_grid(plan), kPoolThreads, 0, plan,
           view_image(g), dx.as<T>(), g.as<const T>());
  });
}

}  // namespace gg::GG_CUDA_NS
