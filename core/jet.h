// Jet<T, N>: a value with its first N derivatives, so that a functor evaluated on jets yields derivatives of itself.
//
// c[k] is the k-th derivative (not the Taylor coefficient) with respect to one variable. Every function of the
// vocabulary in core/number.h follows its own differential equation: from y' = u'·f(u) comes
// y⁽ᵏ⁾ = Σ C(k-1, j-1) u⁽ʲ⁾ (f(u))⁽ᵏ⁻ʲ⁾. T is a Real or again a Jet: jets of jets in two variables hold the mixed
// partial derivatives of binary functors.
//
// `degree` says from where on all derivatives are known to be zero: 0 for a constant, 1 for the variable itself. It is
// a constant to the compiler, which so drops the terms; and an infinite value times a derivative that is zero by
// structure gives no NaN.
//
// Edge rules, where several answers would be defensible (tests/numbers/jet_test.cpp):
//  - A comparison looks at the value; select gives the derivatives of the chosen branch only.
//  - abs'(0) = 0, as sign(0) = 0; sign and floor have derivative 0 everywhere.
//  - sqrt'(0) = inf, but a zero numerator stays zero: sqrt(x·x) has derivative 0 at 0, not NaN.
//  - pow: the base's derivative is y·x^(y-1) where a zero factor y wins over infinity, so (x²)''' = 0 also at x = 0;
//    the exponent's derivative takes log 0 as 0 where the base is 0 and y ≥ 0.
//  - asin'(±1) = acos'(±1) = ±inf, erfinv'(±1) = inf; outside of [-1, 1] everything is NaN.
//  - Elsewhere IEEE rules hold: 0·inf is NaN, log'(0) = inf, and log'(x) = 1/x for negative x too.
#pragma once

#include "core/number.h"

namespace gg {

namespace detail {

/// fn(First), …, fn(Last): written out for the short jets of vector loops, a real loop for long ones.
template <int First, int Last, class Fn>
GG_HD void repeat(const Fn& fn) {
  if constexpr (Last - First >= 5) {
    for (int k = First; k <= Last; ++k) fn(k);
  } else if constexpr (First <= Last) {
    fn(First);
    repeat<First + 1, Last>(fn);
  }
}

inline constexpr int kMaxJetOrder = 8;

/// n over k for 0 ≤ k ≤ n ≤ 8, without a table: devices do not share the host's.
GG_HD int binomial(int n, int k) {
  k = k < n - k ? k : n - k;
  int c = k >= 1 ? n : 1;
  c = k >= 2 ? c * (n - 1) / 2 : c;
  c = k >= 3 ? c * (n - 2) / 3 : c;
  return k >= 4 ? c * (n - 3) / 4 : c;
}

/// A sum that starts without a zero: 0 + x is not x to the compiler.
template <class T>
struct Sum {
  T total = T(0);
  bool empty = true;
  GG_HD void add(int weight, T term) {
    if (weight != 1) term = T(weight) * term;
    total = empty ? term : total + term;
    empty = false;
  }
};

}  // namespace detail

template <class T, int N>
struct Jet {
  static_assert(N >= 0 && N <= detail::kMaxJetOrder);
  T c[N + 1];
  int degree;
  using Condition = typename T::Condition;  ///< what a comparison yields

  Jet() = default;
  template <class A>
  requires std::is_arithmetic_v<A> GG_HD Jet(A a) : Jet(T(a)) {}
  /// The constant `a`.
  GG_HD Jet(T a) : c{}, degree(0) {
    c[0] = a;
    clear_above();
  }
  /// The variable itself, at `a`.
  static GG_HD Jet variable(T a) {
    Jet x(a);
    if constexpr (N >= 1) {
      x.c[1] = T(1);
      x.degree = 1;
    }
    return x;
  }

  // ---- arithmetic

  friend GG_HD Jet operator-(const Jet& a) {
    return map(a, [](T x) GG_LAMBDA { return -x; });
  }
  friend GG_HD Jet operator+(const Jet& a, const Jet& b) {
    Jet y = of_degree(max(a.degree, b.degree));
    y.fill([&](int k) GG_LAMBDA { return k > b.degree ? a.c[k] : k > a.degree ? b.c[k] : a.c[k] + b.c[k]; });
    return y;
  }
  friend GG_HD Jet operator-(const Jet& a, const Jet& b) {
    Jet y = of_degree(max(a.degree, b.degree));
    y.fill([&](int k) GG_LAMBDA { return k > b.degree ? a.c[k] : k > a.degree ? -b.c[k] : a.c[k] - b.c[k]; });
    return y;
  }
  friend GG_HD Jet operator*(const Jet& a, const Jet& b) {
    return product(a, b, [](T x, T y) GG_LAMBDA { return x * y; });
  }
  friend GG_HD Jet operator/(const Jet& a, const Jet& b) {
    return quotient(a, b, [](const T& u, const T& v) GG_LAMBDA { return u / v; });
  }
  friend GG_HD Jet divide_1_to_2(const Jet& a, const Jet& b) {
    return quotient(a, b, [](const T& u, const T& v) GG_LAMBDA { return divide_1_to_2(u, v); });
  }
  template <class Divide>
  static GG_HD Jet quotient(const Jet& a, const Jet& b, const Divide& divide) {
    Jet y = of_degree(b.degree > 0 ? N : a.degree);
    y.c[0] = divide(a.c[0], b.c[0]);
    if (b.degree == 0) {
      y.fill_derivatives([&](int k) GG_LAMBDA { return divide(a.c[k], b.c[0]); });
      return y;
    }
    T r = divide(T(1), b.c[0]);
    y.fill_derivatives([&](int k) GG_LAMBDA {  // from a = y·b
      detail::Sum<T> sum;
      detail::repeat<1, N>([&](int j) GG_LAMBDA {
        if (j <= k && j <= b.degree) sum.add(binomial(k, j), b.c[j] * y.c[k - j]);
      });
      return (k <= a.degree ? a.c[k] - sum.total : -sum.total) * r;
    });
    return y;
  }

  // ---- conditions

  friend GG_HD Condition operator==(const Jet& a, const Jet& b) { return a.c[0] == b.c[0]; }
  friend GG_HD Condition operator!=(const Jet& a, const Jet& b) { return a.c[0] != b.c[0]; }
  friend GG_HD Condition operator<(const Jet& a, const Jet& b) { return a.c[0] < b.c[0]; }
  friend GG_HD Condition operator<=(const Jet& a, const Jet& b) { return a.c[0] <= b.c[0]; }
  friend GG_HD Condition operator>(const Jet& a, const Jet& b) { return a.c[0] > b.c[0]; }
  friend GG_HD Condition operator>=(const Jet& a, const Jet& b) { return a.c[0] >= b.c[0]; }
  friend GG_HD Jet select(Condition condition, const Jet& a, const Jet& b) {
    Jet y = of_degree(max(a.degree, b.degree));
    y.fill([&](int k) GG_LAMBDA { return select(condition, a.c[k], b.c[k]); });
    return y;
  }

  // ---- functions

  friend GG_HD Jet scaled(const Jet& x, const Jet& s) {
    return product(x, s, [](T a, T b) GG_LAMBDA { return scaled(a, b); });
  }
  friend GG_HD Jet abs(const Jet& u) {
    T s = sign(u.c[0]);
    Jet y = map(u, [&](T x) GG_LAMBDA { return s * x; });
    y.c[0] = abs(u.c[0]);
    return y;
  }
  friend GG_HD Jet sign(const Jet& u) { return Jet(sign(u.c[0])); }
  friend GG_HD Jet floor(const Jet& u) { return Jet(floor(u.c[0])); }

  friend GG_HD Jet exp(const Jet& u) {
    Jet y = function_of(u, exp(u.c[0]));
    y.fill_derivatives([&](int k) GG_LAMBDA { return chain(u, y, k); });
    return y;
  }
  friend GG_HD Jet exp_minus_abs(const Jet& u) {
    Jet v = select(u >= 0, -u, u);
    Jet y = function_of(u, exp_minus_abs(u.c[0]));
    y.fill_derivatives([&](int k) GG_LAMBDA { return chain(v, y, k); });
    return y;
  }
  friend GG_HD Jet expm1(const Jet& u) {
    Jet y = exp(u);
    y.c[0] = expm1(u.c[0]);
    return y;
  }
  friend GG_HD Jet log(const Jet& u) { return logarithm(u, log(u.c[0]), u.c[0]); }
  friend GG_HD Jet log1p(const Jet& u) { return logarithm(u, log1p(u.c[0]), 1 + u.c[0]); }
  friend GG_HD Jet sqrt(const Jet& u) {
    Jet y = function_of(u, sqrt(u.c[0]));
    T r = T(0.5) / y.c[0];
    y.fill_derivatives([&](int k) GG_LAMBDA {  // from y² = u
      detail::Sum<T> sum;
      detail::repeat<1, N>([&](int j) GG_LAMBDA {
        if (j < k) sum.add(binomial(k, j), y.c[j] * y.c[k - j]);
      });
      T numerator = k <= u.degree ? (sum.empty ? u.c[k] : u.c[k] - sum.total) : -sum.total;
      return scaled(r, numerator);
    });
    return y;
  }
  friend GG_HD Jet sin(const Jet& u) { return sine_and_cosine(u).sine; }
  friend GG_HD Jet cos(const Jet& u) { return sine_and_cosine(u).cosine; }

  friend GG_HD Jet tanh(const Jet& u) {
    Jet y = function_of(u, tanh(u.c[0]));
    Jet w = function_of(u, sech2(u.c[0]));  // 1 - y², without its cancellation in the value
    y.fill_derivatives([&](int k) GG_LAMBDA {
      T d = chain(u, w, k);
      y.c[k] = d;
      detail::Sum<T> sum;  // w⁽ᵏ⁾ = -(y²)⁽ᵏ⁾
      detail::repeat<0, N>([&](int j) GG_LAMBDA {
        if (j <= k) sum.add(binomial(k, j), y.c[j] * y.c[k - j]);
      });
      w.c[k] = -sum.total;
      return d;
    });
    return y;
  }
  friend GG_HD Jet sech2(const Jet& u) {
    Jet e = exp_minus_abs(2 * u), d = 1 + e;  // even, so one branch gives all derivatives at 0
    return 4 * e / (d * d);
  }

  friend GG_HD Jet exp_of_square(const Jet& u, double scale) {
    // Beyond ±40 all derivatives underflow to 0; the clamp keeps u² from overflowing.
    Jet v = select(u < -40, Jet(-40), select(u > 40, Jet(40), u));
    Jet w = -scale * (v * v);
    Jet y = function_of(u, exp_of_square(u.c[0], scale));
    y.fill_derivatives([&](int k) GG_LAMBDA { return chain(w, y, k); });
    return y;
  }
  friend GG_HD Jet erf(const Jet& u) { return integral(u, erf(u.c[0]), 1.12837916709551257390 * exp_of_square(u, 1)); }
  friend GG_HD Jet normal_cdf(const Jet& u) { return integral(u, normal_cdf(u.c[0]), normal_density(u)); }
  friend GG_HD Jet gelu(const Jet& u) {
    return integral(u, gelu(u.c[0]), normal_cdf(u) + scaled(u, normal_density(u)));
  }

  friend GG_HD Jet erfinv(const Jet& u) {
    // y' = u'·w with w = √π/2·e^(y²), so w' = (y²)'·w.
    Jet y = function_of(u, erfinv(u.c[0]));
    Jet square = function_of(u, y.c[0] * y.c[0]);
    Jet w = function_of(u, 0.886226925452758013649 * exp(square.c[0]));
    y.fill_derivatives([&](int k) GG_LAMBDA {
      T d = chain(u, w, k);
      y.c[k] = d;
      detail::Sum<T> sum;
      detail::repeat<0, N>([&](int j) GG_LAMBDA {
        if (j <= k) sum.add(binomial(k, j), y.c[j] * y.c[k - j]);
      });
      square.c[k] = sum.total;
      w.c[k] = chain(square, w, k);
      return d;
    });
    return y;
  }
  friend GG_HD Jet asin(const Jet& u) { return integral(u, asin(u.c[0]), 1 / sqrt((1 - u) * (1 + u))); }
  friend GG_HD Jet acos(const Jet& u) { return integral(u, acos(u.c[0]), -1 / sqrt((1 - u) * (1 + u))); }
  friend GG_HD Jet atan(const Jet& u) {
    // 1/(1 + u²), by v = 1/u where u² might overflow.
    Jet v = 1 / u;
    return integral(u, atan(u.c[0]), select((u < 1) & (u > -1), 1 / (1 + u * u), v * v / (1 + v * v)));
  }

  friend GG_HD Jet pow(const Jet& x, const Jet& y) {
    Jet p = of_degree(x.degree > 0 || y.degree > 0 ? N : 0);
    p.c[0] = pow(x.c[0], y.c[0]);
    if constexpr (N >= 1) {
      using Lower = Jet<T, N - 1>;
      Lower by_base(0);
      if (x.degree > 0) {
        // Long jets recurse by a call, lest eight levels become one function.
        if constexpr (N > 4) {
          by_base = scaled(Lower::power(lower(x), lower(y) - 1), lower(y));
        } else {
          by_base = scaled(pow(lower(x), lower(y) - 1), lower(y));
        }
      }
      Lower log_base = y.degree > 0 ? select((x == 0) & (y >= 0), Lower(0), log(lower(x))) : Lower(0);
      p.fill_derivatives([&](int k) GG_LAMBDA {  // p' = x'·(y·x^(y-1)) + y'·(p·log x)
        detail::Sum<T> sum;
        detail::repeat<1, N>([&](int j) GG_LAMBDA {
          if (j > k) return;
          if (j <= x.degree) sum.add(binomial(k - 1, j - 1), x.c[j] * by_base.c[k - j]);
          if (j <= y.degree) {
            detail::Sum<T> by_exponent;
            detail::repeat<0, N - 1>([&](int i) GG_LAMBDA {
              if (i <= k - j) by_exponent.add(binomial(k - j, i), scaled(log_base.c[k - j - i], p.c[i]));
            });
            sum.add(binomial(k - 1, j - 1), y.c[j] * by_exponent.total);
          }
        });
        return sum.total;
      });
    }
    return p;
  }

  /// pow, not inlined.
  [[gnu::noinline]] static Jet power(const Jet& x, const Jet& y) { return pow(x, y); }

 private:
  static GG_HD int max(int a, int b) { return a > b ? a : b; }
  static GG_HD int min(int a, int b) { return a < b ? a : b; }
  static GG_HD int binomial(int n, int k) { return detail::binomial(n, k); }

  static GG_HD Jet of_degree(int degree) {
    Jet y(T(0));
    y.degree = degree;
    return y;
  }
  /// The start of f(u): its value is known, its derivatives follow.
  static GG_HD Jet function_of(const Jet& u, T value) {
    Jet y(value);
    y.degree = u.degree > 0 ? N : 0;
    return y;
  }

  GG_HD void clear_above() {
    detail::repeat<1, N>([&](int k) GG_LAMBDA { c[k] = T(0); });
  }
  template <class Fn>
  GG_HD void fill(const Fn& fn) {
    detail::repeat<0, N>([&](int k) GG_LAMBDA {
      if (k <= degree) c[k] = fn(k);
    });
  }
  template <class Fn>
  GG_HD void fill_derivatives(const Fn& fn) {
    detail::repeat<1, N>([&](int k) GG_LAMBDA {
      if (k <= degree) c[k] = fn(k);
    });
  }
  template <class Fn>
  static GG_HD Jet map(const Jet& a, const Fn& fn) {
    Jet y = of_degree(a.degree);
    y.fill([&](int k) GG_LAMBDA { return fn(a.c[k]); });
    return y;
  }

  /// Leibniz' rule with `times` as multiplication.
  template <class Times>
  static GG_HD Jet product(const Jet& a, const Jet& b, const Times& times) {
    Jet y = of_degree(min(N, a.degree + b.degree));
    y.fill([&](int k) GG_LAMBDA {
      detail::Sum<T> sum;
      detail::repeat<0, N>([&](int j) GG_LAMBDA {
        if (j <= k && j <= a.degree && k - j <= b.degree) sum.add(binomial(k, j), times(a.c[j], b.c[k - j]));
      });
      return sum.total;
    });
    return y;
  }

  /// The k-th derivative of y where y' = u'·d: Σ C(k-1, j-1) u⁽ʲ⁾ d⁽ᵏ⁻ʲ⁾.
  template <int M>
  static GG_HD T chain(const Jet& u, const Jet<T, M>& d, int k) {
    detail::Sum<T> sum;
    detail::repeat<1, N>([&](int j) GG_LAMBDA {
      if (j <= k && j <= u.degree && k - j <= d.degree) sum.add(binomial(k - 1, j - 1), u.c[j] * d.c[k - j]);
    });
    return sum.total;
  }

  /// f(u) from its value and the jet of f'(u).
  static GG_HD Jet integral(const Jet& u, T value, const Jet& slope) {
    Jet y = function_of(u, value);
    y.fill_derivatives([&](int k) GG_LAMBDA { return chain(u, slope, k); });
    return y;
  }

  /// log(u + constant), from u' = y'·(u + constant).
  static GG_HD Jet logarithm(const Jet& u, T value, T argument) {
    Jet y = function_of(u, value);
    T r = T(1) / argument;
    y.fill_derivatives([&](int k) GG_LAMBDA {
      detail::Sum<T> sum;
      detail::repeat<1, N>([&](int j) GG_LAMBDA {
        if (j < k && k - j <= u.degree) sum.add(binomial(k - 1, j - 1), y.c[j] * u.c[k - j]);
      });
      T numerator = k <= u.degree ? (sum.empty ? u.c[k] : u.c[k] - sum.total) : -sum.total;
      return numerator * r;
    });
    return y;
  }

  static GG_HD Jet normal_density(const Jet& u) { return 0.398942280401432677940 * exp_of_square(u, 0.5); }

  struct SineAndCosine {
    Jet sine, cosine;
  };
  static GG_HD SineAndCosine sine_and_cosine(const Jet& u) {
    Jet s = function_of(u, sin(u.c[0])), c = function_of(u, cos(u.c[0]));
    s.fill_derivatives([&](int k) GG_LAMBDA {
      T d = chain(u, c, k);
      c.c[k] = -chain(u, s, k);
      return d;
    });
    return {s, c};
  }
};

/// The first N derivatives only, as a jet one shorter.
template <class T, int N>
GG_HD Jet<T, N - 1> lower(const Jet<T, N>& u) {
  Jet<T, N - 1> y(u.c[0]);
  y.degree = u.degree < N - 1 ? u.degree : N - 1;
  detail::repeat<1, N - 1>([&](int k) GG_LAMBDA { y.c[k] = u.c[k]; });
  return y;
}

}  // namespace gg
