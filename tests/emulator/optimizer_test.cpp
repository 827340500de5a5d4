// Fused optimiser updates on the device against the CPU's: many parameters, odd sizes, addresses that no pack fits.
#include "cuda/optimizer.h"

#include <array>
#include <memory>

#include "core/error.h"
#include "cpu/optimizer.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/emulator/device_pair.h"

namespace gg::testing {
namespace {

/// The tables of one set of parameters on both sides. Each tensor begins `shift` numbers into its memory.
class Model {
 public:
  /// `used`: for each state tensor, whether the rule has it. `squares`: the one that is a running mean of squares.
  Model(const std::vector<int64_t>& sizes, DType type, const std::array<bool, 3>& used, size_t squares, int64_t shift)
      : shift_(shift) {
    unsigned seed = 1;
    for (int64_t n : sizes) {
      for (auto* list : {&parameters, &grads, &states[0], &states[1], &states[2]}) {
        list->push_back(std::make_unique<Pair>(Shape{n + shift}, type, ++seed));
      }
      // A mean of squares, above the square of the mean, which is below 1, by enough for their difference to have all
      // its bits: one that is rounded otherwise, as by a fused multiply-add, would be another number.
      visit_floating(type, "Model", [&]<class T>() {
        T* v = states[squares].back()->host().as<T>();
        for (int64_t i = 0; i < n + shift; ++i) v[i] = 2 + v[i] * v[i];
      });
      states[squares].back()->upload();
    }
    for (size_t i = 0; i < sizes.size(); ++i) {
      const auto entry = [&](auto data) {
        OptimizerEntry e{data(*parameters[i]), data(*grads[i]), {}, sizes[i]};
        for (size_t s = 0; s < states.size(); ++s) e.state[s] = used[s] ? data(*states[s][i]) : nullptr;
        return e;
      };
      const int64_t bytes = shift_ * static_cast<int64_t>(size_of(type));
      host_.push_back(entry([&](Pair& p) { return p.host().as<char>() + bytes; }));
      device_.push_back(entry([&](Pair& p) { return p.on_device().as<char>() + bytes; }));
    }
    host = {host_.data(), static_cast<int64_t>(sizes.size()), type};
    on_device = {device_.data(), static_cast<int64_t>(sizes.size()), type};
  }
  void expect_equal(double tolerance) const {
    for (size_t i = 0; i < parameters.size(); ++i) {
      expect_equal_sides(*parameters[i], tolerance, str("parameter ", i));
      expect_equal_sides(*grads[i], 0, str("gradient ", i));
      for (size_t s = 0; s < states.size(); ++s) {
        expect_equal_sides(*states[s][i], tolerance, str("state ", s, " of ", i));
      }
    }
  }

  OptimizerTable host, on_device;

 private:
  int64_t shift_;
  using Pairs = std::vector<std::unique_ptr<Pair>>;
  Pairs parameters, grads;
  std::array<Pairs, 3> states;
  std::vector<OptimizerEntry> host_, device_;
};

/// Few large parameters, with several blocks each; and more small ones than one launch takes.
std::vector<std::vector<int64_t>> size_lists() {
  std::vector<int64_t> many;
  for (int64_t i = 0; i < 171; ++i) many.push_back(i % 7 * (i % 5));  // some are empty
  std::vector<int64_t> more(325, 2);                                  // than launches with addresses as arguments take
  more[320] = 4097;
  return {{1, 4096, 9001, 3, 0, 4097}, many, more, {}};
}

class DeviceOptimizer : public KernelTest {
 protected:
  template <class Update>
  static void check(const std::array<bool, 3>& used, size_t squares, Update update) {
    for (DType type : {f32, f64}) {
      for (int64_t shift : {0, 1}) {
        for (const auto& sizes : size_lists()) {
          SCOPED_TRACE(str(name_of(type), ", ", sizes.size(), " parameters, shift ", shift));
          Model model(sizes, type, used, squares, shift);
          for (int step = 1; step <= 2; ++step) update(model, step);
          model.expect_equal(type == f32 ? 3e-6 : 1e-14);
        }
      }
    }
  }
};

TEST_F(DeviceOptimizer, Sgd) {
  for (auto [momentum, nesterov] : {std::pair{0.0, false}, {0.9, false}, {0.9, true}}) {
    const SgdStep step{0.1, momentum, 0.03, nesterov};
    check({momentum > 0}, 0, [&](Model& m, int) {
      cpu::sgd(m.host, &step);
      device::sgd(m.on_device, &step);
    });
  }
}

TEST_F(DeviceOptimizer, Adam) {
  for (bool decoupled : {false, true}) {
    check({true, true}, 1, [&](Model& m, int t) {
      const AdamStep step{0.01, 0.9, 0.99, 1e-8, 0.1, decoupled, 1 - std::pow(0.9, t), 1 - std::pow(0.99, t)};
      cpu::adam(m.host, &step);
      device::adam(m.on_device, &step);
    });
  }
}

// What a rule has no use for has no memory here, so that touching it is an error of the emulator's.
TEST_F(DeviceOptimizer, RmsProp) {
  for (const double momentum : {0.0, 0.9}) {
    for (const bool centered : {false, true}) {
      SCOPED_TRACE(str("momentum ", momentum, centered ? ", centered" : ""));
      check({true, momentum > 0, centered}, 0, [&](Model& m, int) {
        const RmsPropStep step{0.01, 0.9, 1e-8, 0.1, momentum, centered};
        cpu::rmsprop(m.host, &step);
        device::rmsprop(m.on_device, &step);
      });
    }
  }
}

TEST_F(DeviceOptimizer, AsTheOptimisersCallThem) {
  const auto train = [](auto make, Device device) {
    Generator generator(7);
    std::vector<Tensor> parameters;
    for (const Shape& s : {Shape{5, 3}, Shape{7}, Shape{}}) {
      parameters.push_back(to(rand(s, {f32}, generator), device).requires_grad_());
    }
    const std::vector<Tensor> plain(parameters);
    auto optimizer = make(plain);
    for (int step = 0; step < 3; ++step) {
      for (const Tensor& p : parameters) p.set_grad(to(rand(p.shape(), {f32}, generator), device));
      optimizer->step();
    }
    std::vector<Tensor> here;
    for (const Tensor& p : parameters) here.push_back(to(p.detach(), Device::cpu));
    return here;
  };
  const auto compare = [&](auto make) {
    const std::vector<Tensor> here = train(make, Device::cpu), there = train(make, Device::GG_TEST_DEVICE);
    for (size_t i = 0; i < here.size(); ++i) {
      const auto want = here[i].to_vector<float>(), got = there[i].to_vector<float>();
      for (size_t k = 0; k < want.size(); ++k) EXPECT_NEAR(got[k], want[k], 1e-5);
    }
  };
  compare([](const auto& p) { return std::make_unique<optim::AdamW>(p, optim::AdamWOptions{.lr = 0.1}); });
  compare([](const auto& p) { return std::make_unique<optim::SGD>(p, optim::SgdOptions{.lr = 0.1, .momentum = 0.9}); });
  compare([](const auto& p) { return std::make_unique<optim::RMSprop>(p, optim::RmsPropOptions{.lr = 0.1}); });
  compare([](const auto& p) {
    return std::make_unique<optim::RMSprop>(p, optim::RmsPropOptions{.lr = 0.1, .momentum = 0.5, .centered = true});
  });
}

#if GG_TEST_ON_EMULATOR
TEST_F(DeviceOptimizer, HostMemoryInTheTableIsRefused) {
  Model model({5, 6}, f32, {true, true, true}, 1, 0);
  const AdamStep step{0.01, 0.9, 0.99, 1e-8, 0.1, true, 0.1, 0.01};
  std::vector<OptimizerEntry> entries(model.on_device.entries, model.on_device.entries + 2);
  entries[1].state[1] = model.host.entries[1].state[1];
  EXPECT_THROW(emulated::adam({entries.data(), 2, f32}, &step), Error);
  EXPECT_CONTAINS(take_only_diagnostic(), "is not device memory");
  entries[1].state[1] = model.on_device.entries[1].state[1];
  entries[0].state[2] = model.host.entries[0].state[2];
  const RmsPropStep centered{0.01, 0.9, 1e-8, 0, 0, true};
  EXPECT_THROW(emulated::rmsprop({entries.data(), 2, f32}, &centered), Error);
  EXPECT_CONTAINS(take_only_diagnostic(), "is not device memory");
}
#endif

}  // namespace
}  // namespace gg::testing
