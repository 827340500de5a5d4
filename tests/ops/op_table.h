// The op table: one row per operation, and everything that can be checked from a row (row_checks.h) without further
// code.
//
// A row names the callable, the inputs' shapes and domains (away from kinks), and an oracle that shares nothing with
// the library: plain loops in long double over host arrays. Rows are written in rows_*.cpp.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace gg::optable {

using Real = long double;

/// A row-major array of the oracles. Integers and truth values are numbers here too.
struct Host {
  Shape shape;
  std::vector<Real> v;

  explicit Host(const Shape& s = {}) : shape(s), v(static_cast<size_t>(s.numel()), 0) {}
  /// The element at the given position, one number for each axis.
  Real& at(std::initializer_list<int64_t> position) { return v[index(position)]; }
  Real at(std::initializer_list<int64_t> position) const { return v[index(position)]; }

 private:
  size_t index(std::initializer_list<int64_t> position) const;
};

/// Walks all positions of a shape in row-major order.
void for_each_position(const Shape& shape, const std::function<void(std::span<const int64_t>)>& fn);

enum class Kind {
  real,     ///< uniform in [low, high)
  spread,   ///< real numbers no two of which are close: for max and its like
  integer,  ///< int64 uniform in [low, high)
  truth,    ///< bool
};

struct Input {
  Shape shape;
  double low = -2, high = 2;
  Kind kind = Kind::real;
  bool differentiable = true;
  std::vector<double> kinks = {};  ///< values that are kept away from

  bool is_real() const { return kind == Kind::real || kind == Kind::spread; }
  bool is_differentiable() const { return is_real() && differentiable; }
};

inline Input integers(const Shape& shape, int64_t below) {
  return {shape, 0, static_cast<double>(below), Kind::integer};
}
inline Input spread(const Shape& shape) { return {shape, -3, 3, Kind::spread}; }
inline Input truths(const Shape& shape) { return {shape, 0, 1, Kind::truth}; }

using Run = std::function<Tensor(std::span<const Tensor>)>;
using Oracle = std::function<Host(std::span<const Host>)>;
using Formula = std::function<Real(std::span<const Real>)>;

/// A call that must throw, and what its message must contain.
struct Complaint {
  std::function<void()> call;
  std::vector<std::string> says;
};

struct Row {
  std::string name;     ///< as in the catalogue
  std::string variant;  ///< what tells it from other rows of that name; may be empty
  Run run;
  std::vector<Input> inputs;
  Oracle oracle;  ///< null for rows without a value test of their own (random numbers have `extra`)
  int order = 2;  ///< derivatives that gradcheck takes; 0 for results without a gradient
  double tolerance64 = 1e-13, tolerance32 = 2e-6;  ///< of max(1, |value|)
  Run reference = nullptr;                         ///< fused operations: the same of other operations
  std::vector<Shape> large = {};                   ///< input shapes at which threads matter; empty: not tested
  std::vector<Complaint> complaints = {};
  bool elementwise = false;   ///< any shapes that broadcast will do
  bool accepts_zeros = true;  ///< defined where an input is zero everywhere
  bool keeps_channels_last = false;
  double check_step = 1e-3;               ///< gradcheck's step
  double check_rtol = 2e-7;               ///< and its tolerance
  std::function<void()> extra = nullptr;  ///< checks of its own, for rows without an oracle

  std::string title() const { return variant.empty() ? name : name + "_" + variant; }
};

/// A row for a formula applied to each element, with broadcasting.
Row elementwise_row(std::string name, std::string variant, Run run, std::vector<Input> inputs, Formula formula,
                    int order = 3);

/// The oracle that applies a formula to each element, with broadcasting.
Oracle broadcast_oracle(Formula formula);

std::vector<Row> elementwise_rows();
std::vector<Row> activation_rows();
std::vector<Row> arithmetic_rows();
std::vector<Row> scalar_rows();
std::vector<Row> shape_rows();
std::vector<Row> joining_rows();
std::vector<Row> reduce_rows();
std::vector<Row> scan_rows();
std::vector<Row> product_rows();
std::vector<Row> sort_rows();
std::vector<Row> mask_rows();
std::vector<Row> matrix_rows();
std::vector<Row> einsum_rows();
std::vector<Row> distance_rows();
std::vector<Row> index_rows();
std::vector<Row> matmul_rows();
std::vector<Row> conv_rows();
std::vector<Row> conv1d_rows();
std::vector<Row> pool_rows();
std::vector<Row> image_rows();
std::vector<Row> grid_rows();
std::vector<Row> weight_rows();
std::vector<Row> softmax_rows();
std::vector<Row> norm_rows();
std::vector<Row> group_norm_rows();
std::vector<Row> noise_rows();
std::vector<Row> attention_rows();
std::vector<Row> recurrent_rows();
std::vector<Row> linalg_rows();
std::vector<Row> creation_rows();
std::vector<Row> random_rows();

/// All of them.
const std::vector<Row>& op_table();

}  // namespace gg::optable
