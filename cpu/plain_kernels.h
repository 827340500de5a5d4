// The loops of cpu/plain_loops.h for one instruction set. Included only by sources compiled for one, as
// cpu/elementwise_kernels.h is.
#pragma once

#include "cpu/plain_table.h"

namespace gg::cpu {
namespace detail {

template <Plain op, class S, class Target>
void plain_binary(int64_t n, void* out, const void* const* in, const void*) {
  const S *a = static_cast<const S*>(in[0]), *b = static_cast<const S*>(in[1]);
  auto* y = static_cast<PlainResult<op, S>*>(out);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = plain<op>(a[i], b[i]);
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
void plain_conversion(int64_t n, void* out, const void* const* in, const void*) {
  const From* x = static_cast<const From*>(in[0]);
  To* y = static_cast<To*>(out);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = plain_cast<To, From, Target>(x[i]);
}

template <class Target>
consteval PlainLoops make_plain_table() {
  PlainLoops t{};
  static_for<4>([&]<int I>() {
    static_for<kPlainCount>([&]<int Op>() {
      constexpr auto op = static_cast<Plain>(Op);
      if constexpr (plain_exists(op, I)) t.binary[Op][I] = &plain_binary<op, Stored<I>, Target>;
    });
    t.where[I] = &plain_where<Stored<I>, Target>;
    static_for<4>([&]<int J>() { t.cast[I][J] = &plain_conversion<Stored<I>, Stored<J>, Target>; });
  });
  return t;
}

}  // namespace detail

template <class Target>
constinit const PlainLoops PlainKernels<Target>::table = detail::make_plain_table<Target>();

}  // namespace gg::cpu
