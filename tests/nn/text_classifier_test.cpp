// models::TextClassifier: the embedding as it is used, padding, and the two places where it can be entered.
#include "models/text_classifier.h"

#include <gtest/gtest.h>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "ops/ops.h"
#include "tests/errors.h"

namespace gg::models_test {
namespace {

using models::TextClassifier;

TEST(TextClassifier, TableHasMeanZeroAndVarianceOneOverTheText) {
  manual_seed(1);
  const std::vector<int64_t> counts = {0, 3, 50, 7, 40};
  const TextClassifier model(counts, {.dim = 6, .filters = 4, .widths = {1, 2}});
  // The text written out, one row for each character that occurs.
  std::vector<int64_t> text;
  for (int64_t c = 0; c < 5; ++c) text.insert(text.end(), static_cast<size_t>(counts[static_cast<size_t>(c)]), c);
  const Tensor rows = embedding(model.table(), from_vector(text, {100}));
  EXPECT_LT(max(abs(mean(rows, {0}))).item(), 1e-5);
  EXPECT_LT(max(abs(var(rows, {0}, {.correction = 0}) - 1)).item(), 1e-4);
  // Growing the embedding changes nothing, which is what this is for.
  const Tensor before = model.table();
  {
    const NoGrad guard;
    Tensor weight = model.embedding;
    copy_(weight, weight * 100);
  }
  EXPECT_LT(max(abs(model.table() - before)).item(), 1e-4);
}

TEST(TextClassifier, PaddingIsZeroAndPlacesOfEntryAgree) {
  manual_seed(2);
  const TextClassifier model({0, 3, 50, 7, 40}, {.classes = 3, .dim = 6, .filters = 4, .widths = {1, 2, 3}});
  const Tensor text = tensor({{2, 4, 3, 0, 0}, {4, 4, 1, 2, 3}}, {i64});
  const Tensor embedded = model.embed(model.table(), text);
  EXPECT_EQ(max(abs(slice(slice(embedded, 0, 0, 1), 1, 3, 5))).item(), 0);
  EXPECT_EQ(model.mask(text).to_vector<float>(), (std::vector<float>{1, 1, 1, 0, 0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(model(text).shape(), (Shape{2, 3}));
  EXPECT_EQ(model(text).to_vector<float>(), model.classify(embedded).to_vector<float>());
  sum(square(model(text))).backward();
  for (const auto& [name, p] : model.named_parameters()) EXPECT_GT(max(abs(p.grad())).item(), 0) << name;
  // Two texts in a batch do not see each other.
  EXPECT_LT(max(abs(model(slice(text, 0, 0, 1)) - slice(model(text), 0, 0, 1))).item(), 1e-5);
  expect_error([] { TextClassifier({0, 0}); }, "no characters");
}

}  // namespace
}  // namespace gg::models_test
