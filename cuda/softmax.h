// Softmax over the rows of a dense [rows, cols] matrix on the device, and its backward pass. T is float or double.
#pragma once

#include "cuda/device_api.h"

GG_DEVICE_API(
    /// y[r,c] = exp(x[r,c] - m_r) / sum_k exp(x[r,k] - m_r), with m_r the largest element of row r; x and y may be the
    /// same. -inf gives exactly 0. A row that holds NaN or +inf, or nothing but -inf, becomes NaN throughout.
    /// rows and cols >= 0, cols < 2^31; throws gg::Error otherwise. Sums in T; the same bits whatever the number of
    /// rows.
    template <class T> void softmax_forward(const T* x, T* y, int64_t rows, int64_t cols, DeviceStream stream = {});

    /// dx[r,c] = y[r,c] * (dy[r,c] - sum_k dy[r,k] * y[r,k]) with y from softmax_forward; dx may be dy.
    template <class T>
    void softmax_backward(const T* dy, const T* y, T* dx, int64_t rows, int64_t cols, DeviceStream stream = {});)
