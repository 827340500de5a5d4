#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "autograd/autograd.h"
#include "core/parallel.h"
#include "ops/ops.h"
#include "tests/ops/row_checks.h"

namespace gg::optable {
namespace {

std::vector<double> as_doubles(const Tensor& t) {
  return visit_any(t.dtype(), [&]<class T>() {
    std::vector<T> v = t.to_vector<T>();
    return std::vector<double>(v.begin(), v.end());
  });
}

Host rounded_to(Host host, DType dtype) {
  if (dtype == f32) {
    for (Real& x : host.v) x = static_cast<float>(x);
  } else {
    for (Real& x : host.v) x = static_cast<double>(x);
  }
  return host;
}

Findings against_oracle(const Row& row, const std::vector<Tensor>& in, const std::vector<Host>& hosts, DType dtype,
                        const std::string& what) {
  Tensor y = row.run(in);
  Host expected = row.oracle(hosts);
  if (!(y.shape() == expected.shape)) {
    return str(what, ": shape ", y.shape(), ", the oracle's is ", expected.shape, "\n");
  }
  std::vector<double> got = as_doubles(y);
  double tolerance = dtype == f32 ? row.tolerance32 : row.tolerance64;
  for (size_t i = 0; i < got.size(); ++i) {
    Real want = expected.v[i];
    Real error = std::abs(static_cast<Real>(got[i]) - want) / std::max<Real>(1, std::abs(want));
    if (!(error <= tolerance) && !(std::isnan(got[i]) && std::isnan(want))) {
      return str(what, ": element ", i, " is ", got[i], ", the oracle says ", static_cast<double>(want), "\n");
    }
  }
  return {};
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && visit_any(a.dtype(), [&]<class T>() {
           auto x = a.to_vector<T>(), y = b.to_vector<T>();
           if constexpr (std::is_same_v<T, bool>) {
             return x == y;
           } else {
             return x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0;
           }
         });
}

}  // namespace

Tensor transposed_storage(const Tensor& x) {
  NoGrad off;
  return transpose(contiguous(transpose(x, 0, -1)), 0, -1);
}

Tensor sliced_storage(const Tensor& x) {
  NoGrad off;
  Tensor t = stack({x, full_like(x, 77)}, -1);
  t = flatten(t, -2, -1);
  if (x.rank() > 1) t = slice(concat({full_like(t, -55), t}, 0), 0, x.size(0));
  return slice(t, -1, 0, kEnd, 2);
}

Tensor channels_last(const Tensor& x) {
  NoGrad off;
  return permute(contiguous(permute(x, {0, 2, 3, 1})), {0, 3, 1, 2});
}

Host make_host(const Input& input, uint64_t seed) {
  std::mt19937_64 random(seed * 7919 + 17);
  Host h(input.shape);
  std::uniform_real_distribution<double> uniform(input.low, input.high);
  auto n = static_cast<double>(h.v.size());
  for (size_t i = 0; i < h.v.size(); ++i) {
    double x = 0;
    switch (input.kind) {
      case Kind::real:
        do {
          x = uniform(random);
        } while (std::any_of(input.kinks.begin(), input.kinks.end(), [&](double k) { return std::abs(x - k) < 0.05; }));
        break;
      case Kind::spread:
        x = input.low + (input.high - input.low) * (static_cast<double>(i) + 0.5) / n;
        break;
      case Kind::integer:
        x = std::floor(uniform(random));
        break;
      case Kind::truth:
        x = uniform(random) < 0.5 ? 0 : 1;
        break;
    }
    h.v[i] = x;
  }
  if (input.kind == Kind::spread) std::shuffle(h.v.begin(), h.v.end(), random);
  return h;
}

Tensor to_tensor(const Host& host, const Input& input, DType dtype) {
  if (input.kind == Kind::integer) dtype = i64;
  if (input.kind == Kind::truth) dtype = boolean;
  return visit_any(dtype, [&]<class T>() {
    std::vector<T> v;
    for (Real x : host.v) v.push_back(static_cast<T>(x));
    return from_vector(v, host.shape);
  });
}

std::vector<Host> make_hosts(const Row& row) {
  std::vector<Host> hosts;
  for (size_t i = 0; i < row.inputs.size(); ++i) hosts.push_back(make_host(row.inputs[i], i + 1));
  return hosts;
}

std::vector<Tensor> make_tensors(const Row& row, const std::vector<Host>& hosts, DType dtype, bool requires_grad) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < hosts.size(); ++i) {
    Tensor t = to_tensor(hosts[i], row.inputs[i], dtype);
    if (requires_grad && row.order > 0 && row.inputs[i].is_differentiable()) t.requires_grad_();
    tensors.push_back(t);
  }
  return tensors;
}

Tensor cotangent(const Shape& shape, DType dtype, uint64_t seed) {
  return to_tensor(make_host({shape, -1, 1}, seed + 1000), {shape}, dtype);
}

std::vector<Tensor> gradients(const Row& row, std::span<const Tensor> inputs) {
  std::vector<Tensor> wanted;
  for (const Tensor& x : inputs) {
    if (x.requires_grad()) wanted.push_back(x);
  }
  if (wanted.empty()) return {};
  Tensor y = row.run(inputs);
  if (!y.requires_grad()) return {};
  return grad(y, wanted, {.grad_outputs = {cotangent(y.shape(), y.dtype())}});
}

Findings difference(const Tensor& a, const Tensor& b, double tolerance, const std::string& what) {
  if (!(a.shape() == b.shape())) return str(what, ": shapes ", a.shape(), " and ", b.shape(), "\n");
  std::vector<double> x = as_doubles(a), y = as_doubles(b);
  for (size_t i = 0; i < x.size(); ++i) {
    bool same = x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]));
    if (!same && !(std::abs(x[i] - y[i]) <= tolerance * std::max(1.0, std::abs(y[i])))) {
      return str(what, ": element ", i, " is ", x[i], ", expected ", y[i], "\n");
    }
  }
  return {};
}

Findings bit_difference(const Tensor& a, const Tensor& b, const std::string& what) {
  if (same_bits(a, b)) return {};
  Findings f = difference(a, b, 0, what);
  return f.empty() ? what + ": bits differ\n" : f;
}

Findings check_value(const Row& row, DType dtype) {
  if (!row.oracle) return {};
  std::vector<Host> hosts = make_hosts(row);
  for (size_t i = 0; i < hosts.size(); ++i) hosts[i] = rounded_to(hosts[i], dtype);
  return against_oracle(row, make_tensors(row, hosts, dtype, false), hosts, dtype, str("value in ", name_of(dtype)));
}

Findings check_layouts(const Row& row) {
  std::vector<Host> hosts = make_hosts(row);
  std::vector<Tensor> plain = make_tensors(row, hosts, f64, true);
  std::vector<Tensor> expected = gradients(row, plain);
  Findings out;
  auto with = [&](const char* what, int min_rank, int max_rank, Tensor (*lay_out)(const Tensor&)) {
    std::vector<Tensor> in;
    bool changed = false;
    for (const Tensor& x : plain) {
      Tensor y = x.detach();
      if (x.rank() >= min_rank && x.rank() <= max_rank && x.numel() > 0 && x.dtype() != boolean) {
        y = lay_out(y);
        changed = changed || !y.is_contiguous();
      }
      if (x.requires_grad()) y.requires_grad_();
      in.push_back(y);
    }
    if (!changed) return;
    if (row.oracle) out += against_oracle(row, in, hosts, f64, str("value with ", what, " inputs"));
    std::vector<Tensor> found = gradients(row, in);
    for (size_t i = 0; i < found.size(); ++i) {
      out += difference(found[i], expected[i], 1e-12, str("gradient ", i, " with ", what, " inputs"));
    }
  };
  with("transposed", 2, 8, transposed_storage);
  with("sliced", 1, 7, sliced_storage);
  with("channels-last", 4, 4, channels_last);
  if (row.keeps_channels_last) {
    std::vector<Tensor> in;
    for (const Tensor& x : plain) in.push_back(x.rank() == 4 ? channels_last(x.detach()) : x.detach());
    const Layout& l = row.run(in).layout();
    if (!(l.strides[1] == 1 && l.is_dense())) out += "a channels-last image did not stay channels-last\n";
  }
  return out;
}

Findings check_aliased(const Row& row) {
  if (row.inputs.size() < 2 || !row.inputs[0].is_real() || !row.inputs[1].is_real() ||
      !(row.inputs[0].shape == row.inputs[1].shape) || row.inputs[0].low != row.inputs[1].low || !row.oracle) {
    return {};
  }
  std::vector<Host> hosts = make_hosts(row);
  hosts[1] = hosts[0];
  std::vector<Tensor> in = make_tensors(row, hosts, f64, true);
  std::vector<Tensor> apart = gradients(row, in);
  in[1] = in[0];
  Findings out = against_oracle(row, in, hosts, f64, "value with one tensor as both inputs");
  if (apart.size() >= 2) {
    std::vector<Tensor> in_one(in.begin(), in.end());
    Tensor y = row.run(in_one);
    Tensor both = grad(y, in[0], {.grad_outputs = {cotangent(y.shape(), f64)}});
    NoGrad off;
    out += difference(both, apart[0] + apart[1], 1e-12, "gradient with one tensor as both inputs");
  }
  return out;
}

Findings check_threads(const Row& row) {
  if (row.large.empty()) return {};
  Row big = row;
  for (size_t i = 0; i < row.large.size(); ++i) big.inputs[i].shape = row.large[i];
  std::vector<Host> hosts = make_hosts(big);
  std::vector<Tensor> in = make_tensors(big, hosts, f32, true);
  auto all = [&] {
    std::vector<Tensor> results = gradients(big, in);
    results.push_back(big.run(in).detach());
    return results;
  };
  int before = num_threads();
  set_num_threads(2);
  std::vector<Tensor> two = all(), again = all();
  set_num_threads(1);
  std::vector<Tensor> one = all();
  set_num_threads(before);
  Findings out;
  for (size_t i = 0; i < two.size(); ++i) {
    out += bit_difference(again[i], two[i], str("result ", i, " computed twice"));
    out += bit_difference(one[i], two[i], str("result ", i, " with one thread instead of two"));
  }
  return out;
}

Findings check_broadcast_and_empty(const Row& row) {
  if (!row.elementwise) return {};  // other rows list their empty variants
  Findings out;
  auto at = [&](const std::vector<Shape>& shapes) {
    Row other = row;
    for (size_t i = 0; i < shapes.size(); ++i) other.inputs[i].shape = shapes[i];
    std::vector<Host> hosts = make_hosts(other);
    std::string what = "at";
    for (const Shape& s : shapes) what += " " + to_string(s);
    out += against_oracle(other, make_tensors(other, hosts, f64, false), hosts, f64, what);
    other.order = std::min(row.order, 2);
    if (row.order > 0 && other.oracle(hosts).v.size() > 0) {
      Findings f = check_gradients(other);
      if (!f.empty()) out += what + " " + f;
    } else if (row.order > 0) {
      std::vector<Tensor> in = make_tensors(other, hosts, f64, true);
      for (const Tensor& g : gradients(other, in)) {
        for (double x : as_doubles(g)) {
          if (x != 0) out += what + ": the gradient of an empty result is not zero\n";
        }
      }
    }
  };
  size_t n = row.inputs.size();
  at(std::vector<Shape>(n, Shape{}));
  at(std::vector<Shape>(n, Shape{0, 3}));
  at(std::vector<Shape>(n, Shape{1}));
  if (n < 2) return out;
  std::vector<std::vector<Shape>> pairs = {
      {{2, 3}, {3}}, {{3}, {2, 3}}, {{3, 1}, {1, 2}}, {{}, {2, 2}}, {{1, 0}, {2, 1}}};
  for (std::vector<Shape> shapes : pairs) {
    if (n == 3) shapes.push_back(shapes[0]);
    at(shapes);
    if (n == 3) at({shapes[0], shapes[0], shapes[1]});
  }
  return out;
}

Findings check_complaints(const Row& row) {
  Findings out;
  for (size_t i = 0; i < row.complaints.size(); ++i) {
    try {
      row.complaints[i].call();
      out += str("wrong call ", i, " did not throw\n");
    } catch (const Error& e) {
      std::string message = e.what();
      for (const std::string& part : row.complaints[i].says) {
        if (message.find(part) == std::string::npos) {
          out += str("wrong call ", i, " says '", message, "', which lacks '", part, "'\n");
        }
      }
    }
  }
  return out;
}

}  // namespace gg::optable
