// Adding in order has two forms.
//
// Lines: what differs in another axis than `axis` never meets, so each line along it is one warp's (or some lanes', or
// where lines lie side by side one thread's), which goes down the line in order. Lanes that meet at one place take
// turns. For many lines, or short ones: the gradients of max pooling, of max, of gather over classes.
//
// Sorted: positions are sorted by where they go, stably (radix_sort.h), and each place sums its own in order. For few,
// long lines, and for index_add, where the sort is of the positions alone and whole slices follow it: embeddings.
#include <array>
#include <cstdlib>

#include "core/determinism.h"
#include "cuda/index_kernels.h"
#include "cuda/indexed_axis.cuh"
#include "cuda/radix_sort.h"
#include "cuda/reduce.cuh"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {

inline __device__ void atomic_add(float* to, float value) { atomicAdd(to, value); }
inline __device__ void atomic_add(double* to, double value) { atomicAdd(to, value); }
inline __device__ void atomic_add(int64_t* to, int64_t value) {
  static_assert(sizeof(unsigned long long) == sizeof(int64_t));
  atomicAdd(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(value));
}

/// Operands: x, index, out without the axis.
// bytes: x + index + 2·x at the places, the least without sorting; every place is read and written per addition
template <class T>
__global__ void __launch_bounds__(kIndexThreads)
    add_atomically_kernel(StridedPlan plan, IndexedAxis axis, T* out, const T* x, const int64_t* index, Fault* fault) {
  for (uint32_t i = blockIdx.x * kIndexThreads + threadIdx.x; i < plan.count; i += gridDim.x * kIndexThreads) {
    int32_t at[3] = {};
    plan.add_offsets(i, at);
    const int64_t position = index[at[1]];
    if (is_valid(position, axis)) {
      atomic_add(out + at[2] + static_cast<int32_t>(position) * axis.step, x[at[0]]);
    } else {
      note_fault(fault, axis, position, at[1]);
    }
  }
}

/// 2^log_lanes lanes take a line of `length` elements, x_step and index_step apart. Operands: x, index, out.
// bytes: x + index + 2·x at the places; the least is x + index + 2·out
template <class T>
__global__ void __launch_bounds__(kIndexThreads)
    add_lines_kernel(AxisPlan<3> lines, IndexedAxis axis, uint32_t length, int32_t x_step, int32_t index_step,
                     int log_lanes, T* out, const T* x, const int64_t* index, Fault* fault) {
  const uint32_t lanes = 1u << log_lanes, lane = threadIdx.x % 32, in_line = lane & (lanes - 1);
  const uint32_t at_once = gridDim.x * kIndexThreads >> log_lanes;
  const uint32_t first_line = blockIdx.x * kIndexThreads + threadIdx.x - lane;  // of the warp, in threads
  for (uint32_t first = first_line >> log_lanes; first < lines.count; first += at_once) {
    const uint32_t line = first + (lane >> log_lanes);
    int32_t at[3] = {};
    if (line < lines.count) lines.add_offsets(line, at);
    for (uint32_t j0 = 0; j0 < length; j0 += lanes) {
      const uint32_t j = j0 + in_line;
      bool waits = line < lines.count && j < length;
      int32_t target = -1;
      T value = 0;
      if (waits) {
        const int32_t place = at[1] + static_cast<int32_t>(j) * index_step;
        const int64_t position = index[place];
        if (is_valid(position, axis)) {
          target = at[2] + static_cast<int32_t>(position) * axis.step;
          value = x[at[0] + static_cast<int32_t>(j) * x_step];
        } else {
          note_fault(fault, axis, position, place);
          waits = false;
        }
      }
      // How many lanes before this one have the same target.
      uint32_t turn = 0;
      for (uint32_t k = 0; k + 1 < lanes; ++k) {
        const uint32_t from = lane - in_line + k;
        const int32_t other = __shfl_sync(kFullMask, target, static_cast<int>(from));
        const bool counts = __shfl_sync(kFullMask, static_cast<int>(waits), static_cast<int>(from)) != 0;
        turn += counts && other == target && k < in_line;
      }
      for (uint32_t now = 0; __any_sync(kFullMask, waits); ++now) {
        if (waits && turn == now) {
          out[target] += value;
          waits = false;
        }
        __syncwarp();
      }
    }
  }
}

/// keys[j] = where slice j goes; axis.size if nowhere.
// bytes: index + half of it, the least
__global__ void __launch_bounds__(kIndexThreads)
    slice_keys_kernel(uint32_t count, IndexedAxis axis, uint32_t* keys, const int64_t* index, int32_t index_step,
                      Fault* fault) {
  for (uint32_t j = blockIdx.x * kIndexThreads + threadIdx.x; j < count; j += gridDim.x * kIndexThreads) {
    const int32_t place = static_cast<int32_t>(j) * index_step;
    const int64_t position = index[place];
    const bool valid = is_valid(position, axis);
    keys[j] = valid ? static_cast<uint32_t>(position) : axis.size;
    if (!valid) note_fault(fault, axis, position, place);
  }
}

/// keys[i] = how far behind the lowest element of `out` element i of x goes; `limit` if nowhere. Operands: index, out
/// without the axis, in row-major order.
// bytes: index + half of it, the least
__global__ void __launch_bounds__(kIndexThreads)
    element_keys_kernel(StridedPlan plan, IndexedAxis axis, int32_t lowest, uint32_t limit, uint32_t* keys,
                        const int64_t* index, Fault* fault) {
  for (uint32_t i = blockIdx.x * kIndexThreads + threadIdx.x; i < plan.count; i += gridDim.x * kIndexThreads) {
    int32_t at[2] = {};
    plan.add_offsets(i, at);
    const int64_t position = index[at[0]];
    const bool valid = is_valid(position, axis);
    keys[i] = valid ? static_cast<uint32_t>(at[1] + static_cast<int32_t>(position) * axis.step - lowest) : limit;
    if (!valid) note_fault(fault, axis, position, at[0]);
  }
}

/// Sorted place i and element e of a slice: the first place with a key adds up all places with it, in order. The slice
/// of position p begins at places(p) of x, that of key k at k * step of out; `others` are its elements (out, x).
// bytes: x + keys + positions + 2·out; the least is x + index + 2·out
template <class T>
__global__ void __launch_bounds__(kIndexThreads)
    add_sorted_kernel(uint32_t count, uint32_t limit, const uint32_t* keys, const uint32_t* positions,
                      StridedPlan others, Divisor slice, StridedPlan places, int32_t step, T* out, const T* x) {
  const uint32_t all = count * slice.value;
  for (uint32_t t = blockIdx.x * kIndexThreads + threadIdx.x; t < all; t += gridDim.x * kIndexThreads) {
    const uint32_t first = slice.quotient(t), key = keys[first];
    if (key >= limit || (first > 0 && keys[first - 1] == key)) continue;
    int32_t at[2] = {};
    others.add_offsets(t - first * slice.value, at);
    auto element = [&](uint32_t i) {
      int32_t from[1] = {at[1]};
      places.add_offsets(positions[i], from);
      return x[from[0]];
    };
    T* const to = out + at[0] + static_cast<int32_t>(key) * step;
    T sum = *to;
    uint32_t i = first;
    for (; i + 4 <= count && keys[i + 3] == key; i += 4) {  // four reads in flight
      const T a = element(i), b = element(i + 1), c = element(i + 2), d = element(i + 3);
      sum += a;
      sum += b;
      sum += c;
      sum += d;
    }
    for (; i < count && keys[i] == key; ++i) sum += element(i);
    *to = sum;
  }
}

namespace {

/// `index` has the shape of x here.
template <class T>
void add_atomically(const char* op, const Array& out, const Array& x, const Array& index, const IndexedAxis& axis) {
  const StridedPlan plan = make_plan(op, std::array{x, index, without_axis(out, axis.axis, x.shape)});
  launch(op, add_atomically_kernel<T>, index_grid(plan.count), kIndexThreads, 0, plan, axis, out.as<T>(),
         x.as<const T>(), index.as<const int64_t>(), fault_record());
}

struct SortMemory {
  explicit SortMemory(size_t count) : block(4 * count * sizeof(uint32_t), Device::GG_CUDA_NS) {
    auto* p = block.as<uint32_t>();
    buffers = {{p, p + count}, {p + 2 * count, p + 3 * count}};
  }
  DeviceScratch block;
  SortBuffers buffers;
};

/// Sorts keys[0] of the buffers, then adds. slice: the elements of a slice, of out and x; places: the slices of x.
template <class T>
void add_sorted(const char* op, const SortMemory& memory, uint32_t count, uint32_t limit, const Array& out_slice,
                const Array& x_slice, const Array& places, int64_t step, T* out, const T* x) {
  const int sorted = sort_positions(memory.buffers, count, limit);
  const StridedPlan slice = make_plan(op, std::array{out_slice, x_slice});
  launch(op, add_sorted_kernel<T>, index_grid(int64_t{count} * slice.count), kIndexThreads, 0, count, limit,
         memory.buffers.keys[sorted], memory.buffers.positions[sorted], slice, Divisor(slice.count),
         make_plan(op, std::array{places}, PlanOrder::row_major), static_cast<int32_t>(step), out, x);
}

template <class T>
void add_slices_in_order(const Array& out, const Array& x, const Array& index, const IndexedAxis& axis) {
  constexpr const char* op = "index_add";
  const auto count = static_cast<uint32_t>(index.numel());
  const SortMemory memory(count);
  launch("index_add (keys)", slice_keys_kernel, index_grid(count), kIndexThreads, 0, count, axis,
         memory.buffers.keys[0], index.as<const int64_t>(), static_cast<int32_t>(index.strides[0]), fault_record());
  Shape slice = x.shape;
  slice[axis.axis] = 1;
  add_sorted(op, memory, count, axis.size, {out.data, out.dtype, slice, out.strides},
             {x.data, x.dtype, slice, x.strides}, {x.data, x.dtype, {x.shape[axis.axis]}, {x.strides[axis.axis]}},
             axis.step, out.as<T>(), x.as<const T>());
}

template <class T>
void add_elements_in_order(const Array& out, const Array& x, const Array& index, const IndexedAxis& axis) {
  constexpr const char* op = "scatter_add";
  const int along = axis.axis;
  const auto length = static_cast<uint32_t>(x.shape[along]);
  AxisList others(3);
  for (int i = 0; i < x.rank(); ++i) {
    if (i != along) others.push(x.shape[i], {x.strides[i], index.strides[i], out.strides[i]});
  }
  const AxisPlan<3> lines = others.sort().merge().fixed<3>();
  int log_lanes = 0;
  const int64_t beside = std::abs(others.inner_stride(0));
  if (lines.count == 1 || beside > std::abs(x.strides[along])) {
    while (log_lanes < 5 && (1u << log_lanes) < length) ++log_lanes;
  }
  constexpr uint32_t kFewSteps = 256, kManyThreads = 1 << 17;
  if (length >> log_lanes <= kFewSteps || lines.count >= kManyThreads >> log_lanes) {
    launch("scatter_add (lines)", add_lines_kernel<T>, index_grid(int64_t{lines.count} << log_lanes), kIndexThreads, 0,
           lines, axis, length, static_cast<int32_t>(x.strides[along]), static_cast<int32_t>(index.strides[along]),
           log_lanes, out.as<T>(), x.as<const T>(), index.as<const int64_t>(), fault_record());
    return;
  }
  int64_t lowest = 0, highest = 0;  // elements of out, from its first
  for (int i = 0; i < out.rank(); ++i) {
    (out.strides[i] < 0 ? lowest : highest) += out.strides[i] * (out.shape[i] - 1);
  }
  const auto limit = static_cast<uint32_t>(highest - lowest + 1);
  const auto plan = make_plan(op, std::array{index, without_axis(out, along, x.shape)}, PlanOrder::row_major);
  const SortMemory memory(plan.count);
  launch("scatter_add (keys)", element_keys_kernel, index_grid(plan.count), kIndexThreads, 0, plan, axis,
         static_cast<int32_t>(lowest), limit, memory.buffers.keys[0], index.as<const int64_t>(), fault_record());
  const Array one{out.data, out.dtype, {}, {}};
  add_sorted(op, memory, plan.count, limit, one, one, x, 1, out.as<T>() + lowest, x.as<const T>());
}

/// in_order(element type's zero) adds floats in order; `index` has the shape of x.
template <class InOrder>
void add(const char* op, const Array& out, const Array& x, const Array& index, const IndexedAxis& axis,
         InOrder in_order) {
  check_reach(op, {out, x, index});
  if (x.numel() == 0) return;
  if (x.dtype == i64) return add_atomically<int64_t>(op, out, x, index, axis);
  GG_CHECK(is_floating(x.dtype), op, ": not defined for ", x.dtype);
  visit_floating(x.dtype, op, [&]<class T>() {
    if (deterministic()) return in_order(T{});
    add_atomically<T>(op, out, x, index, axis);
  });
}

}  // namespace

void index_add(Array out, Array x, Array index, int axis) {
  axis = normalize_axis(axis, x.rank(), "index_add");
  check_slices("index_add", out, x, index, axis);
  const IndexedAxis where = indexed(Fault::index_add, out, axis, index.strides[0]);
  add("index_add", out, x, along(index, axis, x.shape), where,
      [&]<class T>(T) { add_slices_in_order<T>(out, x, index, where); });
}

void scatter_add(Array out, Array x, Array index, int axis) {
  axis = normalize_axis(axis, x.rank(), "scatter_add");
  check_elements("scatter_add", out, x, index, axis);
  const IndexedAxis where = indexed(Fault::scatter_add, out, axis, 1);
  add("scatter_add", out, x, index, where, [&]<class T>(T) { add_elements_in_order<T>(out, x, index, where); });
}

}  // namespace gg::GG_CUDA_NS
