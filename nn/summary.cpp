#include "nn/summary.h"

#include <algorithm>
#include <set>

#include "core/grad_mode.h"
#include "ops/creation.h"

namespace gg::nn {
namespace {

using Lines = std::vector<std::vector<std::string>>;

// 1234567 as 1,234,567.
std::string grouped(int64_t n) {
  std::string digits = std::to_string(n);
  for (int64_t i = static_cast<int64_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<size_t>(i), 1, ',');
  return digits;
}

// Characters, of which those beyond ASCII have several bytes.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Columns of equal width, the last one aligned at the right; rules after the first line and the last.
std::string table(const Lines& lines) {
  std::vector<size_t> widths(lines[0].size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  }
  size_t total = 0;
  for (size_t w : widths) total += w + 2;
  std::string rule(total - 2, '-'), out;
  rule += '\n';
  for (size_t n = 0; n < lines.size(); ++n) {
    for (size_t i = 0; i < lines[n].size(); ++i) {
      const size_t gap = widths[i] - width_of(lines[n][i]);
      const bool last = i + 1 == lines[n].size();
      if (last) out.append(gap, ' ');
      out += lines[n][i];
      if (!last) out.append(gap + 2, ' ');
    }
    out += '\n';
    if (n == 0) out += rule;
  }
  out += rule;
  return out;
}

// Numbers in a module, each tensor once.
struct Count {
  int64_t trained = 0, frozen = 0, buffers = 0, bytes = 0;
  std::set<const void*> seen;

  void add(const Module& module) {
    for (const auto& [name, t] : module.named_parameters()) {
      if (count(t)) (t.requires_grad() ? trained : frozen) += t.numel();
    }
    for (const auto& [name, t] : module.named_buffers()) {
      if (count(t)) buffers += t.numel();
    }
  }
  int64_t all() const { return trained + frozen + buffers; }
  std::string text() const {
    std::string out = str("trained: ", grouped(trained), "   frozen: ", grouped(frozen),
                          "   buffers: ", grouped(buffers), "   memory: ");
    return out + (bytes < (1 << 20) ? str(grouped((bytes + 1023) / 1024), " KiB") : str(grouped(bytes >> 20), " MiB"));
  }

 private:
  bool count(const Tensor& t) {
    if (!seen.insert(&t.get()).second) return false;
    bytes += t.numel() * static_cast<int64_t>(size_of(t.dtype()));
    return true;
  }
};

// The tensors that the module itself has, not its sub-modules.
std::string own_shapes(const Module& module) {
  std::string out;
  auto add = [&](const Module::Named& all) {
    for (const auto& [name, t] : all) {
      if (name.find('.') != std::string::npos) continue;
      if (!out.empty()) out += ", ";
      out += str(name, " ", t.shape());
    }
  };
  add(module.named_parameters());
  add(module.named_buffers());
  return out;
}

void add_lines(const Module& module, const std::string& path, Count& total, Lines& lines) {
  if (const std::string shapes = own_shapes(module); !shapes.empty()) {
    Count own = total;  // what sub-modules have comes in their own lines
    for (const auto& [name, child] : module.children()) own.add(child);
    const int64_t below = own.all();
    own.add(module);
    lines.push_back({path.empty() ? "(itself)" : path, module.description(), shapes, grouped(own.all() - below)});
  }
  for (const auto& [name, child] : module.children()) {
    add_lines(child, path.empty() ? name : str(path, ".", name), total, lines);
  }
  total.add(module);
}

// Puts a module into evaluation mode for a while; afterwards each of its sub-modules has its own mode again.
class Evaluation {
 public:
  explicit Evaluation(const Module& module) {
    remember(module);
    module.eval();
  }
  ~Evaluation() {
    for (const auto& [module, training] : modes_) module.train(training);  // sub-modules after what holds them
  }
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

 private:
  void remember(const Module& module) {
    modes_.emplace_back(module, module.training());
    for (const auto& [name, child] : module.children()) remember(child);
  }

  std::vector<std::pair<Module, bool>> modes_;
};

}  // namespace

std::string summary(const Module& module) {
  Lines lines = {{"name", "module", "tensors", "numbers"}};
  Count total;
  add_lines(module, "", total, lines);
  return table(lines) + total.text() + "\n";
}

std::string summary(const Sequential& chain, const Shape& input) {
  const Evaluation evaluation(chain);
  const NoGrad off;
  const std::vector<Tensor> parameters = chain.parameters();
  Tensor x = zeros(input, parameters.empty() ? TensorOptions() : parameters[0].options());
  Lines lines = {{"layer", "module", "output", "numbers"}, {"", "input", str(x.shape()), ""}};
  Count total;
  const auto children = chain.children();
  for (size_t i = 0; i < chain.size(); ++i) {
    x = chain.layer(i, x);
    const int64_t before = total.all();
    std::string description = "function";
    for (const auto& [name, child] : children) {
      if (name != str(i)) continue;
      description = child.description();
      total.add(child);
    }
    lines.push_back({str(i), description, str(x.shape()), grouped(total.all() - before)});
  }
  return table(lines) + total.text() + "\n";
}

}  // namespace gg::nn
