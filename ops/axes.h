// Axes: a short list of axes, as reductions and permute take it, stored inline. Negative ones count from the end.
#pragma once

#include <array>
#include <concepts>
#include <initializer_list>

#include "core/shape.h"

namespace gg {

class Axes {
 public:
  constexpr Axes() = default;
  /// One axis: sum(x, 0). A bool is no axis; it was meant as an option.
  template <std::integral T>
  requires(!std::same_as<T, bool>) constexpr Axes(T axis) { push_back(static_cast<int>(axis)); }
  constexpr Axes(std::initializer_list<int> axes) {
    for (int a : axes) push_back(a);
  }

  constexpr size_t size() const { return static_cast<size_t>(size_); }
  constexpr bool empty() const { return size_ == 0; }
  constexpr int operator[](int i) const { return axes_[static_cast<size_t>(i)]; }
  constexpr int& operator[](int i) { return axes_[static_cast<size_t>(i)]; }
  constexpr const int* data() const { return axes_.data(); }
  constexpr const int* begin() const { return axes_.data(); }
  constexpr const int* end() const { return axes_.data() + size_; }
  constexpr int* begin() { return axes_.data(); }
  constexpr int* end() { return axes_.data() + size_; }

  constexpr void push_back(int axis) {
    if (size_ == kMaxRank) fail("a tensor has at most ", kMaxRank, " axes, more were named");
    axes_[static_cast<size_t>(size_++)] = axis;
  }
  constexpr bool operator==(const Axes& other) const = default;

 private:
  std::array<int, kMaxRank> axes_{};
  int size_ = 0;
};

}  // namespace gg
