// Launchers that show how an elementwise kernel is made: declared here for hosts, defined in axpy.cu for both devices.
#pragma once

#include "cuda/device_api.h"
#include "cuda/strided.h"

GG_DEVICE_API(
    /// out = a * x + y, dense.
    template <class T> void axpy(T a, const T* x, const T* y, T* out, int64_t n, DeviceStream stream = {});
    /// The same with a layout each.
    template <class T>
    void axpy(T a, const T* x, const StridedLayout& x_layout, const T* y, const StridedLayout& y_layout, T* out,
              const StridedLayout& out_layout, DeviceStream stream = {});
    /// out = x > threshold, as one byte each: types of different size in one launch.
    void above(float threshold, const float* x, bool* out, int64_t n, DeviceStream stream = {});
    /// out = value: no inputs.
    void fill(double value, double* out, int64_t n, DeviceStream stream = {});)
