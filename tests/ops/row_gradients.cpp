#include <algorithm>
#include <unordered_set>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "autograd/node.h"
#include "ops/catalogue.h"
#include "ops/ops.h"
#include "tests/ops/row_checks.h"

namespace gg::optable {
namespace {

// The names of all nodes behind t.
std::unordered_set<std::string> node_names(const Tensor& t) {
  std::unordered_set<std::string> names;
  std::unordered_set<const autograd::Node*> seen;
  std::vector<const autograd::Node*> stack;
  if (t.requires_grad()) stack.push_back(t.get().node.get());
  while (!stack.empty()) {
    const autograd::Node* node = stack.back();
    stack.pop_back();
    if (!seen.insert(node).second) continue;
    names.insert(node->name());
    for (const Ref<autograd::Node>& input : node->inputs()) {
      if (input) stack.push_back(input.get());
    }
  }
  return names;
}

}  // namespace

Findings check_gradients(const Row& row) {
  if (row.order == 0) return {};
  std::vector<Tensor> in = make_tensors(row, make_hosts(row), f64, true);
  GradcheckOptions options{.step = row.check_step, .atol = row.check_rtol, .rtol = row.check_rtol, .order = row.order};
  options.full_up_to = 24;
  options.directions = 2;
  GradcheckResult r = gradcheck(row.run, in, options);
  return r.ok ? Findings() : r.message + "\n";
}

Findings check_partial_inputs(const Row& row) {
  if (row.order == 0) return {};
  std::vector<Host> hosts = make_hosts(row);
  std::vector<Tensor> joint = gradients(row, make_tensors(row, hosts, f64, true));
  if (joint.size() < 2) return {};
  Findings out;
  size_t k = 0;
  for (size_t i = 0; i < row.inputs.size(); ++i) {
    if (!row.inputs[i].is_differentiable()) continue;
    std::vector<Tensor> in = make_tensors(row, hosts, f64, false);
    in[i].requires_grad_();
    std::vector<Tensor> alone = gradients(row, in);
    out += difference(alone.at(0), joint[k], 1e-13, str("gradient of input ", i, " where it alone requires grad"));
    // Forward mode along that input alone: ⟨u, J·d⟩ = ⟨Jᵀ·u, d⟩.
    std::vector<Tensor> directions(in.size());
    directions[i] = cotangent(in[i].shape(), f64, 5);
    in[i] = in[i].detach();
    Tensor product = jvp(row.run, in, directions).product;
    NoGrad off;
    out += difference(sum(product * cotangent(product.shape(), f64)), sum(joint[k++] * directions[i]), 1e-11,
                      str("forward mode along input ", i, " alone"));
  }
  return out;
}

Findings check_symbolic_zeros(const Row& row) {
  if (row.order == 0) return {};
  std::vector<Host> hosts = make_hosts(row);
  Findings out;
  // As cotangent: zero gradients, whatever the operation.
  std::vector<Tensor> in = make_tensors(row, hosts, f64, true), wanted;
  for (const Tensor& x : in) {
    if (x.requires_grad()) wanted.push_back(x);
  }
  Tensor y = row.run(in);
  if (y.requires_grad()) {
    for (bool create_graph : {true, false}) {
      std::vector<Tensor> g =
          grad(y, wanted, {.grad_outputs = {symbolic_zeros(y.shape(), y.options())}, .create_graph = create_graph});
      for (size_t i = 0; i < g.size(); ++i) {
        out += difference(g[i].detach(), zeros(wanted[i].shape(), {f64}), 0,
                          str("gradient ", i, " of a symbolic zero cotangent"));
      }
    }
  }
  if (!row.accepts_zeros) return out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!row.inputs[i].is_differentiable()) continue;
    for (bool wants_grad : {true, false}) {
      auto run = [&](Tensor zero) {
        std::vector<Tensor> with = make_tensors(row, hosts, f64, true);
        if (wants_grad) zero.requires_grad_();
        with[i] = zero;
        std::vector<Tensor> results{row.run(with).detach()};
        for (const Tensor& g : gradients(row, with)) results.push_back(g);
        return results;
      };
      const Shape& shape = row.inputs[i].shape;
      std::vector<Tensor> symbolic = run(symbolic_zeros(shape, {f64})), real = run(zeros(shape, {f64}));
      // A result that is known to be zero may have no history at all; what gradients there are must agree.
      if (wants_grad && symbolic.size() != real.size()) {
        out += str("input ", i, ": a symbolic zero that requires grad lost its history\n");
      }
      for (size_t k = 0; k < std::min(symbolic.size(), real.size()); ++k) {
        out += difference(symbolic[k], real[k], 1e-13, str("result ", k, " with a symbolic zero as input ", i));
      }
    }
  }
  return out;
}

Findings check_reference(const Row& row) {
  if (!row.reference) return {};
  Row made = row;
  made.run = row.reference;
  std::vector<Host> hosts = make_hosts(row);
  std::vector<Tensor> in = make_tensors(row, hosts, f64, true);
  Findings out = difference(row.run(in).detach(), made.run(in).detach(), 1e-13, "value of the reference");
  std::vector<Tensor> fused = gradients(row, in), reference = gradients(made, in);
  for (size_t i = 0; i < fused.size(); ++i) {
    out += difference(fused[i], reference.at(i), 1e-12, str("gradient ", i, " of the reference"));
  }
  // Hessian-vector products of ⟨run(x), c⟩², whose second derivatives are not zero even where run is linear.
  auto products = [&](const Run& run, DType dtype) {
    std::vector<Tensor> x = make_tensors(row, hosts, dtype, true), wanted;
    for (const Tensor& t : x) {
      if (t.requires_grad()) wanted.push_back(t);
    }
    Tensor y = run(x);
    Tensor loss = square(sum(y * cotangent(y.shape(), dtype)));
    std::vector<Tensor> g = grad(loss, wanted, {.create_graph = true});
    Tensor s = scalar(0, {dtype});
    for (size_t i = 0; i < g.size(); ++i) s = s + sum(g[i] * cotangent(g[i].shape(), dtype, i + 1));
    return grad(s, wanted);
  };
  for (DType dtype : {f64, f32}) {
    std::vector<Tensor> a = products(row.run, dtype), b = products(row.reference, dtype);
    for (size_t i = 0; i < a.size(); ++i) {
      out += difference(a[i], b[i], dtype == f64 ? 1e-11 : 1e-3,
                        str("Hessian-vector product ", i, " of the reference in ", name_of(dtype)));
    }
  }
  return out;
}

Findings check_graph(const Row& row) {
  const CatalogueEntry* entry = find_operation(row.name);
  if (!entry) return "the catalogue has no '" + row.name + "'\n";
  if (row.order == 0 || entry->orders == 0) return {};
  std::unordered_set<std::string> names = node_names(row.run(make_tensors(row, make_hosts(row), f64, true)));
  if (names.count(std::string(entry->node))) return {};
  return str("no node '", entry->node, "' in the recorded graph\n");
}

}  // namespace gg::optable
