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
  __device__ Byte operator()(float x) const { return x > threshold; }
};

struct Constant {
  double value;
  __device__ double operator()() const { return value; }
};

void axpy(double a, const Array& x, const Array& y, const Array& out) {
  visit_floating(out.dtype, "axpy", [&]<class T>() {
    elementwise<T, T, T>("axpy", Axpy<T>{static_cast<T>(a)}, out, {x, y});
  });
}

void above(float threshold, const Array& x, const Array& out) {
  elementwise<Byte, float>("above", Above{threshold}, out, {x});
}

void constant(double value, const Array& out) { elementwise<double>("constant", Constant{value}, out, {}); }

}  // namespace gg::GG_CUDA_NS
