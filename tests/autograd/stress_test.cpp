// Long graphs, long runs, several threads.
#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>
#include <thread>

#include "autograd/autograd.h"
#include "core/allocator.h"
#include "ops/ops.h"

namespace gg {
namespace {

// Runs fn in a thread whose stack has 256 KiB: recursion along a long graph cannot hide there.
void with_small_stack(std::function<void()> fn) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256 * 1024), 0);
  pthread_t thread;
  auto run = [](void* f) -> void* {
    (*static_cast<std::function<void()>*>(f))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &fn), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST(Stress, AChainOf100000Operations) {
  double gradient = 0;
  with_small_stack([&] {
    Tensor x = tensor({1, 2}, {f64}).requires_grad_();
    Tensor y = x;
    for (int i = 0; i < 100000; ++i) y = i % 2 ? y + x : tanh(y * 0.5);
    Tensor s = sum(y);
    s.backward();
    gradient = x.grad().to_vector<double>()[0];
    y = Tensor();
    s = Tensor();  // the graph goes here
  });
  EXPECT_GT(gradient, 1);
}

TEST(Stress, ALongChainDestroyedWithoutBackward) {
  int64_t before = memory_stats(Device::cpu).live_bytes;
  with_small_stack([] {
    Tensor y = ones({4}).requires_grad_();
    for (int i = 0; i < 100000; ++i) y = y * y;
  });
  EXPECT_EQ(memory_stats(Device::cpu).live_bytes, before);
}

TEST(Stress, ALongChainTwiceDifferentiated) {
  with_small_stack([] {
    Tensor x = scalar(1, {f64}).requires_grad_();
    Tensor y = x;
    for (int i = 0; i < 5000; ++i) y = sin(y) + y * 1e-3;
    Tensor g = grad(y, x, {.create_graph = true});
    Tensor h = grad(g, x);
    GG_CHECK(h.numel() == 1, "no second derivative");
  });
}

TEST(Stress, PenaltiesDoNotLeak) {
  Generator g(1);
  std::vector<Tensor> w{randn({4, 8}, {}, g), randn({8, 1}, {}, g)};
  for (Tensor& t : w) t.requires_grad_();
  MemoryStats third{}, last{};
  for (int step = 0; step < 10000; ++step) {
    Tensor x = randn({3, 4}, {}, g).requires_grad_();
    Tensor y = matmul(tanh(matmul(x, w[0])), w[1]);
    Tensor slope = grad(sum(y), x, {.create_graph = true});
    Tensor penalty = mean(square(sqrt(sum(square(slope), {1}) + 1e-6) - 1.0));
    penalty.backward();
    for (Tensor& t : w) t.set_grad({});
    if (step == 2) third = memory_stats(Device::cpu);
    last = memory_stats(Device::cpu);
  }
  EXPECT_EQ(last.live_bytes, third.live_bytes);
  EXPECT_EQ(last.live_blocks, third.live_blocks);
}

TEST(Stress, AGraphThatIsKeptIsSeen) {  // the control of the test above
  std::vector<Tensor> kept;
  int64_t before = memory_stats(Device::cpu).live_bytes;
  Tensor x = ones({1000}).requires_grad_();
  kept.push_back(exp(x));
  EXPECT_GE(memory_stats(Device::cpu).live_bytes, before + 8000);
}

TEST(Stress, TwoThreadsWalkTheirOwnGraphs) {
  auto work = [](uint64_t seed) {
    Generator g(seed);
    Tensor w = randn({16, 16}, {f64}, g).requires_grad_();
    double total = 0;
    for (int i = 0; i < 200; ++i) {
      Tensor x = randn({4, 16}, {f64}, g);
      Tensor s = grad(sum(tanh(matmul(x, w))), w, {.create_graph = true});
      w.set_grad({});
      sum(s * s).backward();
      total += sum(w.grad()).item();
    }
    return total;
  };
  double alone[2] = {work(1), work(2)}, together[2];
  std::thread other([&] { together[1] = work(2); });
  together[0] = work(1);
  other.join();
  EXPECT_EQ(together[0], alone[0]);
  EXPECT_EQ(together[1], alone[1]);
}

TEST(Stress, ModesAreOfTheThread) {
  NoGrad off;
  bool other_records = false;
  std::thread([&] { other_records = (ones({1}).requires_grad_() * 2.0).requires_grad(); }).join();
  EXPECT_TRUE(other_records);
  EXPECT_FALSE((ones({1}).requires_grad_() * 2.0).requires_grad());
}

}  // namespace
}  // namespace gg
