// Rows of reading and adding at positions.
#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

int64_t whole(Real x) { return static_cast<int64_t>(x); }

}  // namespace

std::vector<Row> index_rows() {
  using In = std::span<const Tensor>;
  using Hosts = std::span<const Host>;
  const Tensor x = ones({3, 4}), far = from_vector<int64_t>({0, 4}, {2}), below = from_vector<int64_t>({-1}, {1});
  std::vector<Row> rows;

  Row select{"index_select",
             "",
             [](In in) { return index_select(in[0], 1, in[1]); },
             {{{3, 4}}, integers({6}, 4)},
             [](Hosts in) {
               Host out({3, 6});
               for (int64_t i = 0; i < 3; ++i) {
                 for (int64_t j = 0; j < 6; ++j) out.at({i, j}) = in[0].at({i, whole(in[1].at({j}))});
               }
               return out;
             }};
  select.large = {{300, 400}, {600}};
  select.complaints = {{[=] { index_select(x, 1, far); }, {"index_select", "4"}},
                       {[=] { index_select(x, 1, below); }, {"index_select", "-1"}},
                       {[=] { index_select(x, 2, far); }, {"index_select", "2"}},
                       {[=] { index_select(x, 0, ones({2})); }, {"index_select", "int64", "float32"}},
                       {[=] {
                          index_select(x, 0, zeros({1, 1}, {i64}));
                        },
                        {"one-dimensional", "[1,1]"}}};
  rows.push_back(select);
  rows.push_back({"index_select",
                  "nothing",
                  [](In in) { return index_select(in[0], 0, in[1]); },
                  {{{3, 4}}, integers({0}, 3)},
                  [](Hosts) {
                    return Host({0, 4});
                  }});

  auto added = [](bool onto_x) {
    return [onto_x](Hosts in) {
      Host out({5, 2});
      if (onto_x) out.v = in[2].v;
      for (int64_t i = 0; i < 6; ++i) {
        for (int64_t j = 0; j < 2; ++j) out.at({whole(in[1].at({i})), j}) += in[0].at({i, j});
      }
      return out;
    };
  };
  Row add_zeros{"index_add_zeros",
                "",
                [](In in) { return index_add_zeros(in[0], 0, in[1], 5); },
                {{{6, 2}}, integers({6}, 5)},
                added(false)};
  add_zeros.complaints = {{[=] { index_add_zeros(x, 0, far, 9); }, {"index_add", "2 positions for 3 slices"}},
                          {[=] { index_add_zeros(ones({2}), 0, far, 4); }, {"index_add", "4"}}};
  rows.push_back(add_zeros);
  Row add{"index_add",
          "",
          [](In in) { return index_add(in[2], 0, in[1], in[0]); },
          {{{6, 2}}, integers({6}, 5), {{5, 2}}},
          added(true)};
  add.complaints = {{[=] {
                       index_add(x, 0, far, ones({2, 4}));
                     },
                     {"index_add", "4"}},
                    {[=] {  // would broadcast
                       index_add(x, 0, far, ones({2, 1}));
                     },
                     {"index_add", "source of shape [2,4]", "got [2,1]"}},
                    {[=] {
                       index_add(ones({1, 4}), 1, far, ones({3, 2}));
                     },
                     {"index_add", "source of shape [1,2]", "got [3,2]"}},
                    {[=] {
                       index_add(x, 0, far, ones({3, 4}));
                     },
                     {"index_add", "2 positions along axis 0", "got [3,4]"}},
                    {[=] {
                       index_add(x, 0, far, ones({2, 4}, {f64}));
                     },
                     {"index_add", "float32 and float64"}}};
  rows.push_back(add);

  Row picked{"gather",
             "",
             [](In in) { return gather(in[0], 1, in[1]); },
             {{{3, 4}}, integers({2, 5}, 4)},
             [](Hosts in) {
               Host out({2, 5});
               for (int64_t i = 0; i < 2; ++i) {
                 for (int64_t j = 0; j < 5; ++j) out.at({i, j}) = in[0].at({i, whole(in[1].at({i, j}))});
               }
               return out;
             }};
  picked.large = {{300, 400}, {300, 500}};
  picked.complaints = {{[=] { gather(x, 0, far); }, {"gather", "same number of axes"}},
                       {[=] {
                          gather(x, 1, zeros({4, 1}, {i64}));
                        },
                        {"gather", "exceed", "axis 0"}},
                       {[=] {
                          gather(x, 1, full({1, 1}, 4, {i64}));
                        },
                        {"gather", "4"}},
                       {[=] { gather(x, 1, x); }, {"gather", "int64"}}};
  rows.push_back(picked);
  rows.push_back({"gather",
                  "rows",
                  [](In in) { return gather(in[0], -2, in[1]); },
                  {{{3, 4}}, integers({2, 4}, 3)},
                  [](Hosts in) {
                    Host out({2, 4});
                    for (int64_t i = 0; i < 2; ++i) {
                      for (int64_t j = 0; j < 4; ++j) out.at({i, j}) = in[0].at({whole(in[1].at({i, j})), j});
                    }
                    return out;
                  }});

  Row scatter{"scatter_add",
              "",
              [](In in) { return scatter_add(in[0], 1, in[1], in[2]); },
              {{{3, 4}}, integers({2, 5}, 4), {{2, 5}}},
              [](Hosts in) {
                Host out = in[0];
                for (int64_t i = 0; i < 2; ++i) {
                  for (int64_t j = 0; j < 5; ++j) out.at({i, whole(in[1].at({i, j}))}) += in[2].at({i, j});
                }
                return out;
              }};
  scatter.large = {{300, 400}, {300, 500}, {300, 500}};
  scatter.complaints = {{[=] {
                           scatter_add(x, 1, zeros({3, 2}, {i64}), ones({3, 3}));
                         },
                         {"scatter_add", "[3,2]", "[3,3]"}},
                        {[=] {
                           scatter_add(x, 1, zeros({3, 2}, {i64}), ones({3, 2}, {f64}));
                         },
                         {"scatter_add", "float32 and float64"}},
                        {[=] {
                           scatter_add(x, 1, full({1, 1}, 7, {i64}), ones({1, 1}));
                         },
                         {"7"}}};
  rows.push_back(scatter);

  Row table{"embedding",
            "",
            [](In in) { return embedding(in[0], in[1]); },
            {{{5, 3}}, integers({2, 4}, 5)},
            [](Hosts in) {
              Host out({2, 4, 3});
              for (int64_t i = 0; i < 2; ++i) {
                for (int64_t j = 0; j < 4; ++j) {
                  for (int64_t d = 0; d < 3; ++d) out.at({i, j, d}) = in[0].at({whole(in[1].at({i, j})), d});
                }
              }
              return out;
            }};
  table.complaints = {{[] { embedding(ones({3}), zeros({1}, {i64})); }, {"embedding", "[n, d]", "[3]"}},
                      {[=] { embedding(x, ones({1})); }, {"embedding", "int64", "float32"}},
                      {[=] { embedding(x, full({1}, 3, {i64})); }, {"3"}},
                      {[=] { embedding(x, zeros({1}, {i64}), {.padding_idx = -9}); }, {"padding_idx", "got -9"}}};
  // A row whose gradient is not the derivative of its value, which no finite difference can tell.
  table.extra = [] {
    Tensor index = tensor({{4, 1}, {1, 0}}, {i64}), w = tensor({{2, 3}, {5, 7}}, {f64});
    Tensor t = tensor({1, 2, 3, 4, 5}, {f64}).requires_grad_();
    for (int64_t padding : {1, -4}) {
      Tensor y = squeeze(embedding(unsqueeze(t, 1), index, {.padding_idx = padding}), -1);
      GG_CHECK(y.to_vector<double>() == (std::vector<double>{5, 2, 2, 1}), "embedding with padding: ", to_string(y));
      Tensor g = grad(sum(square(y) * w), t, {.create_graph = true});
      GG_CHECK(g.to_vector<double>() == (std::vector<double>{14, 0, 0, 0, 20}), "gradient ", to_string(g));
      Tensor h = grad(sum(g), t);
      GG_CHECK(h.to_vector<double>() == (std::vector<double>{14, 0, 0, 0, 4}), "second derivative ", to_string(h));
    }
  };
  rows.push_back(table);
  rows.push_back({"embedding",
                  "one",
                  [](In in) { return embedding(in[0], in[1]); },
                  {{{5, 3}}, integers({}, 5)},
                  [](Hosts in) {
                    Host out({3});
                    for (int64_t d = 0; d < 3; ++d) out.at({d}) = in[0].at({whole(in[1].v[0]), d});
                    return out;
                  }});
  return rows;
}

}  // namespace gg::optable
