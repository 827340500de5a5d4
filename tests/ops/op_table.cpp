#include "tests/ops/op_table.h"

#include <iterator>

namespace gg::optable {

size_t Host::index(std::initializer_list<int64_t> position) const {
  GG_CHECK(static_cast<int>(position.size()) == shape.rank(), "oracle: ", position.size(), " positions for ", shape);
  int64_t at = 0;
  int axis = 0;
  for (int64_t p : position) {
    GG_CHECK(p >= 0 && p < shape[axis], "oracle: position ", p, " on axis ", axis, " of ", shape);
    at = at * shape[axis++] + p;
  }
  return static_cast<size_t>(at);
}

void for_each_position(const Shape& shape, const std::function<void(std::span<const int64_t>)>& fn) {
  if (shape.numel() == 0) return;
  std::vector<int64_t> p(static_cast<size_t>(shape.rank()), 0);
  while (true) {
    fn(p);
    int axis = shape.rank() - 1;
    while (axis >= 0 && ++p[static_cast<size_t>(axis)] == shape[axis]) p[static_cast<size_t>(axis--)] = 0;
    if (axis < 0) return;
  }
}

Oracle broadcast_oracle(Formula formula) {
  return [formula](std::span<const Host> in) {
    Shape shape;
    for (const Host& h : in) {  // aligned at the last axis, the larger size wins
      if (h.shape.rank() > shape.rank()) {
        Shape longer = h.shape;
        int lead = longer.rank() - shape.rank();
        for (int i = 0; i < shape.rank(); ++i) longer[lead + i] = longer[lead + i] == 1 ? shape[i] : longer[lead + i];
        shape = longer;
      } else {
        int lead = shape.rank() - h.shape.rank();
        for (int i = 0; i < h.shape.rank(); ++i) shape[lead + i] = shape[lead + i] == 1 ? h.shape[i] : shape[lead + i];
      }
    }
    Host out(shape);
    size_t n = 0;
    for_each_position(shape, [&](std::span<const int64_t> p) {
      std::vector<Real> arguments;
      for (const Host& h : in) {
        int lead = shape.rank() - h.shape.rank();
        int64_t at = 0;
        for (int i = 0; i < h.shape.rank(); ++i) {
          at = at * h.shape[i] + (h.shape[i] == 1 ? 0 : p[static_cast<size_t>(lead + i)]);
        }
        arguments.push_back(h.v[static_cast<size_t>(at)]);
      }
      out.v[n++] = formula(arguments);
    });
    return out;
  };
}

Row elementwise_row(std::string name, std::string variant, Run run, std::vector<Input> inputs, Formula formula,
                    int order) {
  Row row{std::move(name), std::move(variant), std::move(run), std::move(inputs), broadcast_oracle(std::move(formula))};
  row.order = order;
  row.elementwise = true;
  for (const Input& in : row.inputs) {
    Shape large = in.shape;
    if (large.rank() > 0) large[0] *= 20000;
    row.large.push_back(large);
  }
  return row;
}

const std::vector<Row>& op_table() {
  static const std::vector<Row> table = [] {
    std::vector<Row> all;
    for (auto rows : {elementwise_rows, activation_rows, arithmetic_rows, scalar_rows, shape_rows,     joining_rows,
                      reduce_rows,      scan_rows,       product_rows,    sort_rows,   mask_rows,      matrix_rows,
                      einsum_rows,      distance_rows,   index_rows,      matmul_rows, conv_rows,      conv1d_rows,
                      pool_rows,        image_rows,      grid_rows,       weight_rows, softmax_rows,   norm_rows,
                      group_norm_rows,  creation_rows,   random_rows,     noise_rows,  attention_rows, recurrent_rows,
                      linalg_rows}) {
      std::vector<Row> some = rows();
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
  }();
  return table;
}

}  // namespace gg::optable
