// Convolution as matrix products: the input under each tap of the kernel is gathered into a matrix of columns
// ("im2col": Chellapilla, Puri and Simard 2006), one row or column for each place of the output, and multiplied with
// the weight. The input gradient goes the other way; there each input element collects what belongs to it, tap by tap
// in a fixed order, so nothing is added by two threads.
//
// Images are taken in chunks whose columns fit in conv_columns_limit(): about what the cache of a large GPU holds, so
// that the product reads what was just written from there. Columns are written and read once, kh·kw times the input.
// A 1×1 kernel without stride or padding needs none.
//
//                 columns                     product, for each group
// NCHW            [n, c·taps, places]         y[n] = w · columns[n]
// NCHW, dw        [c·taps, n·places]          dw = g · columnsᵀ, with g copied to [o, n·places]
// channels-last   [group, n·places, taps·c]   y = columns · wᵀ
#include <algorithm>
#include <cstdint>

#include "core/matmul_plan.h"
#include "cuda/conv2d.h"
#include "cuda/conv_columns.cuh"
#include "cuda/conv_problem.h"
#include "cuda/copy.h"
#include "cuda/matmul.h"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {

namespace {

constexpr int64_t kIndexLimit = INT32_MAX;

/// Elements from the first to the last of `a`.
int64_t reach(const Array& a) {
  int64_t span = 1;
  for (int i = 0; i < a.rank(); ++i) span += (a.shape[i] - 1) * std::abs(a.strides[static_cast<size_t>(i)]);
  return span;
}

Array view(const Array& of, void* data, const Shape& shape, std::initializer_list<int64_t> strides) {
  Array a{data, of.dtype, shape};
  std::copy(strides.begin(), strides.end(), a.strides.begin());
  return a;
}

void* advanced(const Array& a, int64_t elements) {
  return a.as<char>() + elements * static_cast<int64_t>(size_of(a.dtype));
}

/// Images [first, first + count) of an array.
Array images_of(Array a, int64_t first, int64_t count) {
  a.data = advanced(a, first * a.strides[0]);
  a.shape[0] = count;
  return a;
}

/// The columns of `count` images as a matrix for each group: [n, group, kernel, places] for NCHW products,
/// [group, n·places, kernel] for channels-last, [group, kernel, n·places] for NCHW weight gradients.
enum class ColumnOrder { image_by_image, channels_last, along_rows };

struct Chunk {
  const ConvProblem& q;
  int64_t count;
  Array x, y;
  void* columns;
  ColumnOrder order;

  Array column_matrix() const {
    const int64_t g = q.o.groups, k = q.kernel(), p = q.places(), np = count * p;
    switch (order) {
      case ColumnOrder::image_by_image:
        return view(x, columns, {count, g, k, p}, {g * k * p, k * p, p, 1});
      case ColumnOrder::channels_last:
        return view(x, columns, {g, np, k}, {np * k, k, 1});
      default:
        return view(x, columns, {g, k, np}, {k * np, np, 1});
    }
  }

  /// How the kernels walk x and the columns, in packs of `pack` channels.
  ColumnGeometry geometry(int64_t pack) const {
    // Strides and dilations may be beyond all sizes, and then mean the same as the largest number.
    const auto narrow = [](int64_t v) { return static_cast<int32_t>(std::min(v, kIndexLimit)); };
    const auto divisor = [&](int64_t v) { return Divisor(static_cast<uint32_t>(narrow(v))); };
    ColumnGeometry c{};
    c.last = order == ColumnOrder::channels_last;
    // In NCHW order the groups' channels go on evenly: one group of all.
    const int64_t groups = c.last ? q.o.groups : 1, channels = q.x.shape[1] / groups / pack;
    c.groups_div = divisor(groups);
    c.channels_div = divisor(channels);
    c.height = narrow(x.shape[2]);
    c.width = narrow(x.shape[3]);
    c.out_height = narrow(y.shape[2]);
    c.out_width = narrow(y.shape[3]);
    c.height_div = divisor(c.height);
    c.width_div = divisor(c.width);
    c.out_height_div = divisor(c.out_height);
    c.out_width_div = divisor(c.out_width);
    c.kh = narrow(q.kh);
    c.kw = narrow(q.kw);
    for (int i = 0; i < 2; ++i) {
      c.stride[i] = narrow(q.o.stride[i]);
      c.stride_div[i] = divisor(q.o.stride[i]);
      c.padding[i] = narrow(q.o.padding[i]);
      c.dilation[i] = narrow(q.o.dilation[i]);
    }
    c.x_image = narrow(x.strides[0] / pack);
    c.x_channel = narrow(pack == 1 ? x.strides[1] : 1);
    c.x_group = narrow(channels * c.x_channel);
    c.x_row = narrow(x.strides[2] / pack);
    c.x_col = narrow(x.strides[3] / pack);

    const int64_t taps = q.taps(), p = q.places();
    if (c.last) {
      c.column_channel = 1;
      c.column_tap = narrow(channels);
      c.column_place = narrow(channels * taps);
      c.column_image = narrow(channels * taps * p);
      c.column_group = narrow(channels * taps * p * count);
    } else {
      const bool rows = order == ColumnOrder::along_rows;
      c.column_place = 1;
      c.column_tap = narrow(rows ? count * p : p);
      c.column_channel = narrow(taps * c.column_tap);
      c.column_image = narrow(rows ? p : q.x.shape[1] * taps * p);
    }
    return c;
  }

  /// Channels that move by one instruction: 16 bytes of them where they lie together everywhere.
  int64_t pack() const {
    const int64_t wide = 16 / static_cast<int64_t>(size_of(x.dtype));
    if (order != ColumnOrder::channels_last || x.strides[1] != 1 || q.group_in() % wide != 0) return 1;
    bool fits = reinterpret_cast<uintptr_t>(x.data) % 16 == 0;
    for (size_t i : {0, 2, 3}) fits &= x.shape[static_cast<int>(i)] == 1 || x.strides[i] % wide == 0;
    return fits ? wide : 1;
  }

  template <class T, int kPack>
  void run_kernel(bool gather) const {
    using P = Pack<T, kPack>;
    const ColumnGeometry c = geometry(kPack);
    const int64_t work = count * (q.x.shape[1] / kPack) * (gather ? q.places() : x.shape[2] * x.shape[3]);
    const unsigned grid = blocks_for(work, kConvThreads);
    if (gather) {
      launch("conv2d (gather columns)", gather_columns_kernel<P>, grid, kConvThreads, 0, c, static_cast<uint32_t>(work),
             x.as<const P>(), static_cast<P*>(columns));
    } else {
      launch("conv2d (collect columns)", collect_columns_kernel<P>, grid, kConvThreads, 0, c,
             static_cast<uint32_t>(work), static_cast<const P*>(columns), x.as<P>());
    }
  }
  /// Fills the columns from x, or x from the columns.
  void run(bool gather) const {
    visit_floating(x.dtype, "conv2d", [&]<class T>() {
      constexpr int kWide = 16 / static_cast<int>(sizeof(T));
      pack() == 1 ? run_kernel<T, 1>(gather) : run_kernel<T, kWide>(gather);
    });
  }
};

/// The weight as matrices [group, outputs, kernel] for a batch of products.
Array weight_matrix(const ConvProblem& q, bool image_by_image) {
  const int64_t g = q.o.groups, o = q.group_out(), k = q.kernel();
  if (!image_by_image) return view(q.w, q.w.data, {g, o, k}, {o * k, k, 1});
  return view(q.w, q.w.data, {1, g, o, k}, {0, o * k, k, 1});
}

/// y of a chunk as matrices: [n, group, outputs, places], or [group, n·places, outputs] where it is channels-last.
Array y_matrix(const Chunk& c) {
  const ConvProblem& q = c.q;
  const int64_t g = q.o.groups, o = q.group_out(), p = q.places();
  if (q.last) return view(c.y, c.y.data, {g, c.count * p, o}, {o, g * o, 1});
  return view(c.y, c.y.data, {c.count, g, o, p}, {g * o * p, o * p, p, 1});
}

/// The weight for each image of a chunk.
Array for_images(const Array& weight, int64_t count) {
  Shape s = weight.shape;
  s[0] = count;
  return weight.expanded(s, "conv2d");
}

/// x itself as the columns of a 1×1 kernel, or nothing where it must be gathered.
bool columns_of_input(const Chunk& c, Array& columns) {
  const ConvProblem& q = c.q;
  const Array& x = c.x;
  for (int i = 0; i < 2; ++i) {
    if (q.o.stride[i] != 1 || q.o.padding[i] != 0) return false;
  }
  if (q.taps() != 1 || c.order == ColumnOrder::along_rows) return false;
  const auto goes_on = [&](int outer, int inner) {
    const auto at = [](int i) { return static_cast<size_t>(i); };
    return x.shape[outer] == 1 || x.strides[at(outer)] == x.strides[at(inner)] * x.shape[inner];
  };
  if (!goes_on(2, 3)) return false;
  const int64_t g = q.o.groups, k = q.kernel(), p = q.places(), channel = x.strides[1];
  if (c.order == ColumnOrder::image_by_image) {
    columns = view(x, x.data, {c.count, g, k, p}, {x.strides[0], k * channel, channel, x.strides[3]});
    return true;
  }
  if (x.shape[0] != 1 && x.strides[0] != x.strides[3] * p) return false;
  columns = view(x, x.data, {g, c.count * p, k}, {k * channel, x.strides[3], channel});
  return true;
}

void run_chunk(const Chunk& c, bool first) {
  const ConvProblem& q = c.q;
  Array columns = c.column_matrix();
  const bool direct = columns_of_input(c, columns);
  if (q.kind == ConvKind::forward) {
    if (!direct) c.run(true);
    if (q.last) return matmul(y_matrix(c), columns, transposed(weight_matrix(q, false)));
    return matmul(y_matrix(c), for_images(weight_matrix(q, true), c.count), columns);
  }
  if (q.kind == ConvKind::input_grad) {
    if (q.last) {
      matmul(columns, y_matrix(c), weight_matrix(q, false));
    } else {
      matmul(columns, for_images(transposed(weight_matrix(q, true)), c.count), y_matrix(c));
    }
    if (!direct) c.run(false);
    return;
  }
  if (!direct) c.run(true);
  const auto accumulate = first ? matmul : matmul_add;
  if (q.last) return accumulate(weight_matrix(q, false), transposed(y_matrix(c)), columns);
  // g with its images side by side, so that one product sums over all of them.
  const int64_t g = q.o.groups, o = q.group_out(), p = q.places(), np = c.count * p;
  const DeviceScratch scratch(c.count == 1 ? 0 : size_of(c.y.dtype) * static_cast<size_t>(c.y.numel()),
                              Device::GG_CUDA_NS);
  Array y = view(c.y, c.y.data, {g, o, np}, {o * p, p, 1});
  if (c.count > 1) {
    const Array to = view(c.y, scratch.as<void>(), {c.count, g * o, p}, {p, np, 1});
    copy(to, view(c.y, c.y.data, {c.count, g * o, p}, {g * o * p, p, 1}));
    y = view(c.y, scratch.as<void>(), {g, o, np}, {o * np, np, 1});
  }
  accumulate(weight_matrix(q, false), y, transposed(columns));
}

/// The problem whose columns are asked for: w and y have shapes only.
ConvProblem columns_problem(const Array& columns, const Array& x, Size2 kernel, const Conv2dOptions& o,
                            const char* op) {
  GG_CHECK(x.rank() == 4 && columns.rank() == 3 && columns.is_contiguous() && x.dtype == columns.dtype, op,
           ": expected [N,C,H,W] and row-major columns of one type, got ", x.shape, " and ", columns.shape);
  Array y = x;
  y.shape = {x.shape[0], 1, window_places(x.shape[2], kernel.height, o, 0),
             window_places(x.shape[3], kernel.width, o, 1)};
  ConvProblem q{ConvKind::forward, x, {}, y, o, false, kernel.height, kernel.width};
  GG_CHECK(columns.shape == (Shape{x.shape[0], q.kernel(), q.places()}), op, ": ", columns.shape,
           " are not the columns of ", x.shape);
  for (int i = 0; i < 2; ++i) {
    GG_CHECK(o.padding[i] <= (kIndexLimit - x.shape[2 + i]) / 2, op, ": padding ", o.padding[i],
             " makes an image larger than 2^31-1 on ", GG_CUDA_NS_NAME);
  }
  GG_CHECK(std::max(columns.numel(), reach(x)) <= kIndexLimit, op, ": ", x.shape, " with columns ", columns.shape,
           " reaches beyond 2^31-1 elements on ", GG_CUDA_NS_NAME);
  return q;
}

}  // namespace

void unfold(Array columns, Array x, Size2 kernel, Conv2dOptions o) {
  const ConvProblem q = columns_problem(columns, x, kernel, o, "unfold");
  if (columns.numel() == 0) return;
  Chunk{q, q.images(), q.x, q.y, columns.data, ColumnOrder::image_by_image}.run(true);
}

void fold(Array x, Array columns, Size2 kernel, Conv2dOptions o) {
  const ConvProblem q = columns_problem(columns, x, kernel, o, "fold");
  if (x.numel() == 0) return;
  Chunk{q, q.images(), q.x, q.y, columns.data, ColumnOrder::image_by_image}.run(false);
}

size_t& conv_columns_limit() {
  static size_t limit = size_t{64} << 20;
  return limit;
}

void conv_by_columns(const ConvProblem& q) {
  const int64_t per_image = q.x.shape[1] * q.taps() * q.places();
  const int64_t bytes = per_image * static_cast<int64_t>(size_of(q.x.dtype));
  const Array one_x = images_of(q.x, 0, 1), one_y = images_of(q.y, 0, 1);
  const int64_t largest = std::max({per_image, reach(one_x), reach(one_y)});
  GG_CHECK(largest <= kIndexLimit, "conv2d: one image of ", q.x.shape, " needs ", largest,
           " elements of columns or strides; on ", GG_CUDA_NS_NAME, " at most 2^31-1");
  for (int i = 0; i < 2; ++i) {
    GG_CHECK(q.o.padding[i] <= (kIndexLimit - q.x.shape[2 + i]) / 2, "conv2d: padding ", q.o.padding[i],
             " makes an image larger than 2^31-1 on ", GG_CUDA_NS_NAME);
  }
  int64_t images = std::max<int64_t>(static_cast<int64_t>(conv_columns_limit()) / bytes, 1);
  const int64_t apart = std::max({per_image, std::abs(q.x.strides[0]), q.x.shape[1] * q.x.shape[2] * q.x.shape[3]});
  images = std::min({images, q.images(), std::max<int64_t>((kIndexLimit - largest) / apart, 1)});
  const int64_t chunks = (q.images() + images - 1) / images;
  images = (q.images() + chunks - 1) / chunks;  // as even as can be

  const ColumnOrder order = q.last                            ? ColumnOrder::channels_last
                            : q.kind == ConvKind::weight_grad ? ColumnOrder::along_rows
                                                              : ColumnOrder::image_by_image;
  Array unused;
  const bool direct = columns_of_input({q, q.images(), q.x, q.y, nullptr, order}, unused);
  if (direct) images = q.images();
  const DeviceScratch columns(direct ? 0 : static_cast<size_t>(images * bytes), Device::GG_CUDA_NS);
  for (int64_t first = 0; first < q.images(); first += images) {
    const int64_t count = std::min(images, q.images() - first);
    run_chunk({q, count, images_of(q.x, first, count), images_of(q.y, first, count), columns.as<void>(), order},
              first == 0);
  }
}

}  // namespace gg::GG_CUDA_NS
