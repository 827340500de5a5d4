// The loops of cpu/plain_loops.h for one instruction set. Included only by sources compiled for one, as
// cpu/elementwise_kernels.h is.
#pragma once

#include "core/convert.h"
#include "cpu/plain_table.h"

namespace gg::cpu {
namespace detail {

// A bool is a byte that holds 0 or 1.
using Byte = unsigned char;

template <Plain op, class S, class Target>
void plain_binary(int64_t n, void* out, const void* const* in, const void*) {
  const S *a = static_cast<const S*>(in[0]), *b = static_cast<const S*>(in[1]);
  if constexpr (op == Plain::add || op == Plain::sub || op == Plain::mul) {
    using U = std::conditional_t<std::is_same_v<S, int64_t>, uint64_t, S>;  // unsigned arithmetic wraps
    S* y = static_cast<S*>(out);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
      U u = static_cast<U>(a[i]), v = static_cast<U>(b[i]);
      if constexpr (op == Plain::add) y[i] = static_cast<S>(u + v);
      if constexpr (op == Plain::sub) y[i] = static_cast<S>(u - v);
      if constexpr (op == Plain::mul) y[i] = static_cast<S>(u * v);
    }
  } else {
    Byte* y = static_cast<Byte*>(out);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
      if constexpr (op == Plain::eq) y[i] = a[i] == b[i];
      if constexpr (op == Plain::ne) y[i] = a[i] != b[i];
      if constexpr (op == Plain::lt) y[i] = a[i] < b[i];
      if constexpr (op == Plain::le) y[i] = a[i] <= b[i];
      if constexpr (op == Plain::gt) y[i] = a[i] > b[i];
      if constexpr (op == Plain::ge) y[i] = a[i] >= b[i];
    }
  }
}

template <class S, class Target>
void plain_where(int64_t n, void* out, const void* const* in, const void*) {
  const Byte* c = static_cast<const Byte*>(in[0]);
  const S *a = static_cast<const S*>(in[1]), *b = static_cast<const S*>(in[2]);
  S* y = static_cast<S*>(out);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = c[i] ? a[i] : b[i];
}

template <class From, class To, class Target>
void plain_cast(int64_t n, void* out, const void* const* in, const void*) {
  const From* x = static_cast<const From*>(in[0]);
  To* y = static_cast<To*>(out);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    using Number = std::conditional_t<std::is_same_v<To, Byte>, bool, To>;
    y[i] = convert<Number, From, Target>(x[i]);
  }
}

/// The C++ type of element type number I.
template <int I>
using Stored =
    std::conditional_t<I == 0, float, std::conditional_t<I == 1, double, std::conditional_t<I == 2, int64_t, Byte>>>;

template <class Target>
consteval PlainLoops make_plain_table() {
  PlainLoops t{};
  static_for<4>([&]<int I>() {
    static_for<kPlainCount>([&]<int Op>() {
      constexpr bool exists = I < 3 || Op >= static_cast<int>(Plain::eq) || Op == static_cast<int>(Plain::mul);
      if constexpr (exists) t.binary[Op][I] = &plain_binary<static_cast<Plain>(Op), Stored<I>, Target>;
    });
    t.where[I] = &plain_where<Stored<I>, Target>;
    static_for<4>([&]<int J>() { t.cast[I][J] = &plain_cast<Stored<I>, Stored<J>, Target>; });
  });
  return t;
}

}  // namespace detail

template <class Target>
constinit const PlainLoops PlainKernels<Target>::table = detail::make_plain_table<Target>();

}  // namespace gg::cpu
