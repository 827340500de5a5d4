// The elementwise operations that are no functors: arithmetic, comparison and conversion of numbers of any element
// type. One formula each; the loops over them are in cpu/plain_kernels.h and cuda/plain.cu.
#pragma once

#include <stdint.h>

#include <type_traits>

#include "core/convert.h"

namespace gg {

/// add, sub, mul: float32, float64, and int64 (which wraps around); mul of bools is "and". The comparisons take any
/// type and yield bool; all but ne are false where an operand is NaN.
enum class Plain { add, sub, mul, eq, ne, lt, le, gt, ge };
inline constexpr int kPlainCount = 9;

/// A bool as it is stored: 0 or 1.
using Byte = unsigned char;

/// The C++ type of element type number I (core/dtype.h).
template <int I>
using Stored =
    std::conditional_t<I == 0, float, std::conditional_t<I == 1, double, std::conditional_t<I == 2, int64_t, Byte>>>;

GG_HD bool is_comparison(Plain op) { return op >= Plain::eq; }

/// Whether `op` takes element type number `type`.
GG_HD bool plain_exists(Plain op, int type) { return type < 3 || is_comparison(op) || op == Plain::mul; }

/// What `op` makes of inputs of type S.
template <Plain op, class S>
using PlainResult = std::conditional_t<is_comparison(op), Byte, S>;

template <Plain op, class S>
GG_HD PlainResult<op, S> plain(S a, S b) {
  if constexpr (is_comparison(op)) {
    if constexpr (op == Plain::eq) return a == b;
    if constexpr (op == Plain::ne) return a != b;
    if constexpr (op == Plain::lt) return a < b;
    if constexpr (op == Plain::le) return a <= b;
    if constexpr (op == Plain::gt) return a > b;
    if constexpr (op == Plain::ge) return a >= b;
  } else {
    using U = std::conditional_t<std::is_same_v<S, int64_t>, uint64_t, S>;  // unsigned arithmetic wraps
    U u = static_cast<U>(a), v = static_cast<U>(b);
    if constexpr (op == Plain::add) return static_cast<S>(u + v);
    if constexpr (op == Plain::sub) return static_cast<S>(u - v);
    if constexpr (op == Plain::mul) return static_cast<S>(u * v);
  }
}

/// x as another stored type, by the rule of core/convert.h.
template <class To, class From, class Target = cpu::Baseline>
GG_HD To plain_cast(From x) {
  using Number = std::conditional_t<std::is_same_v<To, Byte>, bool, To>;
  return convert<Number, From, Target>(x);
}

}  // namespace gg
