#include "cuda/axes.h"

#include <cstdlib>
#include <utility>

namespace gg {

void AxisList::push(int64_t n, std::initializer_list<int64_t> strides) {
  size[rank] = n;
  int k = 0;
  for (int64_t s : strides) stride[k++][rank] = s;
  ++rank;
}

AxisList& AxisList::sort() {
  auto outside = [&](int a, int b) {  // whether axis a belongs outside axis b
    for (int k = 0; k < operands; ++k) {
      const int64_t sa = std::abs(stride[k][a]), sb = std::abs(stride[k][b]);
      if (sa != sb) return sa > sb;
    }
    return false;
  };
  for (int i = 1; i < rank; ++i) {
    for (int j = i; j > 0 && outside(j, j - 1); --j) {
      std::swap(size[j], size[j - 1]);
      for (int k = 0; k < operands; ++k) std::swap(stride[k][j], stride[k][j - 1]);
    }
  }
  return *this;
}

AxisList& AxisList::merge() {
  int kept = 0;  // axes [0, kept) are done
  for (int i = 0; i < rank; ++i) {
    if (size[i] == 1) continue;
    bool joins = kept > 0;
    for (int k = 0; k < operands && joins; ++k) joins = stride[k][kept - 1] == stride[k][i] * size[i];
    const int to = joins ? kept - 1 : kept++;
    size[to] = joins ? size[to] * size[i] : size[i];
    for (int k = 0; k < operands; ++k) stride[k][to] = stride[k][i];
  }
  rank = kept;
  return *this;
}

int64_t AxisList::count() const {
  int64_t n = 1;
  for (int i = 0; i < rank; ++i) n *= size[i];
  return n;
}

void check_reach(const char* name, std::initializer_list<Array> arrays) {
  for (const Array& a : arrays) {
    constexpr int64_t kLimit = INT32_MAX;
    const int64_t count = a.numel();
    GG_CHECK(count <= kLimit, name, ": ", a.shape, " has more than 2^31-1 elements; split the work");
    if (count == 0) continue;
    int64_t reach = 0;
    for (int i = 0; i < a.rank(); ++i) {
      const int64_t steps = a.shape[i] - 1, stride = std::abs(a.strides[i]);
      if (steps == 0) continue;
      GG_CHECK(stride <= (kLimit - reach) / steps, name, ": ", a.shape,
               " reaches further than 2^31-1 elements; split the work");
      reach += stride * steps;
    }
  }
}

}  // namespace gg
