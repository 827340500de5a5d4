// Each detector fires: operations with one mistake each, of the kinds that people make, must be found.
#include <gtest/gtest.h>

#include "autograd/apply.h"
#include "autograd/functional/gradcheck.h"
#include "ops/ops.h"
#include "tests/ops/row_checks.h"

namespace gg::optable {
namespace {

enum class Bug {
  none,
  wrong_constant,   // x³ has the derivative 3x², not 2x²
  dropped_term,     // x·x differentiated as if one factor were constant
  wrong_forward,    // forward and reverse rules disagree
  detached,         // the rule reads a detached value: right to first order only
  wrong_second,     // the derivative of the derivative is wrong
  wrong_transpose,  // db = a·g instead of aᵀ·g, which square matrices let pass
  packed_input,     // an input that repeats its elements is not read as such
  packed_gradient,  // nor is such a cotangent
  no_curvature,     // declared affine
  half_curvature,   // its own curvature rule is wrong
};

bool repeats(const Tensor& x) {
  for (int i = 0; i < x.rank(); ++i) {
    if (x.size(i) > 1 && x.layout().strides[i] == 0) return true;
  }
  return false;
}

struct Cube {
  static constexpr const char* name = "cube";
  static constexpr unsigned saves = kSaveInputs;
  Bug bug;
  Tensor forward(const Tensor& x) const { return bug == Bug::packed_input && repeats(x) ? x * x * 1.001 : x * x * x; }
  Tensor slope(const Tensor& x) const { return (bug == Bug::wrong_constant ? 2.0 : 3.0) * (x * x); }
  Tensors vjp(const Vjp& c) const {
    Tensor x = c.input(0);
    if (bug == Bug::packed_gradient && repeats(c.grad())) return {1.001 * c.grad() * slope(x)};
    if (bug == Bug::dropped_term) return {c.grad() * (x * x)};
    if (bug == Bug::detached) return {c.grad() * slope(x.detach())};
    if (bug == Bug::wrong_second) return {c.grad() * (slope(x) + (x - x.detach()))};
    return {c.grad() * slope(x)};
  }
  Tensor jvp(const Jvp& c) const {
    Tensor x = c.input(0);
    return c.tangent(0) * (bug == Bug::wrong_forward ? 3.0 * x : slope(x));
  }
};

struct Product {
  static constexpr const char* name = "product";
  static constexpr unsigned saves = kSaveInputs;
  Bug bug;
  Tensor forward(const Tensor& a, const Tensor& b) const { return matmul(a, b); }
  Tensors vjp(const Vjp& c) const {
    Tensor a = c.input(0), b = c.input(1);
    Tensor db = bug == Bug::wrong_transpose ? matmul(a, c.grad()) : matmul(transpose(a), c.grad());
    return {c.needs(0) ? matmul(c.grad(), transpose(b)) : Tensor(), c.needs(1) ? db : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    Tensor sum;
    if (c.has(0)) sum = matmul(c.tangent(0), c.input(1));
    if (c.has(1)) sum = sum.defined() ? sum + matmul(c.input(0), c.tangent(1)) : matmul(c.input(0), c.tangent(1));
    return sum;
  }
};

// As Cube, with something said about its second order.
struct AffineCube : Cube {
  static constexpr bool affine = true;
};
struct BentCube : Cube {
  Tensor curvature(const Jvp& c) const {
    const double factor = bug == Bug::half_curvature ? 3 : 6;
    return factor * sum(c.input(0) * square(c.tangent(0)), 0, {.keepdim = true});
  }
};

// a·b, whose second derivatives by a and b are not those by b and a.
struct Lopsided {
  static constexpr const char* name = "lopsided";
  static constexpr unsigned saves = kSaveInputs;
  Tensor forward(const Tensor& a, const Tensor& b) const { return a * b; }
  Tensors vjp(const Vjp& c) const { return {c.grad() * c.input(1), c.grad() * c.input(0).detach()}; }
  Tensor jvp(const Jvp& c) const {
    Tensor sum = c.has(0) ? c.tangent(0) * c.input(1) : Tensor();
    if (!c.has(1)) return sum;
    return sum.defined() ? sum + c.input(0) * c.tangent(1) : c.input(0) * c.tangent(1);
  }
};

Row cube_row(Bug bug) {
  Row row = elementwise_row(
      "square", "planted",
      [bug](std::span<const Tensor> in) {
        if (bug == Bug::no_curvature) return apply(AffineCube{bug}, in[0]);
        if (bug == Bug::half_curvature) return apply(BentCube{bug}, in[0]);
        return apply(Cube{bug}, in[0]);
      },
      {{{3, 4}}}, [](std::span<const Real> x) { return x[0] * x[0] * x[0]; });
  return row;
}

Row product_row(Bug bug) {
  return {"matmul",
          "planted",
          [bug](std::span<const Tensor> in) { return apply(Product{bug}, in[0], in[1]); },
          {{{3, 3}}, {{3, 3}}},
          [](std::span<const Host> in) {
            Host out({3, 3});
            for (int64_t i = 0; i < 27; ++i)
              out.at({i / 9, i / 3 % 3}) += in[0].at({i / 9, i % 3}) * in[1].at({i % 3, i / 3 % 3});
            return out;
          }};
}

TEST(PlantedBugs, TheHonestOperationsPass) {
  EXPECT_EQ(check_gradients(cube_row(Bug::none)), "");
  EXPECT_EQ(check_gradients(product_row(Bug::none)), "");
  EXPECT_EQ(check_value(cube_row(Bug::none), f64), "");
  EXPECT_EQ(check_aliased(product_row(Bug::none)), "");
}

TEST(PlantedBugs, GradcheckFindsEach) {
  for (Bug bug : {Bug::wrong_constant, Bug::dropped_term, Bug::wrong_forward, Bug::detached, Bug::wrong_second}) {
    EXPECT_NE(check_gradients(cube_row(bug)), "") << static_cast<int>(bug);
  }
  EXPECT_NE(check_gradients(product_row(Bug::wrong_transpose)), "");
}

TEST(PlantedBugs, GradcheckSaysWhere) {
  Tensor x = tensor({0.5, -1.25}, {f64}).requires_grad_();
  auto wrong = [](const Tensor& t) { return apply(Cube{Bug::wrong_constant}, t); };
  GradcheckResult r = gradcheck(wrong, x);
  EXPECT_FALSE(r.ok);
  EXPECT_GT(r.worst, 1);
  EXPECT_NE(r.message.find("input 0 element 0: analytic"), std::string::npos) << r.message;
  auto disagreeing = [](const Tensor& t) { return apply(Cube{Bug::wrong_forward}, t); };
  r = gradcheck(disagreeing, x);
  EXPECT_NE(r.message.find("forward mode gives"), std::string::npos) << r.message;
  EXPECT_TRUE(gradcheck(disagreeing, x, {.forward = false}).ok);
}

TEST(PlantedBugs, GradcheckSaysWhichCheckFailed) {
  Tensor x = tensor({0.5, -1.25}, {f64}).requires_grad_();
  auto failed = [&](Bug bug, const GradcheckOptions& options = {.step = 1e-3}) {
    return gradcheck([bug](const Tensor& t) { return apply(Cube{bug}, t); }, x, options).failed;
  };
  EXPECT_EQ(failed(Bug::none), DerivativeCheck::none);
  EXPECT_EQ(failed(Bug::wrong_constant), DerivativeCheck::reverse);
  EXPECT_EQ(failed(Bug::wrong_forward), DerivativeCheck::transpose);
  // A forward rule that is right to first order only.
  struct Forgetful : Cube {
    Tensor jvp(const Jvp& c) const { return c.tangent(0) * slope(c.input(0).detach()); }
  };
  GradcheckResult r = gradcheck([](const Tensor& t) { return apply(Forgetful{}, t); }, x, {.step = 1e-3, .order = 2});
  EXPECT_EQ(r.failed, DerivativeCheck::forward) << r.message;
  EXPECT_NE(r.message.find("forward mode of order 2"), std::string::npos) << r.message;
  std::vector<Tensor> two{x, tensor({2, 3}, {f64}).requires_grad_()};
  r = gradgradcheck([](std::span<const Tensor> in) { return apply(Lopsided{}, in[0], in[1]); }, two, {.step = 1e-3});
  EXPECT_EQ(r.failed, DerivativeCheck::symmetry) << r.message;
  EXPECT_NE(r.message.find("gradcheck: symmetry: <w, H v> is"), std::string::npos) << r.message;
}

TEST(PlantedBugs, SecondOrderTransformsAreCompared) {
  EXPECT_EQ(check_second_order(cube_row(Bug::none)), "");
  EXPECT_EQ(check_second_order(product_row(Bug::none)), "");  // by nested forward mode, without a curvature rule
  EXPECT_NE(check_second_order(cube_row(Bug::no_curvature)).find("laplacian against"), std::string::npos);
  EXPECT_NE(check_second_order(cube_row(Bug::half_curvature)).find("laplacian against"), std::string::npos);
  EXPECT_NE(check_second_order(cube_row(Bug::wrong_forward)).find("forward over forward"), std::string::npos);
  EXPECT_NE(check_second_order(cube_row(Bug::detached)).find("forward over forward"), std::string::npos);
}

TEST(PlantedBugs, SecondOrderBugsPassTheFirstOrderCheck) {
  Tensor x = tensor({0.5, -1.25}, {f64}).requires_grad_();
  for (Bug bug : {Bug::detached, Bug::wrong_second}) {
    auto f = [bug](const Tensor& t) { return apply(Cube{bug}, t); };
    EXPECT_TRUE(gradcheck(f, x, {.forward = false}).ok) << static_cast<int>(bug);
    EXPECT_FALSE(gradgradcheck(f, x, {.forward = false}).ok) << static_cast<int>(bug);
  }
}

TEST(PlantedBugs, LargeInputsAreCheckedAlongDirections) {
  Tensor x = randn({200}, {f64}).requires_grad_();
  EXPECT_TRUE(gradcheck([](const Tensor& t) { return apply(Cube{Bug::none}, t); }, x, {.step = 1e-4}).ok);
  EXPECT_FALSE(gradcheck([](const Tensor& t) { return apply(Cube{Bug::dropped_term}, t); }, x, {.step = 1e-4}).ok);
}

TEST(PlantedBugs, RepeatedElementsAreRead) {
  EXPECT_EQ(check_expanded(cube_row(Bug::none), Device::cpu), "");
  EXPECT_EQ(check_expanded(product_row(Bug::none), Device::cpu), "");
  EXPECT_NE(check_expanded(cube_row(Bug::packed_input), Device::cpu).find("value with input 0 repeated along"),
            std::string::npos);
  EXPECT_NE(check_expanded(cube_row(Bug::packed_gradient), Device::cpu).find("gradient 0 with the cotangent repeated"),
            std::string::npos);
}

TEST(PlantedBugs, OtherChecksFindTheirs) {
  // A value that is a little off, and one that depends on the layout of its input.
  Row row = cube_row(Bug::none);
  row.run = [](std::span<const Tensor> in) { return in[0] * in[0] * in[0] * 1.0001; };
  EXPECT_NE(check_value(row, f64), "");
  EXPECT_NE(check_value(row, f32), "");
  row.run = [](std::span<const Tensor> in) { return in[0].is_contiguous() ? pow(in[0], 3.0) : square(in[0]); };
  EXPECT_NE(check_layouts(row), "");
  // A shape that does not broadcast right.
  row = elementwise_row(
      "add", "planted", [](std::span<const Tensor> in) { return in[0] + sum_to(in[1], in[1].shape()) * 1.0; },
      {{{3, 4}}, {{3, 4}}}, [](std::span<const Real> x) { return x[0] + x[1]; });
  EXPECT_EQ(check_broadcast_and_empty(row), "");
  row.run = [](std::span<const Tensor> in) {
    return in[0].rank() < in[1].rank() ? in[0] + select(in[1], 0, 0) : in[0] + in[1];
  };
  EXPECT_NE(check_broadcast_and_empty(row), "");
  // One tensor as both inputs.
  row.run = [](std::span<const Tensor> in) { return in[0].is_same(in[1]) ? in[0] + in[1].detach() : in[0] + in[1]; };
  EXPECT_NE(check_aliased(row), "");
  // A reference of another function, a graph without the node, numbers that change, an error without its words.
  row = product_row(Bug::none);
  row.reference = [](std::span<const Tensor> in) { return matmul(in[1], in[0]); };
  EXPECT_NE(check_reference(row), "");
  EXPECT_NE(check_graph(product_row(Bug::none)), "");
  Row random = cube_row(Bug::none);
  random.run = [](std::span<const Tensor> in) { return dropout(in[0], 0.5); };
  EXPECT_NE(check_threads(random), "");
  row.complaints = {{[] { matmul(ones({2, 3}), ones({2, 3})); }, {"no such words"}}};
  EXPECT_NE(check_complaints(row), "");
  row.complaints = {{[] { ones({2}); }, {}}};
  EXPECT_NE(check_complaints(row), "");
}

}  // namespace
}  // namespace gg::optable
