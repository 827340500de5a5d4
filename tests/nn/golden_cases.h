// Layers against PyTorch's numbers: the cases that tests/golden/layer_cases.py writes.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "autograd/autograd.h"
#include "nn/nn.h"
#include "ops/ops.h"

namespace gg::nn_test {

using nlohmann::json;

inline Tensor tensor_of(const json& t) {
  return from_vector(t["values"].get<std::vector<double>>(), Shape(t["shape"].get<std::vector<int64_t>>()));
}

inline std::vector<Tensor> tensors_of(const json& list) {
  std::vector<Tensor> all;
  for (const json& t : list) all.push_back(tensor_of(t));
  return all;
}

inline void expect_near(const Tensor& got, const json& expected, const std::string& what) {
  Tensor want = tensor_of(expected);
  ASSERT_EQ(got.shape(), want.shape()) << what;
  EXPECT_LT(max(abs(got.detach() - want)).item(), 1e-11) << what;
}

using Call = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

/// The case of this name in a file of tests/golden, from PyTorch's state dict: values, and all gradients.
inline void check_case(const json& golden, const std::string& name, const nn::Module& layer, const Call& call) {
  SCOPED_TRACE(name);
  const json* found = nullptr;
  for (const json& c : golden["cases"]) {
    if (c["name"] == name) found = &c;
  }
  ASSERT_TRUE(found) << "no such case";
  const json& c = *found;
  layer.to(f64);
  layer.train(c.value("training", false));
  const TensorMap own = layer.state_dict();
  TensorMap state;
  for (const auto& [key, t] : c["state"].items()) {
    ASSERT_TRUE(own.contains(key)) << key;
    state.emplace(key, to(tensor_of(t), own.at(key).dtype()));
  }
  layer.load_state_dict(state);
  layer.zero_grad();

  std::vector<Tensor> inputs = tensors_of(c["inputs"]), weights = tensors_of(c["weights"]);
  for (Tensor& x : inputs) x.requires_grad_();
  const std::vector<Tensor> outputs = call(inputs);
  ASSERT_EQ(outputs.size(), weights.size());
  Tensor loss = scalar(0, {f64});
  for (size_t i = 0; i < outputs.size(); ++i) {
    expect_near(outputs[i], c["outputs"][i], str("output ", i));
    loss = loss + sum(outputs[i] * weights[i]);
  }
  loss.backward();
  for (size_t i = 0; i < inputs.size(); ++i) expect_near(inputs[i].grad(), c["input_grads"][i], str("input ", i));
  EXPECT_EQ(layer.named_parameters().size(), c["grads"].size());
  for (const auto& [key, p] : layer.named_parameters()) expect_near(p.grad(), c["grads"][key], key);
}

}  // namespace gg::nn_test
