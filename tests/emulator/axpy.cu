#include "tests/emulator/axpy.h"

#include "cuda/elementwise.cuh"

namespace gg::GG_CUDA_NS {

template <class T>
struct Axpy {
  T a;
  __device__ T operator()(T x, T y) const { return a * x + y; }
};

struct Above {
  float threshold;
  __device__ bool operator()(float x) const { return x > threshold; }
};

struct Fill {
  double value;
  __device__ double operator()() const { return value; }
};

template <class T>
void axpy(T a, const T* x, const T* y, T* out, int64_t n, DeviceStream stream) {
  elementwise("axpy", Axpy<T>{a}, n, stream, out, x, y);
}

template <class T>
void axpy(T a, const T* x, const StridedLayout& x_layout, const T* y, const StridedLayout& y_layout, T* out,
          const StridedLayout& out_layout, DeviceStream stream) {
  elementwise("axpy", Axpy<T>{a}, std::array{out_layout, x_layout, y_layout}, stream, out, x, y);
}

void above(float threshold, const float* x, bool* out, int64_t n, DeviceStream stream) {
  elementwise("above", Above{threshold}, n, stream, out, x);
}

void fill(double value, double* out, int64_t n, DeviceStream stream) {
  elementwise("fill", Fill{value}, n, stream, out);
}

template void axpy(float, const float*, const float*, float*, int64_t, DeviceStream);
template void axpy(double, const double*, const double*, double*, int64_t, DeviceStream);
template void axpy(float, const float*, const StridedLayout&, const float*, const StridedLayout&, float*,
                   const StridedLayout&, DeviceStream);
template void axpy(double, const double*, const StridedLayout&, const double*, const StridedLayout&, double*,
                   const StridedLayout&, DeviceStream);

}  // namespace gg::GG_CUDA_NS
