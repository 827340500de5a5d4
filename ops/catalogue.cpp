#include "ops/catalogue.h"

#include <vector>

#include "ops/elementwise_kernels.h"
#include "ops/functors/functors.h"

namespace gg {
namespace {

constexpr int kFunctorOrders = detail::kMaxJetOrder;
constexpr int kNone = 0;
constexpr bool kEverywhere = true;

// Name, derivatives, node if it is another's, one line. Tiers follow from the list an entry is in.
struct Line {
  std::string_view name;
  int orders;
  std::string_view doc;
  std::string_view node = {};
  bool any_device = false;
};

constexpr Line kComposite[] = {
    {"linear", kAnyOrder, "x wT + b: x [..., in], w [out, in], b [out] or none -> [..., out]", "matmul", kEverywhere},
    {"flatten", kAnyOrder, "axes first ... last merged into one", "reshape", kEverywhere},
    {"unsqueeze", kAnyOrder, "an axis of size 1 put in", "reshape", kEverywhere},
    {"squeeze", kAnyOrder, "an axis of size 1 taken out", "reshape", kEverywhere},
    {"transpose", kAnyOrder, "two axes swapped; a view", "permute", kEverywhere},
    {"select", kAnyOrder, "element `index` along an axis, which goes away; a view", "slice", kEverywhere},
    {"split", kAnyOrder, "pieces along an axis, of one size or of given sizes; views", "slice", kEverywhere},
    {"stack", kAnyOrder, "equally shaped tensors joined along a new axis", "concat", kEverywhere},
    {"mean", kAnyOrder, "mean over axes (all by default), which may stay with size 1", "sum", kEverywhere},
    {"std", kFunctorOrders, "square root of var; derivatives 0 where that is 0", "sqrt", kEverywhere},
    {"prod", kAnyOrder, "product over axes (all by default), right also at zeros; of bool int64", "mul", kEverywhere},
    {"norm", kFunctorOrders, "vector p-norm over axes (all by default), any p; derivatives 0 where it is 0", "sum",
     kEverywhere},
    {"all", kNone, "whether all elements are true, over axes (all by default)", "", kEverywhere},
    {"any", kNone, "whether any element is true, over axes (all by default)", "", kEverywhere},
    {"cumprod", kAnyOrder, "running products along an axis", "concat", kEverywhere},
    {"embedding", kAnyOrder, "rows of weight [n, d] at int64 positions [...]: [..., d]", "index_select", kEverywhere},
    {"batch_norm_fixed", kFunctorOrders, "batch_norm with statistics given as constants (evaluation)", "channel_affine",
     kEverywhere},
    {"take_along_dim", kAnyOrder, "gather, with broadcasting", "gather", kEverywhere},
    {"masked_fill", kAnyOrder, "x with a value where a bool mask holds, broadcasting", "where", kEverywhere},
    {"masked_select", kAnyOrder, "elements of x where a bool mask holds: [count]; waits for the device", "index_select",
     kEverywhere},
    {"roll", kAnyOrder, "elements moved along axes; what leaves at one end comes in at the other", "concat",
     kEverywhere},
    {"tile", kAnyOrder, "x repeated along axes, one copy behind the other", "expand", kEverywhere},
    {"repeat_interleave", kAnyOrder, "each element along an axis repeated, one beside the other", "expand",
     kEverywhere},
    {"tril", kAnyOrder, "zeros above a diagonal of x [..., n, m]", "where", kEverywhere},
    {"triu", kAnyOrder, "zeros below a diagonal of x [..., n, m]", "where", kEverywhere},
    {"diag", kAnyOrder, "the diagonal of a matrix, or the matrix with a vector on its diagonal", "diagonal",
     kEverywhere},
    {"trace", kAnyOrder, "sum of the main diagonal of x [..., n, m]", "diagonal", kEverywhere},
    {"outer", kAnyOrder, "a_i b_j of two vectors", "mul", kEverywhere},
    {"dot", kAnyOrder, "sum of a_i b_i of two vectors", "matmul", kEverywhere},
    {"einsum", kAnyOrder, "sums of products of tensors whose axes are named by letters, such as \"ij,jk->ik\"",
     "matmul", kEverywhere},
    {"cdist", kFunctorOrders, "p-norms of the differences of points a [..., n, d] and b [..., m, d]: [..., n, m]",
     "where", kEverywhere},
    {"cosine_similarity", kFunctorOrders, "a b / (max(|a|, eps) max(|b|, eps)) along an axis", "div", kEverywhere},
    {"normalize", kFunctorOrders, "x / max(p-norm of x, eps) along an axis", "div", kEverywhere},
    {"instance_norm", kFunctorOrders, "group_norm with a group for each channel of x [N, C, L, ...]", "group_norm",
     kEverywhere},
    {"pixel_shuffle", kAnyOrder, "x [N, C r^2, H, W] -> [N, C, r H, r W]: channels become the pixels of r x r blocks",
     "reshape", kEverywhere},
    {"pixel_unshuffle", kAnyOrder, "the inverse of pixel_shuffle: [N, C, r H, r W] -> [N, C r^2, H, W]", "reshape",
     kEverywhere},
    {"adaptive_avg_pool2d", kAnyOrder, "x [N, C, H, W] -> [N, C, size]: means of windows that cover x, `size` of them",
     "index_select", kEverywhere},
    {"conv1d", kAnyOrder, "x [N, C, L], w [O, C/groups, k], b [O] or none -> [N, O, L']", "conv2d", kEverywhere},
    {"conv_transpose1d", kAnyOrder, "x [N, C, L], w [C, O/groups, k], b [O] or none -> [N, O, L']", "conv2d_input_grad",
     kEverywhere},
    {"max_pool1d", kAnyOrder, "largest element of each window of x [N, C, L]", "max_pool2d", kEverywhere},
    {"avg_pool1d", kAnyOrder, "mean of each window of x [N, C, L]; padded zeros count", "avg_pool2d", kEverywhere},
    {"grid_sample", kAnyOrder, "x [N, C, H, W] read at grid [N, H', W', 2] -> [N, C, H', W']", "index_select",
     kEverywhere},
    {"affine_grid", kAnyOrder, "the grid [N, H, W, 2] of the places theta (x, y, 1), theta [N, 2, 3]", "matmul",
     kEverywhere},
    {"weight_norm", kFunctorOrders, "g v / |v|, the norm taken over all axes but one", "sqrt", kEverywhere},
    {"spectral_norm", kFunctorOrders, "w over its largest singular value u w v, u and v being constants", "matmul",
     kEverywhere},
    {"adain", kFunctorOrders, "content with the mean and deviation of each channel of a style, both [N, C, L, ...]",
     "group_norm", kEverywhere},
    {"dropout1d", kAnyOrder, "feature_dropout of x [N, C, L]", "feature_dropout", kEverywhere},
    {"dropout2d", kAnyOrder, "feature_dropout of images [N, C, H, W]", "feature_dropout", kEverywhere},
    {"dropout3d", kAnyOrder, "feature_dropout of volumes [N, C, D, H, W]", "feature_dropout", kEverywhere},
    {"gaussian_noise", kAnyOrder, "x + std * n, n standard normal", "add", kEverywhere},
    {"gumbel_softmax", kFunctorOrders, "a relaxed sample of classes, or a one-hot one with its gradient", "softmax",
     kEverywhere},
    {"rotary_embedding", kAnyOrder, "pairs of features of x [..., L, d] turned by angles that grow with the position",
     "mul", kEverywhere},
    {"causal_mask", kNone, "true where key j <= query i: bool [queries, keys]", "", kEverywhere},
    {"gru_cell", kFunctorOrders, "a step of a gated recurrent unit: x [N, in], h [N, H] -> [N, H]", "tanh",
     kEverywhere},
    {"lstm_cell", kFunctorOrders, "a step of long short-term memory: x [N, in], h and c [N, H] -> h and c", "tanh",
     kEverywhere},
    {"inverse", kAnyOrder, "the inverse of square matrices [..., n, n]", "solve", kEverywhere},
    {"cholesky_solve", kAnyOrder, "x with l lT x = b, l lower triangular", "solve_triangular", kEverywhere},
    {"logdet", kAnyOrder, "log of the determinant; NaN where it is negative", "slogdet", kEverywhere},
    {"eigvalsh", kFunctorOrders, "eigenvalues of (a + aT) / 2, smallest first", "eigh", kEverywhere},
    {"svdvals", kFunctorOrders, "singular values, largest first", "svd", kEverywhere},
    {"logical_not", kNone, "not x, of bool", "", kEverywhere},
    {"logical_and", kNone, "a and b, of bool, broadcasting", "", kEverywhere},
    {"logical_or", kNone, "a or b, of bool, broadcasting", "", kEverywhere},
    {"batch_statistics", kNone, "mean [C] and biased variance [C] of a batch [N, C, ...]; constants", "", kEverywhere},
    {"power_iteration", kNone, "steps towards the singular vectors u, v of the largest singular value; constants", "",
     kEverywhere},
    {"zeros", kNone, "zeros of a shape", "", kEverywhere},
    {"ones", kNone, "ones of a shape", "", kEverywhere},
    {"full_like", kNone, "one value in the shape and type of another tensor", "", kEverywhere},
    {"zeros_like", kNone, "zeros in the shape and type of another tensor", "", kEverywhere},
    {"ones_like", kNone, "ones in the shape and type of another tensor", "", kEverywhere},
    {"linspace", kNone, "evenly spaced numbers from start to end, both included: [count]", "", kEverywhere},
    {"eye", kNone, "the identity matrix: [n, n]", "", kEverywhere},
    {"one_hot", kNone, "1 in the column that an int64 index names, else 0: [..., classes]", "", kEverywhere},
    {"rand_like", kNone, "rand in the shape and type of another tensor", "", kEverywhere},
    {"randn_like", kNone, "randn in the shape and type of another tensor", "", kEverywhere},
};

constexpr Line kStructured[] = {
    {"add", kAnyOrder, "a + b, broadcasting", "", kEverywhere},
    {"sub", kAnyOrder, "a - b, broadcasting", "", kEverywhere},
    {"mul", kAnyOrder, "a * b, broadcasting", "", kEverywhere},
    {"neg", kAnyOrder, "-x", "", kEverywhere},
    {"add_scalar", kAnyOrder, "x + c and x - c, c being a number", "", kEverywhere},
    {"scalar_sub", kAnyOrder, "c - x", "", kEverywhere},
    {"mul_scalar", kAnyOrder, "x * c", "", kEverywhere},
    {"div_scalar", kAnyOrder, "x / c, correctly rounded", "", kEverywhere},
    {"affine", kAnyOrder, "scale * x + shift in one pass", "", kEverywhere},
    {"where", kAnyOrder, "a where a bool condition holds, else b, broadcasting", "", kEverywhere},
    {"eq", kNone, "a = b, bool", "", kEverywhere},
    {"ne", kNone, "a not equal to b, bool", "", kEverywhere},
    {"lt", kNone, "a < b, bool", "", kEverywhere},
    {"le", kNone, "a <= b, bool", "", kEverywhere},
    {"gt", kNone, "a > b, bool", "", kEverywhere},
    {"ge", kNone, "a >= b, bool", "", kEverywhere},
    {"reshape", kAnyOrder, "the same elements in row-major order under another shape; one size may be -1", "",
     kEverywhere},
    {"expand", kAnyOrder, "axes of size 1, and new ones in front, repeated without a copy", "", kEverywhere},
    {"permute", kAnyOrder, "axis i of the result is axis axes[i] of x; a view", "", kEverywhere},
    {"slice", kAnyOrder, "elements start, start+step, ... before end along an axis; a view", "", kEverywhere},
    {"unslice", kAnyOrder, "the adjoint of slice: zeros, and x at start, start+step, ...", "", kEverywhere},
    {"pad", kAnyOrder, "a value put around x, so much before and after on each named axis", "", kEverywhere},
    {"pad_mode", kAnyOrder, "pad(x, widths, mode): x in a frame of its mirror image, its edge, or its other end", "",
     kEverywhere},
    {"concat", kAnyOrder, "tensors joined along an axis", "", kEverywhere},
    {"clone", kAnyOrder, "a copy with storage of its own, in x's axis order", "", kEverywhere},
    {"contiguous", kAnyOrder, "x if it is row-major, else such a copy", "", kEverywhere},
    {"to_device", kAnyOrder, "to(x, device): x on another device", "", kEverywhere},
    {"to_dtype", kAnyOrder, "to(x, dtype): x as another element type; a gradient between floating types only", "",
     kEverywhere},
    {"flip", kAnyOrder, "the opposite order along axes", "", kEverywhere},
    {"diagonal", kAnyOrder, "elements (i, i + offset) of two axes, which become one; a view", "", kEverywhere},
    {"diag_embed", kAnyOrder, "the adjoint of diagonal: zeros, and x on a diagonal of two new axes", "", kEverywhere},
    {"sum", kAnyOrder, "sum over axes (all by default), which may stay with size 1; of bool the count, int64", "",
     kEverywhere},
    {"sum_to", kAnyOrder, "sum over the axes along which `shape` was broadcast to x's shape", "sum", kEverywhere},
    {"var", kAnyOrder, "mean squared deviation over axes, divided by n - correction", "", kEverywhere},
    {"max", kAnyOrder, "largest element along an axis, or of all; the gradient goes to the first of equals", "gather",
     kEverywhere},
    {"min", kAnyOrder, "smallest element along an axis, or of all; the gradient goes to the first of equals", "gather",
     kEverywhere},
    {"argmax", kNone, "int64 position of the first largest element along an axis", "", kEverywhere},
    {"argmin", kNone, "int64 position of the first smallest element along an axis", "", kEverywhere},
    {"cumsum", kAnyOrder, "running sums along an axis, or from each element to its end; of bool int64 counts", "",
     kEverywhere},
    {"nonzero", kNone, "int64 positions [count, rank] at which a bool mask holds; waits for the device", "",
     kEverywhere},
    {"sort", kAnyOrder, "elements in order along an axis, and their int64 positions; stable, NaN is largest", "gather",
     kEverywhere},
    {"argsort", kNone, "int64 positions of the elements in order along an axis", "", kEverywhere},
    {"topk", kAnyOrder, "the k largest or smallest elements along an axis, and their int64 positions", "gather",
     kEverywhere},
    {"median", kAnyOrder, "the middle element along an axis, of two the lower", "gather", kEverywhere},
    {"index_select", kAnyOrder, "slices x[..., index[i], ...] along an axis, index int64 [n]", "", kEverywhere},
    {"index_add", kAnyOrder, "x with slice i of source added at index[i] along an axis", "", kEverywhere},
    {"index_add_zeros", kAnyOrder, "the adjoint of index_select: slices added into zeros", "index_add", kEverywhere},
    {"gather", kAnyOrder, "out[i][j] = x[i][index[i][j]] for axis 1, and so on; index int64 of x's rank", "",
     kEverywhere},
    {"scatter_add", kAnyOrder, "x plus source added at the positions that gather would read", "", kEverywhere},
    {"squared_distance", kAnyOrder,
     "sums of squared differences of points a [..., n, d] and b [..., m, d]: [..., n, m]", "", kEverywhere},
    {"matmul", kAnyOrder, "a [..., m, k] times b [..., k, n]: [..., m, n]; leading axes broadcast, vectors allowed", "",
     kEverywhere},
    {"conv2d", kAnyOrder, "x [N, C, H, W], w [O, C/groups, kh, kw], b [O] or none -> [N, O, H', W']", "", kEverywhere},
    {"conv2d_input_grad", kAnyOrder, "the gradient of conv2d with respect to x: g [N, O, H', W'] -> [N, C, H, W]", "",
     kEverywhere},
    {"conv2d_weight_grad", kAnyOrder, "the gradient of conv2d with respect to w -> [O, C/groups, kh, kw]", "",
     kEverywhere},
    {"conv_transpose2d", kAnyOrder, "x [N, C, H, W], w [C, O/groups, kh, kw], b [O] or none -> [N, O, H', W']",
     "conv2d_input_grad", kEverywhere},
    {"max_pool2d", kAnyOrder, "largest element of each window of x [N, C, H, W]", "", kEverywhere},
    {"avg_pool2d", kAnyOrder, "mean of each window of x [N, C, H, W]; padded zeros count", "", kEverywhere},
    {"interpolate_nearest", kAnyOrder, "x [N, C, H, W] resized by repeating the nearest element", "", kEverywhere},
    {"interpolate_bilinear", kAnyOrder, "x [N, C, H, W] resized, interpolating between neighbours", "", kEverywhere},
    {"unfold", kAnyOrder, "windows of x [N, C, H, W] as columns: [N, C kh kw, places]", "", kEverywhere},
    {"fold", kAnyOrder, "the adjoint of unfold: columns added up to images [N, C, H, W]", "", kEverywhere},
    {"logsumexp", kFunctorOrders, "log of the sum of e^x along an axis, without overflow", "", kEverywhere},
    {"dropout", kAnyOrder, "elements become 0 with probability p, the others x / (1 - p); the same mask for all orders",
     "", kEverywhere},
    {"feature_dropout", kAnyOrder, "dropout of whole channels of x [N, C, ...]", "", kEverywhere},
    {"uniform_dropout", kAnyOrder, "x * (1 + u), u uniform in [-width, width); the same noise for all orders", "",
     kEverywhere},
    {"gaussian_dropout", kAnyOrder, "x * (1 + std * n), n standard normal; the same noise for all orders", "",
     kEverywhere},
    {"straight_through", kAnyOrder, "the value of one tensor with the gradient of another", "", kEverywhere},
    {"solve", kAnyOrder, "x with a x = b, by the CPU: a [..., n, n], b [..., n, k] or [n]", "", kEverywhere},
    {"solve_triangular", kAnyOrder, "the same for a triangular matrix", "", kEverywhere},
    {"cholesky", kAnyOrder, "lower l with l lT = (a + aT) / 2, by the CPU", "", kEverywhere},
    {"det", kAnyOrder, "determinants of [..., n, n], by the CPU", "", kEverywhere},
    {"slogdet", kAnyOrder, "sign of the determinant, and log of its size, by the CPU", "", kEverywhere},
    {"eigh", kFunctorOrders, "eigenvalues and eigenvectors of (a + aT) / 2, by the CPU", "", kEverywhere},
    {"svd", kFunctorOrders, "thin singular value decomposition u diag(s) vh, by the CPU", "", kEverywhere},
    {"full", kNone, "one value in a shape", "", kEverywhere},
    {"arange", kNone, "start, start+step, ... below end: [n], int64 by default", "", kEverywhere},
    {"rand", kNone, "uniform in [0, 1)", "", kEverywhere},
    {"randn", kNone, "standard normal", "", kEverywhere},
    {"randint", kNone, "int64 in [low, high)", "", kEverywhere},
    {"bernoulli", kNone, "1 with probability p, else 0", "", kEverywhere},
    {"randperm", kNone, "a random order of 0 ... n-1, int64 [n]", "", kEverywhere},
};

constexpr Line kFused[] = {
    {"softmax", kFunctorOrders, "e^x over its sum along an axis", "", kEverywhere},
    {"log_softmax", kFunctorOrders, "x - log of the sum of e^x along an axis", "", kEverywhere},
    {"softmax_cross_entropy", kFunctorOrders,
     "of logits [N, classes] against int64 targets [N], label smoothing, ignored targets: [N]", "", kEverywhere},
    {"scaled_dot_product_attention", kFunctorOrders,
     "softmax(q kT scale) v under a mask: q [..., L, d], k [..., S, d], v [..., S, dv] -> [..., L, dv]", "",
     kEverywhere},
    {"layer_norm", kFunctorOrders, "(x - mean) / sqrt(var + eps) over the last axes, times w plus b", "", kEverywhere},
    {"group_norm", kFunctorOrders, "layer_norm over groups of channels of x [N, C, ...], times w [C] plus b [C]", "",
     kEverywhere},
    {"channel_affine", kAnyOrder, "x w + b in one pass, x [N, C, ...], w [C], b [C]", "", kEverywhere},
    {"rms_norm", kFunctorOrders, "x / sqrt(mean(x^2) + eps) over the last axes, times w", "", kEverywhere},
    {"cosine_linear", kFunctorOrders, "cosines between the rows of x [N, d] and of w [C, d]: [N, C]", "", kEverywhere},
    {"batch_norm", kFunctorOrders, "layer_norm per channel of x [N, C, ...] over the batch; w [C], b [C]", "",
     kEverywhere},
};

// Whether this build has kernels of a functor for devices.
template <class F>
bool has_device_kernels() {
  const ElementwiseKernel* value;
  if constexpr (UnaryFunctor<F>) {
    value = &elementwise_kernels<F>().by_input[0][0];
  } else {
    value = &elementwise_kernels<F>().partial[0][0][0];
  }
  return value->cuda || value->emulated;
}

void add_lines(std::vector<CatalogueEntry>& out, Tier tier, std::span<const Line> lines) {
  for (const Line& l : lines) {
    bool none = l.orders == kNone;
    out.push_back({l.name, tier, l.orders, none ? "" : l.node.empty() ? l.name : l.node, l.any_device, l.doc});
  }
}

std::vector<CatalogueEntry> build() {
  std::vector<CatalogueEntry> out;
  add_lines(out, Tier::composite, kComposite);
  for_functors([&]<class F>() {
    out.push_back({F::name, Tier::elementwise, kFunctorOrders, F::name, has_device_kernels<F>(), F::doc});
  });
  add_lines(out, Tier::structured, kStructured);
  add_lines(out, Tier::fused, kFused);
  return out;
}

}  // namespace

std::string_view name_of(Tier t) {
  constexpr std::string_view names[] = {"composite", "elementwise", "structured", "fused"};
  return names[static_cast<int>(t)];
}

std::span<const CatalogueEntry> catalogue() {
  static const std::vector<CatalogueEntry> entries = build();
  return entries;
}

const CatalogueEntry* find_operation(std::string_view name) {
  for (const CatalogueEntry& e : catalogue()) {
    if (e.name == name) return &e;
  }
  return nullptr;
}

bool supports(const CatalogueEntry& entry, Device::Type device) { return device == Device::cpu || entry.any_device; }

}  // namespace gg
