#include "models/classifier.h"

#include "nn/activation.h"
#include "nn/dropout.h"
#include "nn/linear.h"
#include "nn/shape.h"

namespace gg::models {
namespace {

nn::Sequential make_layers(const ClassifierOptions& o) {
  GG_CHECK(o.image.numel() > 0 && o.classes >= 2, "Classifier: expected images and at least two classes, got images ",
           o.image, " and ", o.classes, " classes");
  nn::Sequential net{nn::Flatten()};
  int64_t in = o.image.numel();
  for (int64_t width : o.hidden) {
    net.add(nn::Linear(in, width)).add(nn::SiLU()).add(nn::Dropout(o.dropout));
    in = width;
  }
  return net.add(nn::Linear(in, o.classes));
}

}  // namespace

Classifier::Classifier(const ClassifierOptions& o)
    : Module("Classifier"), options(o), layers(register_module("layers", make_layers(o))) {}

}  // namespace gg::models
