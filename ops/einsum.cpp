#include "ops/einsum.h"

#include <algorithm>
#include <map>
#include <string>

#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/matrix.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

// Letters, and for the axes of an ellipsis, counted from its right end, numbers behind all letters.
using Label = int;
using Labels = std::vector<Label>;
constexpr Label kEllipsis = 1 << 10;

bool has(const Labels& labels, Label l) { return std::find(labels.begin(), labels.end(), l) != labels.end(); }

std::string spelled(Label l) {
  return l >= kEllipsis ? str("axis ", kEllipsis - l - 1, " of '...'") : str("label '", static_cast<char>(l), "'");
}

struct Term {
  Labels labels;              // an ellipsis is kEllipsis until its axes are known
  std::vector<size_t> where;  // in the equation
  size_t begin = 0;
};

class Equation {
 public:
  explicit Equation(std::string_view text) : text_(text) {
    const size_t arrow = text_.find("->");
    explicit_output_ = arrow != text_.npos;
    const size_t inputs = explicit_output_ ? arrow : text_.size();
    for (size_t at = 0; at <= inputs;) {
      const size_t end = std::min(text_.find(',', at), inputs);
      terms_.push_back(parse(at, end));
      at = end + 1;
    }
    if (explicit_output_) output_ = parse(arrow + 2, text_.size());
  }

  /// Throws `what`, with the equation and a mark under place `at` of it.
  template <class... Parts>
  [[noreturn]] void complain(size_t at, const Parts&... what) const {
    fail("einsum: ", what..., "\n  ", text_, "\n  ", std::string(at, ' '), "^");
  }

  /// Names all axes of the operands, and finds the sizes of labels.
  void fit(const std::vector<Tensor>& operands) {
    if (operands.size() != terms_.size()) {
      complain(terms_.back().begin, "the equation has ", terms_.size(), " operands, but ", operands.size(),
               " tensors were given");
    }
    for (size_t i = 0; i < terms_.size(); ++i) {
      Term& term = terms_[i];
      const Shape& shape = operands[i].shape();
      const int named = static_cast<int>(term.labels.size()) - has(term.labels, kEllipsis);
      if (has(term.labels, kEllipsis) ? shape.rank() < named : shape.rank() != named) {
        complain(term.begin, "operand ", i, " of shape ", shape, " has ", shape.rank(), " axes, but ", named,
                 " labels");
      }
      spread(term, shape.rank() - named);
      ellipsis_ = std::max(ellipsis_, shape.rank() - named);
      for (size_t k = 0; k < term.labels.size(); ++k) {
        auto [found, fresh] = sizes_.insert({term.labels[k], {shape[static_cast<int>(k)], i}});
        auto& [size, first] = found->second;
        const int64_t n = shape[static_cast<int>(k)];
        const auto clash = [&](int64_t other, size_t operand) {
          complain(term.where[k], spelled(term.labels[k]), " has size ", other, " in operand ", operand, " ",
                   operands[operand].shape(), ", but ", n, " in operand ", i, " ", shape);
        };
        // Operands broadcast, but the axes of a diagonal are equally long.
        const auto before = std::find(term.labels.begin(), term.labels.end(), term.labels[k]) - term.labels.begin();
        const int64_t own = shape[static_cast<int>(before)];
        if (own != n) clash(own, i);
        if (!fresh && n != size && n != 1 && size != 1) clash(size, first);
        if (size == 1) found->second = {n, i};
      }
    }
    explicit_output_ ? check_output() : choose_output();
  }

  const Labels& labels(size_t operand) const { return terms_[operand].labels; }
  const Labels& output() const { return output_.labels; }
  int64_t size(Label l) const { return sizes_.at(l).first; }
  /// Whether a label is needed once operands 0 … `operand` are done.
  bool is_needed(Label l, size_t operand) const {
    for (size_t i = operand + 1; i < terms_.size(); ++i) {
      if (has(terms_[i].labels, l)) return true;
    }
    return has(output_.labels, l);
  }

 private:
  Term parse(size_t begin, size_t end) const {
    Term term;
    term.begin = std::min(begin, text_.size());
    for (size_t at = begin; at < end; ++at) {
      const char c = text_[at];
      if (c == ' ') continue;
      if (c == '.') {
        if (text_.substr(at, 3) != "...") complain(at, "expected '...'");
        if (has(term.labels, kEllipsis)) complain(at, "a second '...'");
        term.labels.push_back(kEllipsis);
        term.where.push_back(at);
        at += 2;
      } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        term.labels.push_back(c);
        term.where.push_back(at);
      } else {
        complain(at, "labels are letters, got '", c, "'");
      }
    }
    return term;
  }

  // Puts `count` labels in the place of an ellipsis.
  static void spread(Term& term, int count) {
    for (size_t k = 0; k < term.labels.size(); ++k) {
      if (term.labels[k] != kEllipsis) continue;
      const size_t at = term.where[k];
      term.labels.erase(term.labels.begin() + k);
      term.where.erase(term.where.begin() + k);
      for (int i = 0; i < count; ++i) {  // the last one is kEllipsis, the one before kEllipsis + 1 …
        term.labels.insert(term.labels.begin() + k, kEllipsis + i);
        term.where.insert(term.where.begin() + k, at);
      }
      return;
    }
  }

  void check_output() {
    if (ellipsis_ > 0 && !has(output_.labels, kEllipsis)) ellipsis_ = 0;  // summed over
    spread(output_, ellipsis_);
    for (size_t k = 0; k < output_.labels.size(); ++k) {
      const Label l = output_.labels[k];
      if (!sizes_.count(l)) complain(output_.where[k], spelled(l), " of the result is in no operand");
      if (std::find(output_.labels.begin(), output_.labels.begin() + k, l) != output_.labels.begin() + k) {
        complain(output_.where[k], spelled(l), " is twice in the result");
      }
    }
  }

  void choose_output() {
    for (int i = ellipsis_ - 1; i >= 0; --i) output_.labels.push_back(kEllipsis + i);
    for (const auto& [l, size] : sizes_) {
      size_t times = 0;
      for (const Term& t : terms_) times += static_cast<size_t>(std::count(t.labels.begin(), t.labels.end(), l));
      if (times == 1 && l < kEllipsis) output_.labels.push_back(l);
    }
  }

  std::string text_;
  bool explicit_output_ = false;
  std::vector<Term> terms_;
  Term output_;
  int ellipsis_ = 0;                                   // axes
  std::map<Label, std::pair<int64_t, size_t>> sizes_;  // and an operand that has it
};

// A tensor whose axes have names, no two the same.
struct Named {
  Tensor x;
  Labels labels;

  int axis(Label l) const { return static_cast<int>(std::find(labels.begin(), labels.end(), l) - labels.begin()); }
  int64_t size(const Labels& some) const {
    int64_t n = 1;
    for (Label l : some) n *= x.size(axis(l));
    return n;
  }

  void sum_over(const Labels& some) {
    if (some.empty()) return;
    Axes axes;
    for (Label l : some) axes.push_back(axis(l));
    x = sum(x, axes);
    std::erase_if(labels, [&](Label l) { return has(some, l); });
  }

  /// The axes in another order, with an axis of size 1 for each label that this has not.
  Tensor arranged(const Labels& order) const {
    Axes axes;
    for (Label l : order) {
      if (has(labels, l)) axes.push_back(axis(l));
    }
    const Tensor y = permute(x, axes);
    Shape shape;
    for (Label l : order) shape.push_back(has(labels, l) ? x.size(axis(l)) : 1);
    return reshape(y, shape);
  }

  /// Sorts labels as they lie in memory, the outermost first.
  void sort_by_stride(Labels& some) const {
    std::stable_sort(some.begin(), some.end(), [&](Label a, Label b) { return stride(a) > stride(b); });
  }
  int64_t stride(Label l) const { return x.layout().strides[static_cast<size_t>(axis(l))]; }
};

// One operand: diagonals taken, and axes dropped that only broadcast.
Named prepared(const Equation& e, size_t operand, const Tensor& x) {
  Named a{x, e.labels(operand)};
  for (size_t i = 0; i < a.labels.size(); ++i) {
    const auto again = std::find(a.labels.begin() + i + 1, a.labels.end(), a.labels[i]);
    if (again == a.labels.end()) continue;
    const auto j = again - a.labels.begin();
    a.x = diagonal(a.x, {.axis1 = static_cast<int>(i), .axis2 = static_cast<int>(j)});
    a.labels.push_back(a.labels[i]);
    a.labels.erase(a.labels.begin() + j);
    a.labels.erase(a.labels.begin() + i--);
  }
  for (size_t i = a.labels.size(); i-- > 0;) {
    const int axis = static_cast<int>(i);
    if (a.x.size(axis) == e.size(a.labels[i])) continue;
    a.x = squeeze(a.x, axis);
    a.labels.erase(a.labels.begin() + i);
  }
  return a;
}

Labels joined(std::initializer_list<Labels> lists) {
  Labels all;
  for (const Labels& l : lists) all.insert(all.end(), l.begin(), l.end());
  GG_CHECK(all.size() <= kMaxRank, "einsum: a product of two operands needs ", all.size(), " axes; at most ", kMaxRank,
           " are possible. Sum over some of them first");
  return all;
}

// The product of two, summed over what is not needed after operand `done`.
Named contract(const Equation& e, Named a, Named b, size_t done) {
  Labels both, summed, left, right, drop_a, drop_b;
  for (Label l : a.labels) {
    const bool needed = e.is_needed(l, done);
    (has(b.labels, l) ? (needed ? both : summed) : (needed ? left : drop_a)).push_back(l);
  }
  for (Label l : b.labels) {
    if (!has(a.labels, l)) (e.is_needed(l, done) ? right : drop_b).push_back(l);
  }
  a.sum_over(drop_a);
  b.sum_over(drop_b);
  if (!right.empty() && !left.empty() && !e.output().empty() && has(left, e.output().back())) {
    std::swap(a, b);  // so that the result lies in memory as it is asked for
    std::swap(left, right);
  }
  (a.x.numel() >= b.x.numel() ? a : b).sort_by_stride(summed);
  a.sort_by_stride(left);
  b.sort_by_stride(right);
  const int64_t batch = a.size(both), m = a.size(left), k = a.size(summed), n = b.size(right);
  constexpr int64_t kShort = 1024;  // dot products shorter than that are not worth a matrix product each
  if (summed.empty() || !is_floating(a.x.dtype()) || (m == 1 && n == 1 && batch > 1 && k < kShort)) {
    const Labels all = joined({both, left, right, summed});
    Named product{a.arranged(all) * b.arranged(all), all};
    product.sum_over(summed);
    return product;
  }
  const Labels result = joined({both, left, right});
  Shape batches;
  for (Label l : both) batches.push_back(a.x.size(a.axis(l)));
  if (batches.rank() > kMaxRank - 2) batches = {batch};
  const auto matrices = [&](const Tensor& x, int64_t rows, int64_t cols) {
    Shape shape = batches;
    shape.push_back(rows);
    shape.push_back(cols);
    return reshape(x, shape);
  };
  const Tensor product = matmul(matrices(a.arranged(joined({both, left, summed})), m, k),
                                matrices(b.arranged(joined({both, summed, right})), k, n));
  Shape shape;
  for (Label l : result) shape.push_back(has(a.labels, l) ? a.x.size(a.axis(l)) : b.x.size(b.axis(l)));
  return {reshape(product, shape), result};
}

}  // namespace

Tensor einsum(std::string_view equation, const std::vector<Tensor>& operands) {
  GG_CHECK(!operands.empty(), "einsum: no tensors were given");
  for (const Tensor& x : operands) {
    GG_CHECK(x.dtype() == operands[0].dtype() && x.device() == operands[0].device(), "einsum: tensors of ",
             name_of(operands[0].dtype()), " on ", operands[0].device(), " and ", name_of(x.dtype()), " on ",
             x.device(), " do not mix");
    GG_CHECK(x.dtype() != boolean, "einsum: not defined for bool");
  }
  Equation e(equation);
  e.fit(operands);
  Named result = prepared(e, 0, operands[0]);
  for (size_t i = 1; i < operands.size(); ++i) result = contract(e, result, prepared(e, i, operands[i]), i);
  Labels rest = result.labels;
  std::erase_if(rest, [&](Label l) { return has(e.output(), l); });
  result.sum_over(rest);
  return result.arranged(e.output());
}

}  // namespace gg
