// Inputs and cotangents that repeat their elements (stride 0), as broadcasting and the gradients of sums make them: a
// kernel must read them as it reads the same numbers in memory of their own.
#include "autograd/autograd.h"
#include "core/dispatch.h"
#include "ops/ops.h"
#include "tests/ops/row_checks.h"

namespace gg::optable {
namespace {

using Places = std::vector<int>;

// Each axis, all, all but the channel, and the places of an image or of a sequence.
std::vector<Places> choices(const Shape& shape) {
  std::vector<Places> all;
  Places every, not_channel;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] > 1) all.push_back({i});
    every.push_back(i);
    if (i != 1) not_channel.push_back(i);
  }
  if (shape.rank() >= 2) all.push_back(every);
  if (shape.rank() >= 3) {
    all.push_back(not_channel);
    all.push_back(Places(every.begin() + 2, every.end()));
  }
  if (all.empty()) all.push_back(every);
  return all;
}

// The first elements of x along `axes`, repeated.
Tensor repeated(const Tensor& x, const Places& axes) {
  Tensor t = x.detach();
  for (int axis : axes) t = slice(t, axis, 0, 1);
  return expand(t, x.shape());
}

// The same numbers in the memory that x has.
Tensor in_memory(const Tensor& t, const Tensor& x) {
  const bool last = x.rank() == 4 && !x.is_contiguous();
  return last ? channels_last(t) : clone(contiguous(t));
}

struct Results {
  std::vector<Tensor> all;  // the value and the gradients
  bool threw = false;
};

Results results(const Row& row, std::vector<Tensor> in, const std::vector<Tensor>& like, const Tensor& g) {
  Results r;
  std::vector<Tensor> wanted;
  for (size_t i = 0; i < in.size(); ++i) {
    in[i] = in[i].detach();
    if (!like[i].requires_grad()) continue;
    in[i].requires_grad_();
    wanted.push_back(in[i]);
  }
  try {
    Tensor y = row.run(in);
    r.all.push_back(y.detach());
    if (wanted.empty() || !y.requires_grad()) return r;
    for (const Tensor& d : grad(y, wanted, {.grad_outputs = {g}})) r.all.push_back(d);
  } catch (const Error&) {  // such a matrix has no inverse, or a device has no kernel (check_device speaks of that)
    r.threw = true;
  }
  return r;
}

std::string text(const Places& axes) {
  std::string s;
  for (int a : axes) s += (s.empty() ? "" : ", ") + std::to_string(a);
  return s;
}

}  // namespace

Findings check_expanded(const Row& row, Device device) {
  if (row.inputs.empty()) return {};
  Findings out;
  const DType dtype = device.is_cpu() ? f64 : f32;
  const double tolerance = dtype == f64 ? 1e-12 : 2e-5;
  std::vector<Tensor> plain = make_tensors(row, make_hosts(row), dtype, true);
  for (Tensor& x : plain) {
    const bool wanted = x.requires_grad();
    x = to(x.detach(), device);
    if (wanted) x.requires_grad_();
  }
  Tensor g;
  try {
    Tensor y = row.run(plain);
    if (is_floating(y.dtype())) g = to(cotangent(y.shape(), y.dtype()), device);
  } catch (const NoKernelError&) {
    return {};
  }
  for (bool last : {false, true}) {
    std::vector<Tensor> in = plain;
    Tensor cot = g;
    if (last) {
      bool changed = false;
      auto lay_out = [&](Tensor& t) {
        if (!t.defined() || t.rank() != 4 || t.numel() == 0) return;
        const bool wanted = t.requires_grad();
        t = channels_last(t.detach());
        changed = changed || !t.is_contiguous();
        if (wanted) t.requires_grad_();
      };
      for (Tensor& t : in) lay_out(t);
      lay_out(cot);
      if (!changed) break;
    }
    auto compare = [&](const std::vector<Tensor>& a, const Tensor& ga, const std::vector<Tensor>& b, const Tensor& gb,
                       const std::string& what) {
      Results found = results(row, a, plain, ga), expected = results(row, b, plain, gb);
      if (found.threw != expected.threw) {
        out += what + (found.threw ? ": throws\n" : ": does not throw\n");
        return;
      }
      for (size_t i = 0; i < expected.all.size(); ++i) {
        const std::string which = i ? str("gradient ", i - 1) : "value";
        out += difference(found.all.at(i), expected.all[i], tolerance, which + what + (last ? ", channels-last" : ""));
      }
    };
    for (size_t k = 0; k <= in.size(); ++k) {
      const bool is_input = k < in.size();
      const Tensor& t = is_input ? in[k] : cot;
      if (!t.defined() || t.numel() == 0 || t.rank() == 0) continue;
      for (const Places& axes : choices(t.shape())) {
        Tensor narrow = repeated(t, axes), wide = in_memory(narrow, t);
        const std::string what =
            str(" with ", is_input ? str("input ", k) : "the cotangent", " repeated along ", text(axes));
        if (!is_input) {
          compare(in, narrow, in, wide, what);
          continue;
        }
        std::vector<Tensor> a = in, b = in;
        a[k] = narrow;
        b[k] = wide;
        compare(a, cot, b, cot, what);
      }
    }
    // All at once, along each one's own axes.
    std::vector<Tensor> a = in, b = in;
    for (size_t k = 0; k < in.size(); ++k) {
      if (in[k].numel() == 0 || in[k].rank() == 0) continue;
      a[k] = repeated(in[k], {in[k].rank() - 1});
      b[k] = in_memory(a[k], in[k]);
    }
    if (cot.defined() && cot.rank() > 0 && cot.numel() > 0) {
      Tensor narrow = repeated(cot, {cot.rank() - 1});
      compare(a, narrow, b, in_memory(narrow, cot), " with all repeated along their last axes");
    }
  }
  return out;
}

}  // namespace gg::optable
