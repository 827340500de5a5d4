// Elementwise arithmetic, and the functions of ops/functors/. Shapes broadcast by NumPy's rule; types do not mix. Sums,
// products and comparisons take int64 too, whose arithmetic wraps around; the functions are for floating tensors.
#pragma once

#include "core/scalar.h"
#include "core/tensor.h"

namespace gg {

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor neg(const Tensor& x);

// With a plain number, in x's type. An int64 tensor takes whole numbers only, and is not divided.
Tensor add(const Tensor& x, Scalar c);
Tensor sub(const Tensor& x, Scalar c);
Tensor sub(Scalar c, const Tensor& x);
Tensor mul(const Tensor& x, Scalar c);
Tensor div(const Tensor& x, Scalar c);
Tensor div(Scalar c, const Tensor& x);
/// scale·x + shift in one pass.
Tensor affine(const Tensor& x, double scale, double shift);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator-(const Tensor& x) { return neg(x); }
inline Tensor operator+(const Tensor& x, Scalar c) { return add(x, c); }
inline Tensor operator+(Scalar c, const Tensor& x) { return add(x, c); }
inline Tensor operator-(const Tensor& x, Scalar c) { return sub(x, c); }
inline Tensor operator-(Scalar c, const Tensor& x) { return sub(c, x); }
inline Tensor operator*(const Tensor& x, Scalar c) { return mul(x, c); }
inline Tensor operator*(Scalar c, const Tensor& x) { return mul(x, c); }
inline Tensor operator/(const Tensor& x, Scalar c) { return div(x, c); }
inline Tensor operator/(Scalar c, const Tensor& x) { return div(c, x); }

// Comparisons give bool tensors, which have no gradient.
Tensor eq(const Tensor& a, const Tensor& b);
Tensor ne(const Tensor& a, const Tensor& b);
Tensor lt(const Tensor& a, const Tensor& b);
Tensor le(const Tensor& a, const Tensor& b);
Tensor gt(const Tensor& a, const Tensor& b);
Tensor ge(const Tensor& a, const Tensor& b);
inline Tensor operator<(const Tensor& a, const Tensor& b) { return lt(a, b); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return le(a, b); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return gt(a, b); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return ge(a, b); }

// Of bool tensors.
Tensor logical_not(const Tensor& x);
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);

/// a where `condition` (bool) holds, else b. Linear in a and b.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

Tensor maximum(const Tensor& a, const Tensor& b);  ///< at equal values each gets half the gradient
Tensor minimum(const Tensor& a, const Tensor& b);

/// a + weight·(b − a).
Tensor lerp(const Tensor& a, const Tensor& b, double weight);
Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& weight);

Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor log1p(const Tensor& x);
Tensor expm1(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);
Tensor reciprocal(const Tensor& x);
Tensor square(const Tensor& x);
Tensor pow(const Tensor& x, double exponent);
Tensor pow(const Tensor& x, const Tensor& exponent);
Tensor abs(const Tensor& x);   ///< derivative 0 at 0
Tensor sign(const Tensor& x);  ///< −1, 0 or 1; derivative 0, as of the next three
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor round(const Tensor& x);  ///< to the nearest integer, of two the even one
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tan(const Tensor& x);
Tensor asin(const Tensor& x);  ///< derivative ∞ at −1 and 1, NaN outside
Tensor acos(const Tensor& x);  ///< derivative −∞ at −1 and 1, NaN outside
Tensor atan(const Tensor& x);
/// The angle of the point (x, y), in [−π, π]; at zeros and infinities as IEEE 754 has it.
Tensor atan2(const Tensor& y, const Tensor& x);
Tensor hypot(const Tensor& a, const Tensor& b);  ///< √(a² + b²) without overflow; derivatives 0 at the origin
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor asinh(const Tensor& x);
Tensor acosh(const Tensor& x);  ///< NaN below 1; derivative ∞ at 1
Tensor atanh(const Tensor& x);  ///< ±∞ at ±1, NaN outside
Tensor erf(const Tensor& x);
Tensor erfinv(const Tensor& x);   ///< ±∞ at ±1, NaN outside
Tensor lgamma(const Tensor& x);   ///< log |Γ(x)|
Tensor digamma(const Tensor& x);  ///< the derivative of lgamma
Tensor sigmoid(const Tensor& x);
Tensor silu(const Tensor& x);
Tensor relu(const Tensor& x);  ///< derivative 0 at 0
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);
Tensor elu(const Tensor& x, double alpha = 1.0);
Tensor gelu(const Tensor& x);       ///< x·Φ(x)
Tensor gelu_tanh(const Tensor& x);  ///< the tanh approximation of gelu
Tensor softplus(const Tensor& x, double beta = 1.0);
Tensor mish(const Tensor& x);        ///< x·tanh(softplus(x))
Tensor logsigmoid(const Tensor& x);  ///< log(sigmoid(x))
Tensor softsign(const Tensor& x);    ///< x / (1 + |x|)
Tensor selu(const Tensor& x);        ///< keeps mean 0 and variance 1 (arXiv:1706.02515)
Tensor celu(const Tensor& x, double alpha = 1.0);
/// x limited to [min, max]; derivative 1 inside, 0 at the limits and outside, as PyTorch has it. clamp has 1 there.
Tensor hardtanh(const Tensor& x, double min = -1, double max = 1);
/// x limited to [min, max]; derivative 1 inside and at the limits, 0 outside.
Tensor clamp(const Tensor& x, double min, double max);

}  // namespace gg
