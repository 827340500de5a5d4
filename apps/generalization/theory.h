// `generalization theory`: the formulas of the story, computed. Each becomes a line "row: formula, what is expected,
// what was measured, holds or fails", and some a plot. The parts: theory_noise.cpp (A4, A5, A7, A8, A14),
// theory_penalty.cpp (A10-A13, A15), theory_vat.cpp (A13, A19-A21).
#pragma once

#include <string>
#include <vector>

#include "apps/common/plots.h"
#include "apps/generalization/cost.h"
#include "apps/generalization/lab.h"
#include "core/generator.h"
#include "models/classifier.h"

namespace gg::apps {

struct TheoryOptions {
  std::int64_t draws = 20000;
  std::int64_t inputs = 784;
  void declare(OptionSet& options);
};

/// One formula and how it did.
struct Claim {
  std::string row;       ///< "A5"
  std::string formula;   ///< in words and signs
  std::string expected;  ///< the bound
  std::string measured;
  bool holds = false;
};

struct TheoryPlot {
  std::string svg, caption, file;
};

/// What the parts write to. Claims are also printed as they come.
class Theory {
 public:
  Theory(Lab& lab, const TheoryOptions& options) : lab(lab), options(options) {}
  Lab& lab;
  const TheoryOptions& options;

  /// Starts a part of the report.
  void part(const std::string& title, const std::string& text);
  void claim(const Claim& claim);
  /// |measured − expected| ≤ tolerance.
  void near(const std::string& row, const std::string& formula, double expected, double tolerance, double measured);
  /// measured ≤ bound.
  void at_most(const std::string& row, const std::string& formula, double bound, double measured);
  /// measured ≥ bound.
  void at_least(const std::string& row, const std::string& formula, double bound, double measured);
  void plot(const std::string& file, const std::string& svg, const std::string& caption);
  /// A table for the report, of costs say.
  void table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
             const std::string& caption);

  Generator generator(std::uint64_t purpose) const {
    return Generator(lab.seed_for(kTheory, static_cast<std::int64_t>(purpose)));
  }

  struct Table {
    std::vector<std::string> head;
    std::vector<std::vector<std::string>> rows;
    std::string caption;
  };
  struct Part {
    std::string title, text;
    std::vector<Claim> claims;
    std::vector<TheoryPlot> plots;
    std::vector<Table> tables;
  };
  std::vector<Part> parts;
};

struct RandomNet {
  std::vector<std::int64_t> widths = {20, 32, 6};  ///< inputs, hidden layers, outputs
  models::Activation activation = models::Activation::tanh;
  double scale = 2;  ///< factor of the usual first weights, so that the network is curved
  DType dtype = f64;
};
/// A network that was not trained, its weights fixed (they ask for no gradients).
models::Classifier random_net(const RandomNet& options, Generator& generator);
/// n inputs, standard normal.
Tensor random_inputs(std::int64_t n, std::int64_t width, Generator& generator, DType dtype = f64);

void add_noise_theory(Theory& theory);
void add_bound_theory(Theory& theory);
void add_penalty_theory(Theory& theory);
void add_vat_theory(Theory& theory);

}  // namespace gg::apps
