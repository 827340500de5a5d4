// Tensors: making, reading, writing, sharing; and their errors.
#include "core/tensor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/tensor_map.h"
#include "ops/shape.h"

namespace gg {
namespace {

template <class Fn>
std::string message_of(const Fn& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

void expect_says(const std::string& message, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(Tensor, KnowsItself) {
  Tensor t = tensor({{1, 2, 3}, {4, 5, 6}}, {f64});
  EXPECT_EQ(t.shape(), (Shape{2, 3}));
  EXPECT_EQ(t.rank(), 2);
  EXPECT_EQ(t.size(-1), 3);
  EXPECT_EQ(t.numel(), 6);
  EXPECT_EQ(t.dtype(), f64);
  EXPECT_TRUE(t.device().is_cpu());
  EXPECT_EQ(t.to_vector<double>(), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(t.data<double>()[4], 5);
  EXPECT_EQ(scalar(2.5).item(), 2.5);
  EXPECT_EQ(scalar(3, {i64}).item(), 3);
  EXPECT_EQ(scalar(1, {boolean}).to_vector<bool>(), std::vector<bool>{true});
  EXPECT_EQ(empty({0, 3}).to_vector<float>(), std::vector<float>{});
}

TEST(Tensor, BracesAreAxes) {
  EXPECT_EQ(tensor({{1}}).shape(), (Shape{1, 1}));
  EXPECT_EQ(tensor({{1}, {2}}).shape(), (Shape{2, 1}));
  EXPECT_EQ(tensor({{{1, 2}, {3, 4}, {5, 6}}}).shape(), (Shape{1, 3, 2}));
  EXPECT_EQ(tensor({7}).shape(), (Shape{1}));
  EXPECT_EQ(tensor(7).shape(), Shape{});
  EXPECT_EQ(tensor({}).shape(), (Shape{0}));
  EXPECT_EQ(tensor({{{1, 2}, {3, 4}}}).to_vector<float>(), (std::vector<float>{1, 2, 3, 4}));
  int i = 1;
  float f = 0.5f;
  EXPECT_EQ(tensor({i, f, 2L}).to_vector<float>(), (std::vector<float>{1, 0.5f, 2}));
  constexpr int64_t large = (int64_t{1} << 60) + 1;  // no double
  EXPECT_EQ(tensor({large, -large}, {i64}).to_vector<int64_t>(), (std::vector<int64_t>{large, -large}));
  EXPECT_EQ(scalar(large, {i64}).to_vector<int64_t>()[0], large);
  EXPECT_EQ(tensor({NAN, 0.5, 0}, {boolean}).to_vector<bool>(), (std::vector<bool>{true, true, false}));
}

TEST(Tensor, CopiesShareAndViewsShare) {
  Tensor t = tensor({{1, 2}, {3, 4}});
  Tensor same = t, view = transpose(t);
  t.mutable_data<float>()[1] = 9;
  EXPECT_TRUE(same.is_same(t));
  EXPECT_EQ(view.to_vector<float>(), (std::vector<float>{1, 3, 9, 4}));
  EXPECT_FALSE(view.is_contiguous());
}

TEST(Tensor, WrongUseExplainsItself) {
  Tensor t = tensor({{1, 2}, {3, 4}});
  expect_says(message_of([] { Tensor().shape(); }), {"undefined"});
  expect_says(message_of([&] { t.item(); }), {"item", "one element", "[2,2]"});
  expect_says(message_of([&] { t.to_vector<double>(); }), {"float32", "float64"});
  expect_says(message_of([&] { t.data<int64_t>(); }), {"float32", "int64"});
  expect_says(message_of([&] { transpose(t).data<float>(); }), {"strided view", "contiguous(x)"});
  expect_says(message_of([&] { t.size(2); }), {"2"});
  expect_says(message_of([] { from_vector<float>({1, 2, 3}, {2, 2}); }), {"3 values", "[2,2]", "4"});
  expect_says(message_of([] { empty({2, -1}); }), {"must not be negative", "[2,-1]"});
  expect_says(message_of([] { tensor({{1, 2}, {3}}); }), {"equally long", "2 and 1"});
  expect_says(message_of([] { tensor({{1, 2}, 3}); }), {"tensor", "lists and numbers"});
  expect_says(message_of([] { tensor({1, {2}}); }), {"tensor", "lists and numbers"});
  expect_says(message_of([] { tensor({1, 0.5}, {i64}); }), {"tensor: 0.5 is not a whole number", "int64"});
  expect_says(message_of([] { scalar(NAN, {i64}); }), {"scalar: nan is not a whole number"});
  EXPECT_FALSE(Tensor().defined());
  EXPECT_FALSE(Tensor().requires_grad());
}

TEST(Tensor, SymbolicZerosCanBeReadAndAreWrittenInMemoryOfTheirOwn) {
  Tensor z = symbolic_zeros({2, 2}, {f64});
  EXPECT_TRUE(z.is_symbolic_zero());
  EXPECT_EQ(z.shape(), (Shape{2, 2}));
  EXPECT_EQ(z.to_vector<double>(), (std::vector<double>{0, 0, 0, 0}));
  EXPECT_TRUE(z.is_symbolic_zero());                      // reading changes nothing
  for (Shape shape : {Shape{2, 2}, Shape{1}, Shape{}}) {  // one element is contiguous as it is
    Tensor written = symbolic_zeros(shape, {f64});
    written.mutable_data<double>()[0] = 5;
    EXPECT_FALSE(written.is_symbolic_zero());
    EXPECT_EQ(written.to_vector<double>()[0], 5);
  }
  EXPECT_EQ(z.to_vector<double>()[0], 0);
  EXPECT_EQ(symbolic_zeros({}, {i64}).item(), 0);
}

TEST(Tensor, ImpossibleShapesAreRefused) {
  const int64_t huge = int64_t{1} << 32;
  for (Shape shape : {Shape{huge, huge}, Shape{int64_t{1} << 60}, Shape{3, INT64_MAX}}) {
    expect_says(message_of([&] { empty(shape); }), {"too many elements", to_string(shape).c_str()});
    expect_says(message_of([&] { symbolic_zeros(shape, {}); }), {"too many elements"});
  }
  EXPECT_THROW(expand(empty({1, 1}), {huge, huge}), Error);
  EXPECT_THROW(reshape(empty({4}), {huge, huge}), Error);
  EXPECT_EQ(empty({huge, huge, 0}).numel(), 0);
}

TEST(Tensor, EmptyLikeKeepsTheOrderOfAxes) {
  Tensor t = transpose(empty({3, 4}));
  Tensor like = empty_like(t);
  EXPECT_TRUE(like.layout().same_order(t.layout()));
  EXPECT_EQ(empty_like(t, i64).dtype(), i64);
}

TEST(TensorMap, MergesAndParts) {
  TensorMap all;
  merge(all, "net.", {{"w", scalar(1)}, {"b", scalar(2)}});
  merge(all, "opt.", {{"w", scalar(3)}});
  EXPECT_EQ(all.size(), 3u);
  TensorMap net = part(all, "net.");
  EXPECT_EQ(net.size(), 2u);
  EXPECT_EQ(net.at("b").item(), 2);
  EXPECT_THROW(merge(all, "net.", {{"w", scalar(1)}}), Error);
}

TEST(TensorPrint, LooksLikeThis) {
  EXPECT_EQ(to_string(tensor({{1, -0.5}, {0.25, 10}})), "[[ 1.0000, -0.5000],\n [ 0.2500, 10.0000]]  float32 [2,2]");
  EXPECT_EQ(to_string(tensor({1, 2, -3}, {i64})), "[ 1,  2, -3]  int64 [3]");
  EXPECT_EQ(to_string(tensor({1, 0}, {boolean})), "[ true, false]  bool [2]");
  EXPECT_EQ(to_string(scalar(2.5, {f64})), "2.5000  float64 []");
  EXPECT_EQ(to_string(empty({0})), "[]  float32 [0]");
  EXPECT_EQ(to_string(Tensor()), "undefined tensor");
  EXPECT_EQ(to_string(tensor({1e-5, 2e8})), "[1.0000e-05, 2.0000e+08]  float32 [2]");
  EXPECT_EQ(to_string(tensor({NAN, INFINITY, -INFINITY, 1})), "[   nan,    inf,   -inf, 1.0000]  float32 [4]");
  Tensor x = tensor({1}).requires_grad_();
  EXPECT_EQ(to_string(x), "[1.0000]  float32 [1], requires grad");
  EXPECT_EQ(to_string(reshape(x, {1, 1})), "[[1.0000]]  float32 [1,1], recorded");
  EXPECT_EQ(to_string(symbolic_zeros({1}, {})), "[0.0000]  float32 [1], symbolic zero");
}

TEST(TensorPrint, LongAxesAreShortened) {
  std::vector<int64_t> v;
  for (int64_t i = 0; i < 200; ++i) v.push_back(i);
  EXPECT_EQ(to_string(from_vector(v, {200})), "[  0,   1,   2, …, 197, 198, 199]  int64 [200]");
  EXPECT_EQ(to_string(from_vector(v, {100, 2})),
            "[[  0,   1],\n [  2,   3],\n [  4,   5],\n …,\n [194, 195],\n [196, 197],\n [198, 199]]  int64 [100,2]");
}

}  // namespace
}  // namespace gg
