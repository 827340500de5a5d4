// SparseAdam against PyTorch's numbers (tests/golden/sparse_adam.py), and what it costs and refuses.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "autograd/autograd.h"
#include "core/dispatch.h"
#include "nn/nn.h"
#include "ops/copy.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/errors.h"

namespace gg::optim_test {
namespace {

using nlohmann::json;
using Doubles = std::vector<double>;

TEST(SparseAdam, IsPyTorchs) {
  std::ifstream in(GG_SOURCE_DIR "/tests/golden/sparse_adam.json");
  const json g = json::parse(in);
  const auto rows = g["rows"].get<int64_t>(), dim = g["dim"].get<int64_t>();
  nn::Embedding layer(rows, dim, {.padding_idx = g["padding"].get<int64_t>(), .sparse = true});
  layer.to(f64);
  layer.weight = from_vector(g["start"].get<Doubles>(), {rows, dim});
  optim::SparseAdam optimizer({layer}, {.betas = {0.8, 0.95}, .eps = 1e-4});
  for (const json& step : g["steps"]) {
    for (const json& pass : step["passes"]) {
      Tensor index = from_vector(pass["index"].get<std::vector<int64_t>>(), {2, 2});
      sum(square(layer(index)) * from_vector(pass["weight"].get<Doubles>(), {2, 2, dim})).backward();
    }
    optimizer.step(0.1);
    optimizer.zero_grad();
    Doubles expected = step["after"].get<Doubles>(), got = layer.weight.to_vector<double>();
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-11) << i;
  }
}

// The largest operand of all kernels but those that pick rows.
int64_t largest_operand = 0;
void note(const KernelCall& call, bool begin) {
  const std::string kernel = call.kernel;
  if (!begin || kernel == "index_select" || kernel == "index_add") return;
  for (const Array& a : call.operands) largest_operand = std::max(largest_operand, a.numel());
}

TEST(SparseAdam, TouchesNoOtherRows) {
  nn::Embedding layer(10000, 4, {.sparse = true});
  optim::SparseAdam optimizer({layer}, {.lr = 0.1});
  const std::vector<float> start = layer.weight.to_vector<float>();
  auto step = [&] {
    sum(square(layer(tensor({17, 3, 17}, {i64})))).backward();
    optimizer.step();
    optimizer.zero_grad();
  };
  step();  // makes the state
  largest_operand = 0;
  kernel_observer = note;
  step();
  kernel_observer = nullptr;
  EXPECT_GT(largest_operand, 0);
  EXPECT_LE(largest_operand, 12);
  const std::vector<float> now = layer.weight.to_vector<float>();
  for (size_t i = 0; i < now.size(); ++i) ASSERT_EQ(now[i] != start[i], i / 4 == 3 || i / 4 == 17) << i;
}

TEST(SparseAdam, WorksBesideAnotherOptimizer) {
  // Which of 50 words belong together: a table and a dense layer, each with its rule.
  manual_seed(1);
  nn::Embedding table(50, 8, {.sparse = true});
  nn::Linear out(8, 2);
  optim::SparseAdam rows({table}, {.lr = 0.05});
  optim::AdamW rest(out.parameters(), {.lr = 0.05});
  double loss = 0;
  for (int i = 0; i < 150; ++i) {
    Tensor x = randint(0, 50, {16}), target = to(ge(x, full({}, 25, {i64})), i64);
    rows.zero_grad();
    rest.zero_grad();
    Tensor l = mean(softmax_cross_entropy(out(table(x)), target));
    l.backward();
    rows.step();
    rest.step();
    loss = l.item();
  }
  EXPECT_LT(loss, 0.1) << "guessing has 0.69";
}

TEST(SparseAdam, ResumesExactly) {
  manual_seed(2);
  nn::Embedding whole(20, 3, {.sparse = true});
  optim::SparseAdam first({whole}, {.lr = 0.1});
  auto step = [](const nn::Embedding& layer, optim::SparseAdam& optimizer, int64_t row) {
    optimizer.zero_grad();
    sum(square(layer(full({2}, row, {i64})))).backward();
    optimizer.step();
  };
  for (int64_t i = 0; i < 3; ++i) step(whole, first, i);
  nn::Embedding resumed(20, 3, {.sparse = true});
  resumed.load_state_dict(whole.state_dict());
  optim::SparseAdam second({resumed}, {.lr = 0.1});
  TensorMap state = first.state_dict();
  EXPECT_TRUE(state.contains("0.exp_avg_sq"));
  second.load_state_dict(state);
  for (int64_t i = 1; i < 5; ++i) step(whole, first, i), step(resumed, second, i);
  EXPECT_EQ(whole.weight.to_vector<float>(), resumed.weight.to_vector<float>());
}

// As with other optimisers, zero_grad may stand between the forward pass and backward().
TEST(SparseAdam, KeepsPassesWhoseGradientIsToCome) {
  nn::Embedding layer(6, 2, {.sparse = true});
  optim::SparseAdam optimizer({layer}, {.lr = 0.1});
  const std::vector<float> start = layer.weight.to_vector<float>();
  Tensor loss = sum(square(layer(tensor({3}, {i64}))));
  { layer(tensor({5}, {i64})); }  // nobody can ask for its gradient
  optimizer.zero_grad();
  EXPECT_EQ(layer.touched().size(), 1u);
  loss.backward();
  optimizer.step();
  const std::vector<float> now = layer.weight.to_vector<float>();
  for (size_t i = 0; i < now.size(); ++i) EXPECT_EQ(now[i] != start[i], i / 2 == 3) << i;
  optimizer.zero_grad();  // `loss` still holds the graph
  EXPECT_TRUE(layer.touched().empty());
  optimizer.step();
  EXPECT_EQ(layer.weight.to_vector<float>(), now);
}

TEST(SparseAdam, RefusesWhatItCannotDo) {
  nn::Embedding layer(5, 2, {.sparse = true}), dense(5, 2);
  expect_error([&] { optim::SparseAdam({dense}); }, "Embedding(5, 2) was not made with .sparse = true");
  expect_error([&] { optim::SparseAdam({layer}, {.betas = {1, 0.9}}); }, "betas must be in [0, 1), got 1");
  expect_error([&] { optim::SparseAdam({layer}, {.eps = 0}); }, "eps must be positive");
  expect_error([&] { optim::SparseAdam({layer}, {.weight_decay = 0.1}); }, "would change every row");
  expect_error([&] { optim::SparseAdam({layer, layer}); }, "given twice");
  optim::SparseAdam optimizer({layer});
  optimizer.step();  // no gradient, no change
  layer.eval();
  sum(layer(tensor({1}, {i64}))).backward();
  expect_error([&] { optimizer.step(); }, "has a dense gradient");
  optimizer.zero_grad();
  layer.train();
  layer(tensor({1}, {i64}));  // a pass without backward()
  optimizer.step();
  EXPECT_TRUE(optimizer.state_dict().empty());
  optim::AdamW other(layer.parameters(), {.lr = 1});  // does not see it
  const std::vector<float> before = layer.weight.to_vector<float>();
  sum(layer(tensor({1}, {i64}))).backward();
  other.step();
  EXPECT_EQ(layer.weight.to_vector<float>(), before);
  layer.weight = zeros({5, 2});
  expect_error([&] { optimizer.step(); }, "no layer's weight any more");
}

}  // namespace
}  // namespace gg::optim_test
