#include "cpu/index.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "cpu/strided.h"

namespace gg::cpu {
namespace {

constexpr int64_t kGrain = 32 * 1024;  // elements in a chunk
constexpr int64_t kAhead = 8;          // rows whose beginning is fetched before they are read or added to

[[noreturn]] void out_of_range(const char* op, int64_t value, int64_t place, int axis, int64_t size) {
  fail(op, ": index ", value, " at position ", place, " is out of range for axis ", axis, " of size ", size);
}

bool valid(int64_t value, int64_t size) { return static_cast<uint64_t>(value) < static_cast<uint64_t>(size); }

// The positions of a one-dimensional index, checked.
struct Positions {
  const int64_t* data;
  int64_t step, count;
  int64_t operator[](int64_t j) const { return data[j * step]; }
};

Positions checked(const Array& index, int64_t size, int axis, const char* op) {
  GG_CHECK(index.dtype == i64 && index.rank() == 1, op, ": expected int64 positions along one axis, got ", index.dtype,
           " ", index.shape);
  Positions p{index.as<const int64_t>(), index.strides[0], index.shape[0]};
  for (int64_t j = 0; j < p.count; ++j) {
    if (!valid(p[j], size)) out_of_range(op, p[j], j, axis, size);
  }
  return p;
}

void check_slices(const Array& whole, const Array& slices, const Array& index, int axis, const char* op) {
  GG_CHECK(whole.rank() == slices.rank() && whole.dtype == slices.dtype, op, ": ", whole.dtype, " ", whole.shape,
           " and ", slices.dtype, " ", slices.shape, " do not fit");
  for (int i = 0; i < whole.rank(); ++i) {
    int64_t expected = i == axis ? index.numel() : whole.shape[i];
    GG_CHECK(slices.shape[i] == expected, op, ": expected size ", expected, " along axis ", i, " of ", slices.shape);
  }
}

// The axes other than `axis` of two arrays, sorted by the strides of the first.
Walk<2> other_axes(const Array& a, const Array& b, int axis) {
  Walk<2> w;
  for (int i = 0; i < a.rank(); ++i) {
    if (i != axis) w.push(a.shape[i], {a.strides[i], b.strides[i]});
  }
  coalesce(w);
  return w;
}

// Whether the innermost of those axes is a contiguous run of both arrays worth moving at once.
bool has_run(const Walk<2>& w) {
  int last = w.rank - 1;
  return w.rank > 0 && w.stride[0][last] == 1 && w.stride[1][last] == 1 && w.size[last] >= 4;
}

template <class Bits>
void select_bits(const Array& out, const Array& x, const Positions& index, int axis) {
  Bits* to = out.as<Bits>();
  const Bits* from = x.as<const Bits>();
  int64_t to_step = out.strides[axis], from_step = x.strides[axis], count = index.count;
  Walk<2> w = other_axes(out, x, axis);
  if (has_run(w)) {
    int64_t run = w.size[w.rank - 1];
    w.drop(w.rank - 1);
    parallel_for(w.numel() * count, std::max<int64_t>(1, kGrain / run), [&](int64_t begin, int64_t end) {
      while (begin < end) {
        int64_t at = begin / count, first = begin % count, n = std::min(count - first, end - begin);
        for_positions(w, w.rank, at, at + 1, [&](const std::array<int64_t, 2>& offset) {
          for (int64_t j = first; j < first + n; ++j) {
            if (j + kAhead < count) __builtin_prefetch(from + offset[1] + index[j + kAhead] * from_step);
            std::memcpy(to + offset[0] + j * to_step, from + offset[1] + index[j] * from_step, run * sizeof(Bits));
          }
        });
        begin += n;
      }
    });
    return;
  }
  parallel_for(w.numel(), std::max<int64_t>(1, kGrain / count), [&](int64_t begin, int64_t end) {
    for_positions(w, w.rank, begin, end, [&](const std::array<int64_t, 2>& offset) {
      for (int64_t j = 0; j < count; ++j) to[offset[0] + j * to_step] = from[offset[1] + index[j] * from_step];
    });
  });
}

template <class T>
void add_slices(const Array& out, const Array& x, const Positions& index, int axis) {
  T* to = out.as<T>();
  const T* from = x.as<const T>();
  int64_t to_step = out.strides[axis], from_step = x.strides[axis], count = index.count;
  Walk<2> w = other_axes(out, x, axis);
  if (!has_run(w)) {
    parallel_for(w.numel(), std::max<int64_t>(1, kGrain / count), [&](int64_t begin, int64_t end) {
      for_positions(w, w.rank, begin, end, [&](const std::array<int64_t, 2>& offset) {
        for (int64_t j = 0; j < count; ++j) to[offset[0] + index[j] * to_step] += from[offset[1] + j * from_step];
      });
    });
    return;
  }
  // Each task owns a range of target rows and looks through all positions for them, so that every row gets its
  // summands in order, whatever the number of ranges: it may follow that of threads. Few are best, since a task among
  // many reads rows here and there in x, where the processor cannot foresee them.
  const int64_t run = w.size[w.rank - 1], size = out.shape[axis];
  const int64_t most = run < 16 || num_threads() == 1 ? 1 : 2 * num_threads();
  const int64_t ranges = std::max<int64_t>(1, std::min({count * run / kGrain, size, most}));
  w.drop(w.rank - 1);
  parallel_chunks(w.numel() * ranges, [&](int64_t task) {
    int64_t at = task / ranges, range = task % ranges;
    int64_t low = size * range / ranges, high = size * (range + 1) / ranges;
    for_positions(w, w.rank, at, at + 1, [&](const std::array<int64_t, 2>& offset) {
      for (int64_t j = 0; j < count; ++j) {
        int64_t row = index[j];
        if (row < low || row >= high) continue;
        if (ranges == 1 && j + kAhead < count) __builtin_prefetch(to + offset[0] + index[j + kAhead] * to_step, 1);
        T* a = to + offset[0] + row * to_step;
        const T* b = from + offset[1] + j * from_step;
        for (int64_t i = 0; i < run; ++i) a[i] += b[i];
      }
    });
  });
}

void check_elements(const Array& whole, const Array& elements, const Array& index, int axis, const char* op) {
  GG_CHECK(index.dtype == i64, op, ": expected int64 positions, got ", index.dtype);
  GG_CHECK(elements.shape == index.shape && whole.rank() == index.rank() && whole.dtype == elements.dtype, op, ": ",
           whole.dtype, " ", whole.shape, ", ", elements.dtype, " ", elements.shape, " and positions ", index.shape,
           " do not fit");
  for (int i = 0; i < whole.rank(); ++i) {
    GG_CHECK(i == axis || index.shape[i] <= whole.shape[i], op, ": positions ", index.shape, " exceed ", whole.shape,
             " along axis ", i);
  }
}

template <class Bits>
void gather_bits(const Array& out, const Array& x, const Array& index, int axis) {
  Bits* to = out.as<Bits>();
  const Bits* from = x.as<const Bits>();
  const int64_t* where = index.as<const int64_t>();
  int64_t size = x.shape[axis], step = x.strides[axis];
  Walk<3> w;  // out, index, x without its own axis
  for (int i = 0; i < out.rank(); ++i) {
    w.push(out.shape[i], {out.strides[i], index.strides[i], i == axis ? 0 : x.strides[i]});
  }
  coalesce(w);
  if (w.rank == 0) w.push(1, {0, 0, 0});
  int last = w.rank - 1;
  int64_t n = w.size[last], a = w.stride[0][last], b = w.stride[1][last], c = w.stride[2][last];
  const bool unit = a == 1 && b == 1 && c == 0 && step == 1;
  parallel_for(positions(w, last), std::max<int64_t>(1, kGrain / n), [&](int64_t begin, int64_t end) {
    for_positions(w, last, begin, end, [&](const std::array<int64_t, 3>& offset) {
      // Constants, where they are the usual ones, instead of products.
      auto line = [&](int64_t a, int64_t b, int64_t c, int64_t step) __attribute__((always_inline)) {
        for (int64_t i = 0; i < n; ++i) {
          int64_t k = where[offset[1] + i * b];
          if (!valid(k, size)) [[unlikely]]
            out_of_range("gather", k, offset[1] + i * b, axis, size);
          to[offset[0] + i * a] = from[offset[2] + i * c + k * step];
        }
      };
      if (unit) {
        line(1, 1, 0, 1);
      } else {
        line(a, b, c, step);
      }
    });
  });
}

template <class T>
void scatter_elements(const Array& out, const Array& x, const Array& index, int axis) {
  T* to = out.as<T>();
  const T* from = x.as<const T>();
  const int64_t* where = index.as<const int64_t>();
  int64_t size = out.shape[axis], step = out.strides[axis], count = index.shape[axis];
  Walk<3> w;  // x, index, out; elements that differ in these axes never meet
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) w.push(x.shape[i], {x.strides[i], index.strides[i], out.strides[i]});
  }
  coalesce(w);
  if (w.rank == 0) w.push(1, {0, 0, 0});
  int last = w.rank - 1;
  if (w.size[last] == 1 || w.stride[0][last] >= x.strides[axis]) {
    const int64_t xs = x.strides[axis], ks = index.strides[axis];
    const bool unit = xs == 1 && ks == 1 && step == 1;
    parallel_for(positions(w, w.rank), std::max<int64_t>(1, kGrain / count), [&](int64_t begin, int64_t end) {
      for_positions(w, w.rank, begin, end, [&](const std::array<int64_t, 3>& offset) {
        auto line = [&](int64_t xs, int64_t ks, int64_t step) __attribute__((always_inline)) {
          for (int64_t j = 0; j < count; ++j) {
            const int64_t k = where[offset[1] + j * ks];
            if (!valid(k, size)) [[unlikely]]
              out_of_range("scatter_add", k, offset[1] + j * ks, axis, size);
            to[offset[2] + k * step] += from[offset[0] + j * xs];
          }
        };
        if (unit) {
          line(1, 1, 1);
        } else {
          line(xs, ks, step);
        }
      });
    });
    return;
  }
  // Neighbouring lines lie closer than the elements of a line: some are walked together.
  int64_t width = std::min<int64_t>(w.size[last], 64);
  int64_t blocks = (w.size[last] + width - 1) / width;
  parallel_for(positions(w, last) * blocks, std::max<int64_t>(1, kGrain / (count * width)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t task = begin; task < end; ++task) {
                   int64_t first = task % blocks * width, n = std::min(width, w.size[last] - first);
                   for_positions(w, last, task / blocks, task / blocks + 1, [&](const std::array<int64_t, 3>& offset) {
                     for (int64_t j = 0; j < count; ++j) {
                       for (int64_t i = first; i < first + n; ++i) {
                         int64_t place = offset[1] + i * w.stride[1][last] + j * index.strides[axis], k = where[place];
                         if (!valid(k, size)) [[unlikely]]
                           out_of_range("scatter_add", k, place, axis, size);
                         to[offset[2] + i * w.stride[2][last] + k * step] +=
                             from[offset[0] + i * w.stride[0][last] + j * x.strides[axis]];
                       }
                     }
                   });
                 }
               });
}

// Calls fn with a type of the element's size.
template <class Fn>
void visit_bits(DType t, Fn&& fn) {
  switch (size_of(t)) {
    case 4:
      return fn.template operator()<uint32_t>();
    case 8:
      return fn.template operator()<uint64_t>();
    default:
      return fn.template operator()<uint8_t>();
  }
}

template <class Fn>
void visit_summable(DType t, const char* op, Fn&& fn) {
  switch (t) {
    case DType::f32:
      return fn.template operator()<float>();
    case DType::f64:
      return fn.template operator()<double>();
    case DType::i64:
      return fn.template operator()<int64_t>();
    default:
      fail(op, ": not defined for ", t);
  }
}

}  // namespace

void index_select(Array out, Array x, Array index, int axis) {
  axis = normalize_axis(axis, x.rank(), "index_select");
  check_slices(x, out, index, axis, "index_select");
  Positions p = checked(index, x.shape[axis], axis, "index_select");
  if (out.numel() == 0) return;
  visit_bits(out.dtype, [&]<class Bits>() { select_bits<Bits>(out, x, p, axis); });
}

void index_add(Array out, Array x, Array index, int axis) {
  axis = normalize_axis(axis, x.rank(), "index_add");
  check_slices(out, x, index, axis, "index_add");
  Positions p = checked(index, out.shape[axis], axis, "index_add");
  if (x.numel() == 0) return;
  visit_summable(out.dtype, "index_add", [&]<class T>() { add_slices<T>(out, x, p, axis); });
}

void gather(Array out, Array x, Array index, int axis) {
  axis = normalize_axis(axis, x.rank(), "gather");
  check_elements(x, out, index, axis, "gather");
  if (out.numel() == 0) return;
  visit_bits(out.dtype, [&]<class Bits>() { gather_bits<Bits>(out, x, index, axis); });
}

void scatter_add(Array out, Array x, Array index, int axis) {
  axis = normalize_axis(axis, x.rank(), "scatter_add");
  check_elements(out, x, index, axis, "scatter_add");
  if (x.numel() == 0) return;
  visit_summable(out.dtype, "scatter_add", [&]<class T>() { scatter_elements<T>(out, x, index, axis); });
}

}  // namespace gg::cpu
