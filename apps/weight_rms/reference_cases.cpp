#include "apps/weight_rms/reference_cases.h"

#include "apps/weight_rms/plan_options.h"

namespace gg::apps {
namespace {

struct ShapeNamed {
  const char* text;
  const char* schedule;
  double end = 0;
  bool follows = false;
};
constexpr ShapeNamed kConstant{"constant", "constant"};
constexpr ShapeNamed kLinearTenth{"linear → 0.1", "linear", 0.1};
constexpr ShapeNamed kLinear{"linear → 0", "linear"};
constexpr ShapeNamed kWarmup{"warm-up 0 → 1", "warmup"};
constexpr ShapeNamed kCosineTenth{"cosine → 0.1", "cosine", 0.1};
constexpr ShapeNamed kCosine{"cosine → 0", "cosine"};
constexpr ShapeNamed kWsd{"WSD 5/75/20 %", "wsd"};
constexpr ShapeNamed kAdamC{"AdamC, cosine → 0", "cosine", 0, true};

struct Setting {
  std::int64_t steps = 10000;
  double lambda = 0.1, beta2 = 0.95, mu = 0;
  int digits = 5;
};

ReferenceCase make(const ShapeNamed& shape, const Setting& s, double rms, double double_sum,
                   std::optional<double> mean_field = std::nullopt) {
  const bool warms = std::string(shape.schedule) == "wsd";
  return {.simulated = {.name = shape.text,
                        .plan = {.lr = make_schedule(shape.schedule, s.steps,
                                                     {.peak = 1e-3, .end = shape.end, .warmup = warms ? 0.05 : 0}),
                                 .weight_decay = s.lambda,
                                 .decay_follows_rate = shape.follows},
                        .beta2 = s.beta2,
                        .mu = s.mu},
          .shape = shape.text,
          .lambda = s.lambda,
          .rms = rms,
          .double_sum = double_sum,
          .mean_field = mean_field,
          .digits = s.digits};
}

}  // namespace

std::vector<ReferenceGroup> reference_groups() {
  const Setting once{}, slow{.beta2 = 0.999}, often{.lambda = 2}, mean{.mu = 0.1};
  const Setting longer{.steps = 100000, .lambda = 0.5, .digits = 4};
  ReferenceGroup all;
  all.cases = {
      make(kConstant, once, .07455, .07531, .07534),
      make(kLinearTenth, once, .07309, .07301, .07465),
      make(kLinear, once, .07457, .07464, .07607),
      make(kWarmup, once, .07658, .07735, .07606),
      make(kCosineTenth, once, .07381, .07421, .07601),
      make(kCosine, once, .07578, .07633, .07778),
      make(kWsd, once, .07330, .07443, .07531),
      make(kAdamC, once, .08513, .08578, .08580),
      make(kConstant, slow, .07489, .07531),
      make(kCosine, slow, .07620, .07633),
      make(kWsd, slow, .07405, .07443),
      make(kConstant, often, .01551, .01568, .01581),
      make(kLinear, often, .00697, .00704, .01291),
      make(kCosineTenth, often, .00668, .00677, .01355),
      make(kWsd, often, .01040, .01051, .01543),
      make(kAdamC, often, .01567, .01581, .01581),
      make(kConstant, mean, .62398, .63347),
      make(kLinear, mean, .39269, .39853),
      make(kCosine, mean, .39313, .39885),
  };
  all.title = "10,000 steps";
  ReferenceGroup many{.title = "100,000 steps", .steps = 100000, .dimension = 1000};
  many.cases = {make(kConstant, longer, .0324, .0316, .0316), make(kLinear, longer, .0112, .0112, .0258),
                make(kCosine, longer, .0110, .0107, .0274), make(kAdamC, longer, .0321, .0316, .0316)};
  return {all, many};
}

}  // namespace gg::apps
