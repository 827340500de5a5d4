// Activation functions as layers, for Sequential. Elsewhere the functions of ops/elementwise.h and ops/softmax.h do.
#pragma once

#include "nn/module.h"
#include "ops/elementwise.h"
#include "ops/softmax.h"

namespace gg::nn {

struct ReLU : Module {
  ReLU() : Module("ReLU") {}
  Tensor operator()(const Tensor& x) const { return relu(x); }
};

struct LeakyReLU : Module {
  explicit LeakyReLU(double slope = 0.01) : Module(str("LeakyReLU(", slope, ")")), negative_slope(slope) {}
  Tensor operator()(const Tensor& x) const { return leaky_relu(x, negative_slope); }
  double negative_slope;
};

struct ELU : Module {
  explicit ELU(double a = 1) : Module(str("ELU(", a, ")")), alpha(a) {}
  Tensor operator()(const Tensor& x) const { return elu(x, alpha); }
  double alpha;
};

enum class GeluKind { exact, tanh };

struct GELU : Module {
  explicit GELU(GeluKind k = GeluKind::exact) : Module(k == GeluKind::exact ? "GELU" : "GELU(tanh)"), kind(k) {}
  Tensor operator()(const Tensor& x) const { return kind == GeluKind::exact ? gelu(x) : gelu_tanh(x); }
  GeluKind kind;
};

struct SiLU : Module {
  SiLU() : Module("SiLU") {}
  Tensor operator()(const Tensor& x) const { return silu(x); }
};

struct Sigmoid : Module {
  Sigmoid() : Module("Sigmoid") {}
  Tensor operator()(const Tensor& x) const { return sigmoid(x); }
};

struct Tanh : Module {
  Tanh() : Module("Tanh") {}
  Tensor operator()(const Tensor& x) const { return gg::tanh(x); }
};

struct Softplus : Module {
  explicit Softplus(double b = 1) : Module(str("Softplus(", b, ")")), beta(b) {}
  Tensor operator()(const Tensor& x) const { return softplus(x, beta); }
  double beta;
};

struct LogSigmoid : Module {
  LogSigmoid() : Module("LogSigmoid") {}
  Tensor operator()(const Tensor& x) const { return logsigmoid(x); }
};

struct Mish : Module {
  Mish() : Module("Mish") {}
  Tensor operator()(const Tensor& x) const { return mish(x); }
};

struct Softsign : Module {
  Softsign() : Module("Softsign") {}
  Tensor operator()(const Tensor& x) const { return softsign(x); }
};

struct SELU : Module {
  SELU() : Module("SELU") {}
  Tensor operator()(const Tensor& x) const { return selu(x); }
};

struct CELU : Module {
  explicit CELU(double a = 1) : Module(str("CELU(", a, ")")), alpha(a) {}
  Tensor operator()(const Tensor& x) const { return celu(x, alpha); }
  double alpha;
};

struct Hardtanh : Module {
  explicit Hardtanh(double low = -1, double high = 1)
      : Module(str("Hardtanh(", low, ", ", high, ")")), min(low), max(high) {}
  Tensor operator()(const Tensor& x) const { return hardtanh(x, min, max); }
  double min, max;
};

struct Softmax : Module {
  explicit Softmax(int a = -1) : Module(str("Softmax(", a, ")")), axis(a) {}
  Tensor operator()(const Tensor& x) const { return softmax(x, axis); }
  int axis;
};

struct LogSoftmax : Module {
  explicit LogSoftmax(int a = -1) : Module(str("LogSoftmax(", a, ")")), axis(a) {}
  Tensor operator()(const Tensor& x) const { return log_softmax(x, axis); }
  int axis;
};

}  // namespace gg::nn
