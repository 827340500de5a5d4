// Recurrent and attention layers: modes, states, masks, bad input. Their numbers: sequence_golden_test.cpp.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/autograd.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/errors.h"
#include "tests/nn/difference.h"

namespace gg::nn_test {
namespace {

std::vector<std::string> names_of(const nn::Module& m) {
  std::vector<std::string> names;
  for (const auto& [name, p] : m.named_parameters()) names.push_back(name);
  return names;
}

TEST(Recurrent, StepsAreCells) {
  manual_seed(1);
  nn::LSTM layer(3, 4);
  nn::LSTMCell cell(3, 4);
  cell.weight_ih = layer.directions[0].weight_ih;
  cell.weight_hh = layer.directions[0].weight_hh;
  cell.bias_ih = layer.directions[0].bias_ih;
  cell.bias_hh = layer.directions[0].bias_hh;
  Tensor x = randn({2, 7, 3});
  LstmState s;
  nn::RecurrentOutput all = layer(x);
  for (int64_t t = 0; t < 7; ++t) {
    s = cell(select(x, 1, t), s);
    EXPECT_LT(largest_difference(select(all.output, 1, t), s.h), 1e-6);
  }
  EXPECT_LT(largest_difference(select(all.c, 0, 0), s.c), 1e-6);
  // Halves with the state carried over are the whole.
  nn::RecurrentOutput first = layer(slice(x, 1, 0, 4)), second = layer(slice(x, 1, 4), {first.h, first.c});
  EXPECT_LT(largest_difference(concat({first.output, second.output}, 1), all.output), 1e-6);
}

TEST(Recurrent, NamesModesAndBadInput) {
  nn::GRU gru(3, 4, {.num_layers = 2, .dropout = 0.5, .bidirectional = true});
  EXPECT_EQ(gru.description(), "GRU(3, 4, num_layers = 2, dropout = 0.5, bidirectional)");
  std::vector<std::string> names = names_of(gru);
  ASSERT_EQ(names.size(), 16u);
  EXPECT_EQ(names[0], "weight_ih_l0");
  EXPECT_EQ(names[7], "bias_hh_l0_reverse");
  EXPECT_EQ(names[8], "weight_ih_l1");
  EXPECT_EQ(gru.directions[2].weight_ih.shape(), (Shape{12, 8}));
  Tensor x = randn({2, 5, 3});
  EXPECT_GT(largest_difference(gru(x).output, gru(x).output), 0) << "dropout between layers";
  nn::GRU single(3, 4, {.dropout = 0.5});
  EXPECT_EQ(largest_difference(single(x).output, single(x).output), 0) << "not behind the last layer";
  gru.eval();
  EXPECT_EQ(largest_difference(gru(x).output, gru(x).output), 0);
  EXPECT_EQ(gru(x).output.shape(), (Shape{2, 5, 8}));
  EXPECT_EQ(gru(x).h.shape(), (Shape{4, 2, 4}));
  EXPECT_FALSE(gru(x).c.defined());
  nn::Sequential net{nn::GRU(3, 4), nn::Linear(4, 1)};  // reads as its output
  EXPECT_EQ(net(x).shape(), (Shape{2, 5, 1}));
  for (const Tensor& p : nn::LSTM(3, 16).parameters()) EXPECT_LE(max(abs(p.detach())).item(), 0.25);
  expect_error([&] { gru(ones({2, 3})); }, "expected [N, L, 3]");
  expect_error([&] { gru(ones({2, 0, 3})); }, "at least one step, got [2,0,3]");
  expect_error([&] { gru(x, ones({2, 2, 4})); }, "the state h must be [4,2,4], got [2,2,4]");
  expect_error([&] { nn::LSTM(3, 4)(x, {ones({1, 2, 4}), {}}); }, "both h and c");
  expect_error([&] { nn::LSTMCell(3, 4)(x); }, "expected [N, input]");
  expect_error([] { nn::GRU(0, 4); }, "sizes must be positive");
  expect_error([] { nn::GRU(3, 4, {.dropout = 1}); }, "dropout must be in [0, 1), got 1");
}

TEST(Attention, HidesAndDrops) {
  manual_seed(2);
  nn::MultiheadAttention mha(8, 2, {.dropout = 0.5});
  EXPECT_EQ(names_of(mha),
            (std::vector<std::string>{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"}));
  EXPECT_EQ(names_of(nn::MultiheadAttention(8, 2, {.bias = false, .vdim = 3})),
            (std::vector<std::string>{"q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"}));
  EXPECT_EQ(max(abs(mha.in_proj_bias.detach())).item(), 0);
  Tensor x = randn({2, 5, 8});
  EXPECT_GT(largest_difference(mha(x), mha(x)), 0);
  mha.eval();
  EXPECT_EQ(largest_difference(mha(x), mha(x)), 0);
  EXPECT_LT(largest_difference(mha(x), mha(x, clone(x), x)), 1e-6) << "one product of all projections, or three";
  // What is hidden may be anything.
  Tensor other = concat({slice(x, 1, 0, 4), randn({2, 1, 8})}, 1);
  Tensor last = tensor({{0, 0, 0, 0, 1}, {0, 0, 0, 0, 1}}, {boolean});
  auto head = [](const Tensor& y) { return slice(y, 1, 0, 4); };
  for (const nn::HiddenFrom& hidden :
       {nn::HiddenFrom{.key_padding_mask = last}, nn::HiddenFrom{.causal = true},
        nn::HiddenFrom{.attn_mask = logical_not(causal_mask(5, 5))},
        nn::HiddenFrom{.key_padding_mask = last, .attn_mask = zeros({5, 5})},
        nn::HiddenFrom{.attn_mask = expand(reshape(slice(last, 0, 0, 1), {1, 1, 5}), {4, 5, 5})}}) {
    EXPECT_EQ(largest_difference(head(mha(x, hidden)), head(mha(other, hidden))), 0);
  }
  EXPECT_GT(largest_difference(head(mha(x)), head(mha(other))), 0);
  // Nobody to look at: the bias of the last projection, and no NaN in any gradient.
  Tensor nothing = mha(x, {.key_padding_mask = ones({2, 5}, {boolean})});
  EXPECT_EQ(largest_difference(nothing, expand(mha.out_proj.bias, nothing.shape())), 0);
  sum(square(nothing)).backward();
  for (const Tensor& p : mha.parameters()) EXPECT_TRUE(std::isfinite(sum(abs(p.grad())).item()));

  expect_error([] { nn::MultiheadAttention(8, 3); }, "3 heads do not divide 8 features");
  expect_error([&] { mha(ones({5, 8})); }, "the query must be [N, length, 8], got [5,8]");
  expect_error([&] { mha(x, ones({2, 5, 7}), x); }, "the key must be [N, length, 8]");
  expect_error([&] { mha(x, x, ones({2, 4, 8})); }, "5 keys and 4 values");
  expect_error(
      [&] {
        mha(x, {.key_padding_mask = last.with_layout(Layout::contiguous({5, 2}))});
      },
      "key_padding_mask must be bool [2,5], got bool [5,2]");
  expect_error([&] { mha(x, {.attn_mask = ones({5}, {boolean})}); }, "attn_mask must be [L, S]");
  expect_error([&] { mha(x, {.attn_mask = ones({4, 5}, {boolean})}); }, "does not broadcast");
}

TEST(PositionalEncoding, AddsWaves) {
  nn::PositionalEncoding layer(5, {.max_length = 9, .dropout = 0});
  Tensor y = layer(zeros({2, 7, 5}));
  std::vector<float> v = y.to_vector<float>();
  for (size_t t = 0; t < 7; ++t) {
    for (size_t i = 0; i < 5; ++i) {
      const double rate = std::exp(-static_cast<double>(i / 2 * 2) / 5 * std::log(10000.0));
      const double angle = static_cast<double>(t) * rate;
      EXPECT_NEAR(v[t * 5 + i], i % 2 == 0 ? std::sin(angle) : std::cos(angle), 1e-6);
      EXPECT_EQ(v[t * 5 + i], v[35 + t * 5 + i]);
    }
  }
  EXPECT_EQ(layer.named_buffers()[0].first, "pe");
  expect_error([&] { layer(zeros({2, 10, 5})); }, "L up to 9, got [2,10,5]");
}

TEST(Transformer, LearnsToReverse) {
  // Each position must say the token at the mirrored one: not possible without attention and positions.
  manual_seed(3);
  struct Net : nn::Module {
    nn::Embedding tokens = register_module("tokens", nn::Embedding(6, 16));
    nn::PositionalEncoding positions = register_module("positions", nn::PositionalEncoding(16, {.dropout = 0}));
    nn::TransformerEncoder body = register_module(
        "body", nn::TransformerEncoder(16, 2, 1, {.dim_feedforward = 32, .dropout = 0, .norm_first = true},
                                       {.final_norm = true}));
    nn::Linear out = register_module("out", nn::Linear(16, 6));
    Tensor operator()(const Tensor& x) const { return out(body(positions(tokens(x)))); }
  } net;
  EXPECT_EQ(names_of(net)[1], "body.layers.0.self_attn.in_proj_weight");
  optim::AdamW optimizer(net.parameters(), {.lr = 1e-2});
  double loss = 0;
  for (int step = 0; step < 120; ++step) {
    Tensor x = randint(0, 6, {32, 5});
    Tensor mirrored = index_select(x, 1, tensor({4, 3, 2, 1, 0}, {i64}));
    Tensor l = losses::cross_entropy(reshape(net(x), {-1, 6}), flatten(mirrored));
    optimizer.zero_grad();
    l.backward();
    optimizer.step();
    loss = l.item();
  }
  EXPECT_LT(loss, 0.2) << "guessing has 1.79";
}

TEST(Transformer, ChecksItsInput) {
  expect_error([] { nn::TransformerEncoder(4, 2, 0); }, "at least one layer");
  expect_error([] { nn::TransformerEncoderLayer(4, 3); }, "3 heads do not divide 4");
  nn::TransformerDecoderLayer layer(4, 2, {.dim_feedforward = 3});
  expect_error([&] { layer(ones({2, 3, 4}), ones({2, 3, 5})); }, "the key must be [N, length, 4]");
}

}  // namespace
}  // namespace gg::nn_test
