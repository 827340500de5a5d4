// Element types. There is no implicit promotion: an operation that gets two different types throws and names both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "core/error.h"

namespace gg {

enum class DType : uint8_t { f32, f64, i64, boolean };

inline constexpr DType f32 = DType::f32;
inline constexpr DType f64 = DType::f64;
inline constexpr DType i64 = DType::i64;
inline constexpr DType boolean = DType::boolean;

/// Bytes of one element.
constexpr size_t size_of(DType t) {
  constexpr size_t sizes[] = {4, 8, 8, 1};
  return sizes[static_cast<int>(t)];
}

constexpr bool is_floating(DType t) { return t == f32 || t == f64; }

/// "float32", "float64", "int64", "bool".
constexpr const char* name_of(DType t) {
  constexpr const char* names[] = {"float32", "float64", "int64", "bool"};
  return names[static_cast<int>(t)];
}
inline std::string to_string(DType t) { return name_of(t); }

template <class T>
inline constexpr DType dtype_of = std::is_same_v<T, float>     ? DType::f32
                                  : std::is_same_v<T, double>  ? DType::f64
                                  : std::is_same_v<T, int64_t> ? DType::i64
                                                               : DType::boolean;

/// Calls `fn.template operator()<T>()` with T = float or double; throws for other types, naming `op`.
template <class Fn>
decltype(auto) visit_floating(DType t, const char* op, Fn&& fn) {
  if (t == f32) return fn.template operator()<float>();
  if (t == f64) return fn.template operator()<double>();
  fail(op, ": expected float32 or float64, got ", name_of(t));
}

/// Calls `fn.template operator()<T>()` with the C++ type of any element type.
template <class Fn>
decltype(auto) visit_any(DType t, Fn&& fn) {
  switch (t) {
    case DType::f32:
      return fn.template operator()<float>();
    case DType::f64:
      return fn.template operator()<double>();
    case DType::i64:
      return fn.template operator()<int64_t>();
    default:
      return fn.template operator()<bool>();
  }
}

}  // namespace gg
