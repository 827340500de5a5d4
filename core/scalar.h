// Scalar: a plain number beside a tensor, as in x + 1 or full({2}, 0.5). The tensor's type decides; a scalar remembers
// whether it was an integer, so that int64 tensors get all of its digits.
#pragma once

#include "core/convert.h"
#include "core/error.h"

namespace gg {

class Scalar {
 public:
  template <class T>
  requires std::is_arithmetic_v<T>
  constexpr Scalar(T value)
      : is_integer_(std::is_integral_v<T>), integer_(convert<int64_t>(value)), real_(static_cast<double>(value)) {}

  constexpr double to_double() const { return real_; }
  /// As int64. Throws, naming `op`, where it is no whole number: nothing is rounded or promoted silently.
  int64_t to_int64(const char* op, const char* advice = "") const {
    GG_CHECK(is_integer_ || (static_cast<double>(integer_) == real_ && real_ < 0x1p63), op, ": ", real_,
             " is not a whole number, but the tensor is int64", advice);
    return integer_;
  }

 private:
  bool is_integer_;
  int64_t integer_;
  double real_;
};

}  // namespace gg
