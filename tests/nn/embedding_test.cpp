// Embedding's padding row, and the rows that sparse tables note. Training of them: tests/optim/sparse_adam_test.cpp.
#include <gtest/gtest.h>

#include "autograd/autograd.h"
#include "core/grad_mode.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/errors.h"

namespace gg::nn_test {
namespace {

using Doubles = std::vector<double>;
using Floats = std::vector<float>;

TEST(Embedding, PaddingStartsAtZeroAndStaysThere) {
  manual_seed(1);
  for (int64_t padding : {3, -2}) {
    nn::Embedding layer(5, 2, {.padding_idx = padding});
    EXPECT_EQ(layer.padding_idx, 3);
    Floats w = layer.weight.to_vector<float>();
    EXPECT_EQ(w[6], 0);
    EXPECT_EQ(w[7], 0);
    EXPECT_NE(w[4], 0);
    sum(layer(tensor({3, 0, 3, 4}, {i64})) + 1).backward();
    EXPECT_EQ(layer.weight.grad().to_vector<float>(), (Floats{1, 1, 0, 0, 0, 0, 0, 0, 1, 1}));
  }
  EXPECT_EQ(nn::Embedding(5, 2, {.padding_idx = -2, .sparse = true}).description(),
            "Embedding(5, 2, padding_idx = -2, sparse)");
  expect_error([] { nn::Embedding(5, 2, {.padding_idx = 5}); }, "padding_idx must be a row of the table");
  expect_error([] { nn::Embedding(0, 2); }, "sizes must be positive");
}

TEST(Embedding, SparsePassesNoteTheirRows) {
  manual_seed(2);
  nn::Embedding sparse(9, 2, {.padding_idx = 4, .sparse = true}), dense(9, 2, {.padding_idx = 4});
  dense.load_state_dict(sparse.state_dict());
  sparse.to(f64);
  dense.to(f64);
  Tensor index = tensor({{7, 4}, {2, 7}}, {i64}), w = randn({2, 2, 2}, {f64});
  Tensor y = sparse(index);
  EXPECT_EQ(y.to_vector<double>(), dense(index).to_vector<double>());
  ASSERT_EQ(sparse.touched().size(), 1u);
  const nn::TouchedRows& touched = sparse.touched()[0];
  EXPECT_EQ(touched.rows.to_vector<int64_t>(), (std::vector<int64_t>{2, 4, 7}));
  // First and second derivatives are those rows of the dense ones.
  auto derivatives = [&](const Tensor& out, const Tensor& by) {
    Tensor first = grad(sum(exp(out) * w), by, {.create_graph = true});
    return std::pair(first.detach(), grad(sum(square(first)), by));
  };
  auto [g, h] = derivatives(y, touched.values);
  auto [dense_g, dense_h] = derivatives(dense(index), dense.weight);
  EXPECT_EQ(g.to_vector<double>(), index_select(dense_g, 0, touched.rows).to_vector<double>());
  EXPECT_EQ(h.to_vector<double>(), index_select(dense_h, 0, touched.rows).to_vector<double>());
  EXPECT_EQ(select(g, 0, 1).to_vector<double>(), (Doubles{0, 0}));  // of the padding row
  EXPECT_EQ(grad(sum(sparse(index)), sparse.weight).to_vector<double>(), Doubles(18, 0)) << "as documented";

  nn::Embedding copy = sparse;
  copy(tensor({0}, {i64}));
  EXPECT_EQ(sparse.touched().size(), 3u) << "copies share";
  sparse.clear_touched();
  EXPECT_EQ(sparse(zeros({0, 3}, {i64})).shape(), (Shape{0, 3, 2}));
  sparse.clear_touched();
  // What does not train is not noted.
  {
    NoGrad off;
    sparse(index);
  }
  sparse.eval();
  EXPECT_EQ(grad(sum(sparse(index)), sparse.weight).shape(), (Shape{9, 2}));
  sparse.train();
  EXPECT_TRUE(sparse.touched().empty());
  sparse.requires_grad_(false);
  sparse(index);
  EXPECT_TRUE(sparse.touched().empty());
}

TEST(Embedding, ForgetsFinishedPasses) {
  nn::Embedding layer(3, 2, {.sparse = true});
  Tensor done = sum(layer(tensor({0}, {i64}))), pending = sum(layer(tensor({1}, {i64})));
  layer(tensor({2}, {i64}));
  done.backward();
  layer.forget_finished();
  ASSERT_EQ(layer.touched().size(), 1u);
  EXPECT_EQ(layer.touched()[0].rows.item(), 1);
  pending = {};
  layer.forget_finished();
  EXPECT_TRUE(layer.touched().empty());
}

TEST(Embedding, SparseErrors) {
  nn::Embedding layer(3, 2, {.sparse = true});
  expect_error([&] { layer(tensor({0, 3}, {i64})); }, "index 3 is out of range for 3 rows");
  expect_error([&] { layer(tensor({-1}, {i64})); }, "index -1 is out of range");
  expect_error([&] { layer(ones({2})); }, "must be int64, got float32");
  EXPECT_TRUE(layer.touched().empty());
  expect_error(
      [&] {
        for (int i = 0; i < 2000; ++i) layer(tensor({0}, {i64}));
      },
      "1000 passes in training, whose rows nobody has taken");
}

}  // namespace
}  // namespace gg::nn_test
