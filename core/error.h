// The one exception of the library, and the check that throws it.
//
// A message names the operation, what was expected, what came, and the next step, as in
//   matmul: inner sizes differ: [8,3] times [4,2]. Did you mean to transpose the second argument?
#pragma once

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gg {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {
inline void append(std::string& s, std::string_view v) { s += v; }
inline void append(std::string& s, const char* v) { s += v; }
inline void append(std::string& s, char v) { s += v; }
inline void append(std::string& s, bool v) { s += v ? "true" : "false"; }
template <std::integral T>
void append(std::string& s, T v) {
  s += std::to_string(v);
}
void append(std::string& s, double v);  ///< shortest decimal text that reads back as the same double
inline void append(std::string& s, float v) { append(s, static_cast<double>(v)); }
template <class T>
requires requires(const T& v) {
  { to_string(v) } -> std::convertible_to<std::string>;
}
void append(std::string& s, const T& v) {  // found by argument-dependent lookup: Shape, DType, Device …
  s += to_string(v);
}
[[noreturn]] void raise(std::string message);
}  // namespace detail

/// Concatenates text, numbers and anything with a `to_string` of its own.
template <class... Parts>
std::string str(const Parts&... parts) {
  std::string s;
  (detail::append(s, parts), ...);
  return s;
}

/// Throws gg::Error with the concatenated parts as its message.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  detail::raise(str(parts...));
}

}  // namespace gg

/// Throws gg::Error with the concatenated message parts unless `condition` holds. The parts are evaluated only then.
#define GG_CHECK(condition, ...)     \
  do {                               \
    if (!(condition)) [[unlikely]] { \
      ::gg::fail(__VA_ARGS__);       \
    }                                \
  } while (false)
