// Rows of einsum. The oracle walks all values of all letters.
#include "ops/einsum.h"

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "core/dispatch.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

// Of an equation with "->" and without "..."; axes of size 1 broadcast.
Oracle summed(const std::string& equation) {
  return [equation](std::span<const Host> in) {
    std::vector<std::string> terms(1);
    for (char c : equation.substr(0, equation.find("->"))) {
      if (c == ',') {
        terms.emplace_back();
      } else {
        terms.back() += c;
      }
    }
    const std::string result = equation.substr(equation.find("->") + 2);
    std::string letters;
    Shape sizes;
    for (size_t i = 0; i < terms.size(); ++i) {
      for (size_t k = 0; k < terms[i].size(); ++k) {
        const size_t known = letters.find(terms[i][k]);
        const int64_t n = in[i].shape[static_cast<int>(k)];
        if (known == letters.npos) {
          letters += terms[i][k];
          sizes.push_back(n);
        } else if (sizes[static_cast<int>(known)] == 1) {
          sizes[static_cast<int>(known)] = n;
        }
      }
    }
    auto place = [&](const std::string& term, const Shape& shape, std::span<const int64_t> p) {
      int64_t at = 0;
      for (size_t k = 0; k < term.size(); ++k) {
        const int64_t n = shape[static_cast<int>(k)];
        at = at * n + (n == 1 ? 0 : p[letters.find(term[k])]);
      }
      return static_cast<size_t>(at);
    };
    Shape shape;
    for (char c : result) shape.push_back(sizes[static_cast<int>(letters.find(c))]);
    Host out(shape);
    for_each_position(sizes, [&](std::span<const int64_t> p) {
      Real product = 1;
      for (size_t i = 0; i < terms.size(); ++i) product *= in[i].v[place(terms[i], in[i].shape, p)];
      out.v[place(result, shape, p)] += product;
    });
    return out;
  };
}

Run run(const std::string& equation) {
  return [equation](std::span<const Tensor> in) { return einsum(equation, {in.begin(), in.end()}); };
}

struct Case {
  const char *equation, *spelled_out;
  std::vector<Shape> shapes;
};

// Equations that need no matrix product.
void check_others() {
  const std::vector<Case> cases = {
      {"ij->ji", "ij->ji", {{2, 3}}},
      {"ij->", "ij->", {{2, 3}}},
      {"ba", "ba->ab", {{2, 3}}},
      {"ii", "ii->", {{3, 3}}},
      {"iji->ji", "iji->ji", {{3, 2, 3}}},
      {"iii->i", "iii->i", {{3, 3, 3}}},
      {"i,j->ij", "i,j->ij", {{2}, {3}}},
      {"i,j", "i,j->ij", {{2}, {3}}},
      {"ij,ij->ij", "ij,ij->ij", {{2, 3}, {2, 3}}},
      {"bi,bi->b", "bi,bi->b", {{4, 3}, {4, 3}}},
      {"...i->...", "abi->ab", {{2, 3, 4}}},
      {"i...->...i", "iab->abi", {{2, 3, 4}}},
      {"...", "ab->ab", {{2, 3}}},
      {"...->", "ab->", {{2, 3}}},
      {"i...,...->i...", "iab,ab->iab", {{2, 3, 4}, {1, 4}}},
      {",ij->ji", ",ij->ji", {{}, {2, 3}}},
      {"i,ii->i", "i,ii->i", {{3}, {1, 1}}},
      {"ii,i->i", "ii,i->i", {{1, 1}, {3}}},
      {"ij,kl->jl", "ij,kl->jl", {{2, 3}, {4, 5}}},
  };
  for (const Case& c : cases) {
    std::vector<Host> hosts;
    std::vector<Tensor> in;
    for (const Shape& shape : c.shapes) {
      Generator g(in.size() + 1);
      in.push_back(randn(shape, {f64}, g).requires_grad_());
      Host h(shape);
      const std::vector<double> v = in.back().to_vector<double>();
      h.v.assign(v.begin(), v.end());
      hosts.push_back(h);
    }
    const Tensor y = run(c.equation)(in);
    const Host expected = summed(c.spelled_out)(hosts);
    GG_CHECK(y.shape() == expected.shape, c.equation, ": shape ", y.shape(), ", expected ", expected.shape);
    const std::vector<double> got = y.to_vector<double>();
    for (size_t i = 0; i < got.size(); ++i) {
      GG_CHECK(std::abs(static_cast<double>(got[i] - expected.v[i])) < 1e-13, c.equation, ": element ", i);
    }
    for (int order : {1, 2}) {
      const GradcheckResult r = gradcheck(run(c.equation), in, {.order = order});
      GG_CHECK(r.ok, c.equation, ": ", r.message);
    }
  }
  const Tensor whole = from_vector<int64_t>({1, 2, 3, 4}, {2, 2});
  GG_CHECK(einsum("ij,jk->ik", {whole, whole}).to_vector<int64_t>() == (std::vector<int64_t>{7, 10, 15, 22}),
           "einsum of int64");
}

int calls, products;
void count_calls(const KernelCall& call, bool begin) {
  if (!begin) return;
  ++calls;
  products += std::string_view(call.kernel) == "matmul";
}

// Contractions that a matrix product can read where they are.
void check_copies_nothing() {
  for (const Case& c : std::vector<Case>{{"bqhd,bkhd->bhqk", "", {{2, 5, 3, 4}, {2, 6, 3, 4}}},
                                         {"bhqk,bkhd->bqhd", "", {{2, 3, 5, 6}, {2, 6, 3, 4}}},
                                         {"...i,oi->...o", "", {{2, 3, 4}, {5, 4}}},
                                         {"aij,ijb->ba", "", {{2, 3, 4}, {3, 4, 5}}}}) {
    std::vector<Tensor> in;
    for (const Shape& shape : c.shapes) in.push_back(randn(shape));
    calls = products = 0;
    kernel_observer = count_calls;
    run(c.equation)(in);
    kernel_observer = nullptr;
    GG_CHECK(calls == 1 && products == 1, c.equation, ": ", calls, " kernels, ", products, " of them products");
  }
}

}  // namespace

std::vector<Row> einsum_rows() {
  std::vector<Row> rows;
  auto row = [&](const char* variant, const Case& c) -> Row& {
    std::vector<Input> in;
    for (const Shape& shape : c.shapes) in.push_back({shape});
    rows.push_back({"einsum", variant, run(c.equation), in, summed(c.spelled_out)});
    return rows.back();
  };
  const Tensor x = ones({2, 3}), y = ones({4, 5});
  Row& first = row("", {"ij,jk->ik", "ij,jk->ik", {{2, 3}, {3, 4}}});
  first.extra = [] {
    check_others();
    check_copies_nothing();
  };
  first.complaints = {
      {[=] {
         einsum("ij,jk->ik", {x, y});
       },
       {"einsum: label 'j' has size 3 in operand 0 [2,3], but 4 in operand 1 [4,5]\n  ij,jk->ik\n     ^"}},
      {[=] { einsum("ij,j->i", {x}); }, {"2 operands, but 1 tensors", "\n  ij,j->i\n     ^"}},
      {[=] { einsum("i->i", {x}); }, {"operand 0 of shape [2,3] has 2 axes, but 1 labels", "\n  i->i\n  ^"}},
      {[=] { einsum("ijk...", {x}); }, {"2 axes, but 3 labels"}},
      {[=] { einsum("ij->ik", {x}); }, {"label 'k' of the result is in no operand", "\n  ij->ik\n       ^"}},
      {[=] { einsum("ij->ii", {x}); }, {"label 'i' is twice in the result", "\n  ij->ii\n       ^"}},
      {[=] { einsum("ii", {x}); }, {"label 'i' has size 2", "but 3 in operand 0 [2,3]", "\n  ii\n   ^"}},
      {[=] {
         einsum("i,ii->i", {ones({3}), ones({1, 3})});
       },
       {"label 'i' has size 1 in operand 1 [1,3], but 3 in operand 1 [1,3]", "\n  i,ii->i\n     ^"}},
      {[=] {
         einsum("i,ii->i", {ones({3}), ones({3, 1})});
       },
       {"label 'i' has size 3 in operand 1 [3,1], but 1 in operand 1 [3,1]"}},
      {[=] { einsum("i1", {x}); }, {"labels are letters, got '1'", "\n  i1\n   ^"}},
      {[=] { einsum("i.j", {x}); }, {"expected '...'", "\n  i.j\n   ^"}},
      {[=] { einsum("...i...", {x}); }, {"a second '...'", "\n  ...i...\n      ^"}},
      {[=] {
         einsum("...i,...i", {ones({2, 3}), ones({4, 3})});
       },
       {"axis -1 of '...' has size 2 in operand 0", "but 4 in operand 1 [4,3]"}},
      {[=] {
         einsum("ij,jk", {x, ones({3, 2}, {f64})});
       },
       {"einsum", "float32", "float64"}},
      {[] { einsum("", {}); }, {"einsum", "no tensors"}},
      {[] {
         einsum("abcde,fghij->abcdefghij", {ones({1, 1, 1, 1, 1}), ones({1, 1, 1, 1, 1})});
       },
       {"einsum", "needs 10 axes"}}};
  row("implicit", {"kj, ki", "kj,ki->ij", {{2, 3}, {2, 4}}});
  row("batched", {"bij,bjk->bik", "bij,bjk->bik", {{2, 3, 4}, {2, 4, 2}}});
  row("attention", {"bqhd,bkhd->bhqk", "bqhd,bkhd->bhqk", {{2, 2, 3, 4}, {2, 3, 3, 4}}}).large = {{2, 50, 4, 32},
                                                                                                  {2, 60, 4, 32}};
  row("ellipsis", {"...ij,jk->...ik", "abij,jk->abik", {{2, 1, 2, 3}, {3, 2}}});
  row("broadcast", {"...ij,...jk->...ik", "abij,bjk->abik", {{2, 1, 2, 3}, {4, 3, 2}}});
  row("size_one", {"ij,jk->ik", "ij,jk->ik", {{2, 1}, {3, 4}}}).order = 0;
  row("three", {"ij,jk,kl->il", "ij,jk,kl->il", {{2, 3}, {3, 4}, {4, 2}}});
  row("bilinear", {"bi,oij,bj->bo", "bi,oij,bj->bo", {{2, 3}, {4, 3, 2}, {2, 2}}});
  row("diagonal", {"iij,jk->ki", "iij,jk->ki", {{3, 3, 2}, {2, 4}}});
  row("merged", {"aijb,ibjc->ca", "aijb,ibjc->ca", {{2, 3, 2, 2}, {3, 2, 2, 3}}});
  row("unneeded", {"ijx,jky->ik", "ijx,jky->ik", {{2, 3, 2}, {3, 4, 2}}});
  row("vector", {"ij,j->i", "ij,j->i", {{4, 3}, {3}}});
  row("nothing", {"ij,jk->ik", "ij,jk->ik", {{2, 0}, {0, 3}}});
  return rows;
}

}  // namespace gg::optable
