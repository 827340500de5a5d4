#include <functional>
#include <map>

#include "autograd/autograd.h"
#include "core/dispatch.h"
#include "ops/catalogue.h"
#include "ops/ops.h"
#include "tests/ops/row_checks.h"

namespace gg::optable {
namespace {

// Operations without inputs, by name: what they make on a device.
using Make = std::function<std::vector<Tensor>(Device)>;
const std::map<std::string, Make>& creations() {
  static const std::map<std::string, Make> all = {
      {"full",
       [](Device d) {
         return std::vector<Tensor>{
             full({2, 5}, 2.5, {f32, d}), full({3}, -0.1, {f64, d}), full({3}, (int64_t{1} << 60) + 1, {i64, d}),
             full({37}, 1, {boolean, d}), full({0, 3}, 1, {f32, d}), full({}, 7, {f32, d})};
       }},
      {"zeros",
       [](Device d) {
         return std::vector<Tensor>{zeros({3}, {f32, d}), zeros({2, 2}, {i64, d})};
       }},
      {"ones",
       [](Device d) {
         return std::vector<Tensor>{ones({3}, {f64, d}), ones({}, {boolean, d})};
       }},
      {"full_like",
       [](Device d) {
         return std::vector<Tensor>{full_like(ones({2, 2}, {f64, d}), 7)};
       }},
      {"zeros_like",
       [](Device d) {
         return std::vector<Tensor>{zeros_like(ones({2, 2}, {i64, d}))};
       }},
      {"ones_like",
       [](Device d) {
         return std::vector<Tensor>{ones_like(zeros({2, 2}, {f64, d}))};
       }},
      {"arange",
       [](Device d) {
         return std::vector<Tensor>{arange(2, 7, 2, {.device = d}), arange(1, -1, -0.1, {f64, d}),
                                    arange(0, 300, 0.7, {f32, d}), arange(3, 3, 1, {i64, d})};
       }},
      {"linspace",
       [](Device d) {
         return std::vector<Tensor>{linspace(-1, 1, 5, {f64, d}), linspace(3, 9, 1, {f32, d})};
       }},
      {"eye",
       [](Device d) {
         return std::vector<Tensor>{eye(3, {f32, d})};
       }},
      {"one_hot",
       [](Device d) {
         return std::vector<Tensor>{one_hot(to(from_vector<int64_t>({2, 0}, {2}), d), 3, {f32, d})};
       }},
      {"causal_mask",
       [](Device d) {
         return std::vector<Tensor>{causal_mask(3, 5, d), causal_mask(70, 33, d), causal_mask(0, 2, d)};
       }},
      {"rand",
       [](Device d) {
         Generator g(1);
         return std::vector<Tensor>{rand({5, 7}, {f32, d}, g), rand({5, 7}, {f64, d}, g), rand({1000}, {f32, d}, g),
                                    rand({0}, {f32, d}, g)};
       }},
      {"randn",
       [](Device d) {
         Generator g(2);
         return std::vector<Tensor>{randn({5, 7}, {f32, d}, g), randn({5, 7}, {f64, d}, g), randn({1001}, {f32, d}, g)};
       }},
      {"rand_like",
       [](Device d) {
         manual_seed(3);
         return std::vector<Tensor>{rand_like(ones({7}, {f64, d}))};
       }},
      {"randn_like",
       [](Device d) {
         manual_seed(4);
         return std::vector<Tensor>{randn_like(ones({7}, {f32, d}))};
       }},
      {"randint",
       [](Device d) {
         Generator g(5);
         return std::vector<Tensor>{randint(-2, 3, {101}, {.device = d}, g),
                                    randint(INT64_MIN, INT64_MAX, {5}, {.device = d}, g),
                                    randint(0, 9, {7}, {f32, d}, g)};
       }},
      {"bernoulli",
       [](Device d) {
         Generator g(6);
         std::vector<Tensor> made;
         for (DType t : {f32, f64, i64, boolean}) made.push_back(bernoulli({9, 11}, 0.3, {t, d}, g));
         made.push_back(bernoulli({9}, 0, {f32, d}, g));
         made.push_back(bernoulli({9}, 1, {f32, d}, g));
         return made;
       }},
      {"randperm",
       [](Device d) {
         Generator g(7);
         return std::vector<Tensor>{randperm(0, {.device = d}, g), randperm(1, {.device = d}, g),
                                    randperm(2, {.device = d}, g), randperm(999, {f64, d}, g)};
       }},
  };
  return all;
}

// Tensors on the device, each beside the CPU's of the same meaning.
struct Pair {
  std::string what;
  Tensor there, here;
};

Findings compared(const std::vector<Pair>& pairs, Device device, bool exact) {
  Findings out;
  for (const Pair& p : pairs) {
    if (!(p.there.device() == device)) {
      out += str(p.what, ": is on ", p.there.device(), ", expected ", device, "\n");
    } else if (p.there.dtype() != p.here.dtype()) {
      out += str(p.what, ": is ", p.there.dtype(), ", expected ", p.here.dtype(), "\n");
    } else if (exact || !is_floating(p.here.dtype())) {
      out += bit_difference(p.there, p.here, p.what);
    } else {
      out += difference(p.there, p.here, p.here.dtype() == f64 ? 1e-12 : 1e-5, p.what);
    }
  }
  return out;
}

// First derivatives of <y, c>, and second ones of the nonlinear <y·y, c>, with respect to the inputs that require grad.
// No sums: an operation may be there before they are.
std::vector<Tensor> derivatives(const Row& row, std::span<const Tensor> inputs, int order) {
  std::vector<Tensor> wanted;
  for (const Tensor& x : inputs) {
    if (x.requires_grad()) wanted.push_back(x);
  }
  if (wanted.empty()) return {};
  Tensor y = row.run(inputs);
  if (!y.requires_grad()) return {};
  auto beside = [](const Tensor& t, uint64_t seed) { return to(cotangent(t.shape(), t.dtype(), seed), t.device()); };
  if (order == 1) return grad(y, wanted, {.grad_outputs = {beside(y, 0)}});
  std::vector<Tensor> first = grad(y * y, wanted, {.grad_outputs = {beside(y, 0)}, .create_graph = true});
  std::vector<Tensor> again, directions;
  for (size_t i = 0; i < first.size(); ++i) {
    if (!first[i].requires_grad()) continue;
    again.push_back(first[i]);
    directions.push_back(beside(first[i], i + 1));
  }
  if (again.empty()) return {};
  return grad(again, wanted, {.grad_outputs = directions});
}

struct Inputs {
  std::string what;
  std::vector<Tensor> here, there;
};

// The row's inputs on both devices, laid out in several ways.
std::vector<Inputs> all_inputs(const Row& row, DType dtype, Device device) {
  std::vector<Tensor> plain = make_tensors(row, make_hosts(row), dtype, true);
  std::vector<Inputs> all;
  auto add = [&](const char* what, int min_rank, int max_rank, Tensor (*lay_out)(const Tensor&)) {
    Inputs in{str(" of ", what, " ", name_of(dtype)), {}, {}};
    bool changed = !lay_out;
    for (const Tensor& x : plain) {
      Tensor here = x.detach(), there = to(here, device);
      if (lay_out && x.rank() >= min_rank && x.rank() <= max_rank && x.numel() > 0) {
        here = lay_out(here);
        there = lay_out(there);
        changed = changed || !there.is_contiguous();
      }
      if (x.requires_grad()) {
        here.requires_grad_();
        there.requires_grad_();
      }
      in.here.push_back(here);
      in.there.push_back(there);
    }
    if (changed) all.push_back(std::move(in));
  };
  add("dense", 0, 8, nullptr);
  add("transposed", 2, 8, transposed_storage);
  add("sliced", 1, 7, sliced_storage);
  add("channels-last", 4, 4, channels_last);
  return all;
}

Findings check_creation(const Row& row, Device device) {
  auto found = creations().find(row.name);
  if (found == creations().end()) return row.name + ": no call of it with a device is in tests/ops/row_devices.cpp\n";
  std::vector<Tensor> there = found->second(device), here = found->second(Device::cpu);
  std::vector<Pair> pairs;
  for (size_t i = 0; i < here.size(); ++i) pairs.push_back({str(row.name, " ", i), there.at(i), here[i]});
  return compared(pairs, device, row.name != "linspace");
}

}  // namespace

Findings check_device(const Row& row, Device device) {
  const CatalogueEntry* entry = find_operation(row.name);
  if (!entry) return "the catalogue has no '" + row.name + "'\n";
  return check_device(row, device, supports(*entry, device.type));
}

Findings check_device(const Row& row, Device device, bool claimed) {
  Findings out;
  try {
    if (row.inputs.empty()) {
      out += check_creation(row, device);
    } else {
      for (DType dtype : {f64, f32}) {
        for (const Inputs& in : all_inputs(row, dtype, device)) {
          out += compared({{"value" + in.what, row.run(in.there).detach(), row.run(in.here).detach()}}, device, false);
          if (!claimed) break;
        }
        if (!claimed) break;
      }
    }
    if (!claimed) return str("the catalogue does not say that ", row.name, " runs on ", device, ", but it does\n");
  } catch (const NoKernelError& error) {
    if (!claimed) return {};
    return out + str("the catalogue says that ", row.name, " runs on ", device, ", but: ", error.what(), "\n");
  } catch (const Error& error) {
    return out + str("value: ", error.what(), "\n");
  }
  for (int order = 1; order <= std::min(row.order, 2); ++order) {
    try {
      for (DType dtype : {f64, f32}) {
        for (const Inputs& in : all_inputs(row, dtype, device)) {
          std::vector<Tensor> there = derivatives(row, in.there, order), here = derivatives(row, in.here, order);
          std::vector<Pair> pairs;
          for (size_t i = 0; i < here.size(); ++i) {
            pairs.push_back({str("derivative ", i, " of order ", order, in.what), there.at(i), here[i]});
          }
          out += compared(pairs, device, false);
        }
      }
    } catch (const Error& error) {  // a missing kernel, too: whatever runs on a device is differentiated there
      out += str("derivative of order ", order, ": ", error.what(), "\n");
      break;
    }
  }
  return out;
}

}  // namespace gg::optable
