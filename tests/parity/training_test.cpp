// Short trainings on a device against the same on the CPU: every loss, and at the end parameters, buffers, optimiser
// state and generator. Then with something changed, which must be found.
#include "autograd/autograd.h"
#include "core/grad_mode.h"
#include "ops/copy.h"
#include "tests/parity/trainings.h"
#include "tests/temp_dir.h"

namespace gg::parity {
namespace {

#ifdef GG_SANITIZED
constexpr int kSteps = 6;  // these builds look for other things
#else
constexpr int kSteps = 20;
#endif
constexpr int kMeddled = kSteps / 3;  // the step before which something is changed
// Sums are added in another order. In float32 twenty steps make little of it; float64 shows that it is nothing else.
constexpr Tolerance kSingle{.losses = 1e-4, .state = 2e-3}, kDouble{.losses = 1e-11, .state = 1e-10};

Tolerance tolerance_of(DType dtype) { return dtype == f64 ? kDouble : kSingle; }

class Trainings : public OnDevice {
 protected:
  static void expect_parity(const Make& make) {
    for (const DType dtype : {f32, f64}) {
      SCOPED_TRACE(name_of(dtype));
      const Trace here = run(make, {Device::cpu, dtype}, kSteps), there = run(make, {device(), dtype}, kSteps);
      EXPECT_EQ(compare(there, here, tolerance_of(dtype)), "");
      EXPECT_NE(here.steps.front(), here.steps.back()) << "nothing was learned";
    }
  }
};

TEST_P(Trainings, Vae) { expect_parity(make_vae); }
TEST_P(Trainings, ConvolutionalVae) { expect_parity(make_convolutional_vae); }
TEST_P(Trainings, WganGp) { expect_parity(make_wgan_gp); }
TEST_P(Trainings, Classifier) { expect_parity(make_classifier); }

TEST_P(Trainings, RepeatToTheBit) {
  for (const Make& make : {Make(make_vae), Make(make_wgan_gp), Make(make_classifier)}) {
    EXPECT_EQ(compare(run(make, {device()}, 5), run(make, {device()}, 5), {}), "");
  }
}

// The loader, the generator and the optimisers go on wherever the file is read.
TEST_P(Trainings, GoOnOnTheOtherDevice) {
  TempDir dir;
  const std::filesystem::path file = dir / "half.safetensors";
  for (const Make& make : {Make(make_vae), Make(make_wgan_gp), Make(make_classifier)}) {
    for (const auto& [first, second] : {std::pair(device(), Device()), std::pair(Device(), device())}) {
      SCOPED_TRACE(to_string(first) + ", then " + to_string(second));
      const Trace whole = run(make, {Device(), f64}, kSteps);
      run(make, {first, f64}, kSteps / 2 + 1, [&](int step, Training& t) {
        if (step == kSteps / 2) t.save(file);
      });
      Trace rest = run(make, {second, f64}, kSteps - kSteps / 2, [&](int step, Training& t) {
        if (step == 0) t.load(file);
      });
      rest.steps.insert(rest.steps.begin(), whole.steps.begin(), whole.steps.begin() + kSteps / 2);
      EXPECT_EQ(compare(rest, whole, kDouble), "");
    }
  }
}

// ---- what is planted must be found ----------------------------------------------------------------------------------

/// Adds to one element of one tensor of the training's state.
void nudge(Training& training, const std::string& name, double amount) {
  NoGrad guard;
  Tensor t = training.state().at(name);
  Tensor first = slice(flatten(t), 0, 0, 1);
  copy_(first, first + amount);
}

TEST_P(Trainings, ANudgedParameterIsFound) {
  for (const auto& [make, parameter, dtype, amount] :
       std::vector<std::tuple<Make, std::string, DType, double>>{{make_vae, "model.decoder.0.weight", f32, 0.05},
                                                                 {make_vae, "model.decoder.0.weight", f64, 1e-6},
                                                                 {make_wgan_gp, "critic.0.weight", f32, 0.05},
                                                                 {make_wgan_gp, "critic.0.weight", f64, 1e-6},
                                                                 {make_classifier, "net.0.weight", f64, 1e-6}}) {
    SCOPED_TRACE(parameter + " " + name_of(dtype));
    const Trace here = run(make, {Device(), dtype}, kSteps);
    const Findings found = compare(run(make, {device(), dtype}, kSteps,
                                       [&, p = parameter, by = amount](int step, Training& t) {
                                         if (step == kMeddled) nudge(t, p, by);
                                       }),
                                   here, tolerance_of(dtype));
    EXPECT_TRUE(found.starts_with(str("step ", kMeddled, ": "))) << found;
    EXPECT_NE(found.find("state " + parameter), std::string::npos) << found;
  }
}

TEST_P(Trainings, EachPartOfTheComparisonBites) {
  const Trace here = run(make_vae, {Device(), f64}, 3), there = run(make_vae, {device(), f64}, 3);
  const auto expect = [&](const std::function<void(Trace&)>& change, const std::string& part) {
    Trace changed = there;
    change(changed);
    const Findings found = compare(changed, here, kDouble);
    EXPECT_NE(found.find(part), std::string::npos) << part << ": " << found;
  };
  EXPECT_EQ(compare(there, here, kDouble), "");
  expect([](Trace& t) { t.steps[2][1] *= 1 + 1e-10; }, "step 2: number 1 is");
  expect([](Trace& t) { t.steps[0][0] = NAN; }, "step 0: number 0 is nan");
  expect([](Trace& t) { t.steps.pop_back(); }, "steps: 2 instead of 3");
  expect([](Trace& t) { t.generator.offset += 1; }, "generator: at");
  expect([](Trace& t) { t.state.erase("adam.0.exp_avg"); }, "state: no adam.0.exp_avg");
  expect([](Trace& t) { t.state["more"] = ones({1}); }, "state: unexpected more");
  expect([](Trace& t) { t.state["adam.1.exp_avg_sq"] = t.state["adam.1.exp_avg_sq"] * (1 + 1e-9); }, "exp_avg_sq: el");
  expect([](Trace& t) { t.state["adam.0.step"] = t.state["adam.0.step"] + 1; }, "adam.0.step");
  expect([](Trace& t) { t.state["model.encoder.1.bias"] = zeros({19}, {.dtype = f32}); }, "float32");
}

TEST_P(Trainings, OneDrawTooManyIsFound) {
  const Trace here = run(make_wgan_gp, {}, 2);
  const Findings found = compare(run(make_wgan_gp, {device()}, 2,
                                     [](int step, Training&) {
                                       if (step == 1) rand({1});
                                     }),
                                 here, kSingle);
  EXPECT_TRUE(found.starts_with("step 1: ")) << found;
  EXPECT_NE(found.find("generator: at"), std::string::npos) << found;
}

GG_ON_DEVICES(Trainings);

}  // namespace
}  // namespace gg::parity
