#include "autograd/functional/graph_print.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "autograd/node.h"

namespace gg {
namespace {

using autograd::Node;

// Every node once, newest first, and its number: inputs have smaller numbers than what is made of them.
struct Listing {
  std::vector<const Node*> nodes;
  std::unordered_map<const Node*, size_t> number;

  explicit Listing(const Tensor& t) {
    if (!t.requires_grad()) return;
    std::vector<const Node*> stack{t.get().node.get()};
    number[stack[0]] = 0;
    while (!stack.empty()) {
      const Node* node = stack.back();
      stack.pop_back();
      nodes.push_back(node);
      for (const Ref<Node>& input : node->inputs()) {
        if (input && number.emplace(input.get(), 0).second) stack.push_back(input.get());
      }
    }
    std::sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) { return a->sequence() > b->sequence(); });
    for (size_t i = 0; i < nodes.size(); ++i) number[nodes[i]] = nodes.size() - i;
  }
};

// Columns that UTF-8 text takes: its bytes without continuation bytes.
size_t columns(const std::string& s) {
  return static_cast<size_t>(std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string graph_text(const Tensor& t) {
  Listing list(t);
  if (list.nodes.empty()) return "(no history)\n";
  std::vector<std::string> lines;
  size_t width = 0;
  for (const Node* node : list.nodes) {
    std::string line = str("%", list.number[node], " = ", node->label());
    if (!node->is_leaf()) {
      line += "(";
      bool first = true;
      for (const Ref<Node>& input : node->inputs()) {
        line += first ? "" : ", ";
        line += input ? str("%", list.number[input.get()]) : std::string("·");
        first = false;
      }
      line += ")";
    }
    width = std::max(width, columns(line));
    lines.push_back(line);
  }
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    out += lines[i] + std::string(width + 2 - columns(lines[i]), ' ') + to_string(list.nodes[i]->output().shape) + "\n";
  }
  return out;
}

std::string graph_dot(const Tensor& t) {
  Listing list(t);
  std::string out = "digraph gradgrad {\n  rankdir=BT;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n";
  for (const Node* node : list.nodes) {
    out += str("  n", list.number[node], " [label=\"", node->label(), "\\n", node->output().shape, "\"",
               node->is_leaf() ? ", shape=ellipse" : "", "];\n");
    for (const Ref<Node>& input : node->inputs()) {
      if (input) out += str("  n", list.number[input.get()], " -> n", list.number[node], ";\n");
    }
  }
  return out + "}\n";
}

}  // namespace gg
