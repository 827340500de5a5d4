#include "models/classifier.h"

#include "nn/activation.h"
#include "nn/conv.h"
#include "nn/dropout.h"
#include "nn/linear.h"
#include "nn/shape.h"

namespace gg::models {
namespace {

void add_activation(nn::Sequential& net, Activation activation) {
  switch (activation) {
    case Activation::silu:
      net.add(nn::SiLU());
      break;
    case Activation::relu:
      net.add(nn::ReLU());
      break;
    case Activation::tanh:
      net.add(nn::Tanh());
      break;
    case Activation::softplus:
      net.add(nn::Softplus());
      break;
  }
}

nn::Sequential make_layers(const ClassifierOptions& o, std::vector<size_t>& hidden_ends) {
  GG_CHECK(o.image.numel() > 0 && o.classes >= 2, "Classifier: expected images and at least two classes, got images ",
           o.image, " and ", o.classes, " classes");
  GG_CHECK(o.channels.empty() || o.image.rank() == 3,
           "Classifier: convolutions need images [channels, height, width], got ", o.image);
  nn::Sequential net;
  int64_t in = o.image.numel();
  if (!o.channels.empty()) {
    int64_t channels = o.image[0], height = o.image[1], width = o.image[2];
    for (int64_t next : o.channels) {
      net.add(nn::Conv2d(channels, next, {3, 3}, {.stride = {2, 2}, .padding = {1, 1}}));
      add_activation(net, o.activation);
      hidden_ends.push_back(net.size() - 1);
      channels = next;
      height = (height + 1) / 2;
      width = (width + 1) / 2;
    }
    in = channels * height * width;
  }
  net.add(nn::Flatten());
  for (int64_t width : o.hidden) {
    net.add(nn::Linear(in, width));
    add_activation(net, o.activation);
    net.add(nn::Dropout(o.dropout));
    hidden_ends.push_back(net.size() - 1);
    in = width;
  }
  return net.add(nn::Linear(in, o.classes));
}

}  // namespace

Activation parse_activation(std::string_view text) {
  if (text == "silu") return Activation::silu;
  if (text == "relu") return Activation::relu;
  if (text == "tanh") return Activation::tanh;
  GG_CHECK(text == "softplus", "activation: expected silu, relu, tanh or softplus, got \"", text, "\"");
  return Activation::softplus;
}

Classifier::Classifier(const ClassifierOptions& o)
    : Module("Classifier"), options(o), layers(register_module("layers", make_layers(o, hidden_ends))) {}

Tensor Classifier::with_hidden(const Tensor& x, const std::function<Tensor(const Tensor&)>& change) const {
  Tensor h = x;
  size_t next = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    h = layers.layer(i, h);
    if (next < hidden_ends.size() && hidden_ends[next] == i) {
      h = change(h);
      ++next;
    }
  }
  return h;
}

}  // namespace gg::models
