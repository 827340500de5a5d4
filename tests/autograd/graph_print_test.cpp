// Pictures of graphs, letter by letter.
#include <gtest/gtest.h>

#include "autograd/autograd.h"
#include "autograd/functional/graph_print.h"
#include "ops/ops.h"

namespace gg {
namespace {

TEST(GraphPrint, Text) {
  Tensor x = ones({2, 3}).requires_grad_(), w = ones({3, 4}).requires_grad_();
  Tensor y = sum(tanh(matmul(x, w)) * 2.0);
  EXPECT_EQ(graph_text(y),
            "%7 = reshape(%6)     []\n"
            "%6 = sum(%5)         [1,1]\n"
            "%5 = mul_scalar(%4)  [2,4]\n"
            "%4 = tanh(%3)        [2,4]\n"
            "%3 = matmul(%1, %2)  [2,4]\n"
            "%2 = leaf            [3,4]\n"
            "%1 = leaf            [2,3]\n");
}

TEST(GraphPrint, Derivatives) {
  Tensor x = ones({2}, {f64}).requires_grad_();
  Tensor g = grad(sin(x), x, {.grad_outputs = {ones({2}, {f64})}, .create_graph = true});
  EXPECT_EQ(graph_text(g), "%2 = sin'(·, %1)  [2]\n%1 = leaf         [2]\n");
}

TEST(GraphPrint, NoHistory) {
  EXPECT_EQ(graph_text(ones({2})), "(no history)\n");
  EXPECT_EQ(graph_dot(ones({2})),
            "digraph gradgrad {\n  rankdir=BT;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n}\n");
}

TEST(GraphPrint, Dot) {
  Tensor x = ones({2}).requires_grad_();
  EXPECT_EQ(graph_dot(x * x),
            "digraph gradgrad {\n"
            "  rankdir=BT;\n"
            "  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
            "  n2 [label=\"mul\\n[2]\"];\n"
            "  n1 -> n2;\n"
            "  n1 -> n2;\n"
            "  n1 [label=\"leaf\\n[2]\", shape=ellipse];\n"
            "}\n");
}

}  // namespace
}  // namespace gg
