// Rows of RMS norm, of the normalisations over groups of channels, and of the affine map per channel.
#include <cmath>

#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

// x [N, C, L] with statistics for each of `groups` groups of channels, times in[1] plus in[2] where they are there.
Oracle by_groups(int64_t groups, Real eps) {
  return [=](Hosts in) {
    const Host& x = in[0];
    Host y(x.shape);
    int64_t channels = x.shape[1], per_group = channels / groups, places = x.shape.part(2, x.shape.rank()).numel();
    auto at = [&](int64_t n, int64_t c, int64_t p) { return static_cast<size_t>((n * channels + c) * places + p); };
    for (int64_t n = 0; n < x.shape[0]; ++n) {
      for (int64_t g = 0; g < groups; ++g) {
        Real mean = 0, var = 0, count = static_cast<Real>(per_group * places);
        auto each = [&](auto&& fn) {
          for (int64_t c = g * per_group; c < (g + 1) * per_group; ++c) {
            for (int64_t p = 0; p < places; ++p) fn(at(n, c, p), static_cast<size_t>(c));
          }
        };
        each([&](size_t i, size_t) { mean += x.v[i] / count; });
        each([&](size_t i, size_t) { var += (x.v[i] - mean) * (x.v[i] - mean) / count; });
        each([&](size_t i, size_t c) {
          y.v[i] = (x.v[i] - mean) / std::sqrt(var + eps);
          if (in.size() > 1) y.v[i] = y.v[i] * in[1].v[c] + in[2].v[c];
        });
      }
    }
    return y;
  };
}

// x as rows of n elements, times in[1] [n] where it is there.
Oracle by_rms(size_t n, Real eps) {
  return [=](Hosts in) {
    Host y(in[0].shape);
    for (size_t row = 0; row < y.v.size(); row += n) {
      Real squares = 0;
      for (size_t i = 0; i < n; ++i) squares += in[0].v[row + i] * in[0].v[row + i];
      for (size_t i = 0; i < n; ++i) {
        y.v[row + i] = in[0].v[row + i] / std::sqrt(squares / static_cast<Real>(n) + eps);
        if (in.size() > 1) y.v[row + i] *= in[1].v[i];
      }
    }
    return y;
  };
}

void add_rms_rows(std::vector<Row>& rows) {
  Row rms{"rms_norm", "", [](In in) { return rms_norm(in[0], in[1], 1e-3); }, {{{3, 5}}, {{5}}}, by_rms(5, 1e-3L)};
  rms.reference = [](In in) { return in[0] / sqrt(mean(in[0] * in[0], 1, {.keepdim = true}) + 1e-3) * in[1]; };
  rms.order = 3;
  rms.large = {{300, 700}, {700}};
  rms.complaints = {{[] {
                       rms_norm(ones({2, 3}), ones({4}));
                     },
                     {"rms_norm", "[3]", "[4]"}},
                    {[] {
                       rms_norm(ones({3}), ones({2, 3}));
                     },
                     {"rms_norm", "2 axes", "[3]"}},
                    {[] {
                       rms_norm(ones({2, 3}, {i64}));
                     },
                     {"rms_norm", "int64"}}};
  rows.push_back(rms);
  rows.push_back(
      {"rms_norm", "plain", [](In in) { return rms_norm(in[0], {}, 0.25); }, {{{2, 3, 4}}}, by_rms(4, 0.25L)});
  rows.push_back({"rms_norm",
                  "two_axes",
                  [](In in) { return rms_norm(in[0], in[1], 1e-3); },
                  {{{2, 2, 3}}, {{2, 3}}},
                  by_rms(6, 1e-3L)});
  rows.push_back({"rms_norm",
                  "packed",  // rows that a device moves in packs
                  [](In in) { return rms_norm(in[0], in[1], 1e-3); },
                  {{{3, 8}}, {{8}}},
                  by_rms(8, 1e-3L)});
  rows.push_back({"rms_norm", "empty", [](In in) { return rms_norm(in[0]); }, {{{0, 3}}}, by_rms(3, 0)});
  // Without eps that of the type, which shows where x is as small.
  rows.push_back({"rms_norm",
                  "empty_axis",
                  [](In in) { return rms_norm(in[0], in[1]); },
                  {{{3, 0}}, {{0}}},
                  [](Hosts in) { return Host(in[0].shape); }});

  Row tiny{"rms_norm", "own_eps", [](In in) { return rms_norm(in[0]); }, {{{2, 3}}}, nullptr};
  tiny.extra = [] {
    for (DType dtype : {f32, f64}) {
      const double eps = dtype == f32 ? std::ldexp(1.0, -23) : std::ldexp(1.0, -52), x = std::sqrt(eps);
      const double y = to(rms_norm(full({1, 4}, x, {dtype})), f64).to_vector<double>()[0];
      GG_CHECK(std::abs(y - std::sqrt(0.5)) < 1e-6, "rms_norm of sqrt(eps) is ", y);
    }
  };
  rows.push_back(tiny);
}

}  // namespace

std::vector<Row> group_norm_rows() {
  std::vector<Row> rows;
  add_rms_rows(rows);

  struct Setting {
    std::string variant;
    Shape x;
    int64_t groups;
  };
  for (const Setting& s : std::vector<Setting>{{"", {2, 4, 2, 3}, 2},
                                               {"one_group", {2, 3, 2, 2}, 1},
                                               {"vectors", {3, 6}, 3},
                                               {"no_images", {0, 4, 2, 2}, 2}}) {
    int64_t c = s.x[1];
    Row row{"group_norm",
            s.variant,
            [s](In in) { return group_norm(in[0], s.groups, in[1], in[2], 1e-3); },
            {{s.x}, {{c}}, {{c}}},
            by_groups(s.groups, 1e-3L)};
    if (s.variant == "vectors") row.order = 3;
    if (s.variant.empty()) {
      row.reference = [](In in) {
        Tensor x = reshape(in[0], {2, 2, 12}), m = mean(x, 2, {.keepdim = true});
        Tensor y = (x - m) / sqrt(mean(square(x), 2, {.keepdim = true}) - square(m) + 1e-3);
        return reshape(y, {2, 4, 2, 3}) * reshape(in[1], {4, 1, 1}) + reshape(in[2], {4, 1, 1});
      };
      row.large = {{8, 32, 20, 20}, {32}, {32}};
      row.complaints = {{[] {
                           group_norm(ones({2, 4, 2}), 3);
                         },
                         {"group_norm", "4 channels", "3 groups"}},
                        {[] {
                           group_norm(ones({2, 4, 2}), 2, ones({2}));
                         },
                         {"group_norm", "the weight", "[4]", "[2]"}},
                        {[] {
                           group_norm(ones({2, 4, 2}), 2, {}, ones({4}, {f64}));
                         },
                         {"group_norm", "the bias", "float64"}},
                        {[] { group_norm(ones({4}), 2); }, {"group_norm", "[N, C, ...]", "[4]"}}};
    }
    rows.push_back(row);
  }
  rows.push_back({"group_norm",
                  "plain",
                  [](In in) { return group_norm(in[0], 2, {}, {}, 0.5); },
                  {{{2, 4, 3}}},
                  by_groups(2, 0.5L)});
  rows.push_back({"group_norm",
                  "weight_only",
                  [](In in) { return group_norm(in[0], 2, in[1], {}, 0.5); },
                  {{{2, 4, 3}}, {{4}}},
                  [](Hosts in) {
                    const Host all[] = {in[0], in[1], Host(in[1].shape)};
                    return by_groups(2, 0.5L)(all);
                  }});

  Row instance{"instance_norm",
               "",
               [](In in) { return instance_norm(in[0], in[1], in[2], 1e-3); },
               {{{2, 3, 2, 2}}, {{3}}, {{3}}},
               by_groups(3, 1e-3L)};
  instance.large = {{8, 16, 28, 28}, {16}, {16}};
  instance.complaints = {{[] {
                            instance_norm(ones({2, 3, 1}));
                          },
                          {"instance_norm", "one value per channel", "[2,3,1]"}},
                         {[] {
                            instance_norm(ones({2, 3}));
                          },
                          {"instance_norm", "[N, C, L, ...]", "[2,3]"}},
                         {[] {
                            instance_norm(ones({2, 3, 4}), ones({4}));
                          },
                          {"instance_norm", "the weight", "[3]", "[4]"}}};
  rows.push_back(instance);
  rows.push_back({"instance_norm",
                  "plain",
                  [](In in) { return instance_norm(in[0], {}, {}, 0.5); },
                  {{{2, 2, 5}}},
                  by_groups(2, 0.5L)});

  Row style{"adain",
            "",
            [](In in) { return adain(in[0], in[1], 1e-3); },
            {{{2, 3, 2, 2}}, {{2, 3, 5}}},
            [](Hosts in) {
              Host y = by_groups(3, 1e-3L)(in.first(1));
              for (size_t c = 0; c < 6; ++c) {
                Real mean = 0, var = 0;
                for (size_t i = 0; i < 5; ++i) mean += in[1].v[c * 5 + i] / 5;
                for (size_t i = 0; i < 5; ++i) var += (in[1].v[c * 5 + i] - mean) * (in[1].v[c * 5 + i] - mean) / 5;
                for (size_t i = 0; i < 4; ++i) y.v[c * 4 + i] = y.v[c * 4 + i] * std::sqrt(var + 1e-3L) + mean;
              }
              return y;
            }};
  style.complaints = {{[] {
                         adain(ones({2, 3, 4}), ones({2, 4, 4}));
                       },
                       {"adain", "[2,3,4]", "[2,4,4]"}},
                      {[] {
                         adain(ones({2, 3, 4}), ones({2, 3, 0}));
                       },
                       {"adain", "no places"}},
                      {[] {
                         adain(ones({2, 3, 4}, {i64}), ones({2, 3, 4}, {i64}));
                       },
                       {"adain: expected floating tensors, got int64"}}};
  rows.push_back(style);

  for (const Shape& x : std::vector<Shape>{{2, 3, 2, 2}, {4, 3}, {2, 3, 0}}) {
    Row affine{"channel_affine",
               x.rank() == 4   ? ""
               : x.numel() > 0 ? "vectors"
                               : "empty",
               [](In in) { return channel_affine(in[0], in[1], in[2]); },
               {{x}, {{3}}, {{3}}},
               [](Hosts in) {
                 Host y(in[0].shape);
                 size_t i = 0;
                 for_each_position(y.shape, [&](std::span<const int64_t> p) {
                   auto c = static_cast<size_t>(p[1]);
                   y.v[i] = in[0].v[i] * in[1].v[c] + in[2].v[c];
                   ++i;
                 });
                 return y;
               }};
    affine.reference = [](In in) {
      Tensor last = transpose(in[0], 1, -1);
      return transpose(last * in[1] + in[2], 1, -1);
    };
    if (x.rank() == 4) {
      affine.keeps_channels_last = true;
      affine.large = {{8, 16, 28, 28}, {16}, {16}};
      affine.complaints = {{[] {
                              channel_affine(ones({2, 3}), ones({2}), ones({3}));
                            },
                            {"channel_affine", "the weight", "[3]", "[2]"}}};
    }
    rows.push_back(affine);
  }
  return rows;
}

}  // namespace gg::optable
