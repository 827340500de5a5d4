#include "cpu/softmax.h"

#include <type_traits>

#include "cpu/kernels/softmax.h"
#include "cpu/rows.h"
#include "cpu/softmax_columns.h"

namespace gg::cpu {
namespace {

template <class T>
const SoftmaxOf<T>& kernels() {
  if constexpr (std::is_same_v<T, float>) {
    return softmax_kernels().f32;
  } else {
    return softmax_kernels().f64;
  }
}

void check_same(const Array& a, const Array& b, const char* op) {
  GG_CHECK(a.shape == b.shape && a.dtype == b.dtype && a.rank() >= 1, op,
           ": expected arrays of one shape and type, got ", a.dtype, " ", a.shape, " and ", b.dtype, " ", b.shape);
}

// out row = kernel(x row)
template <class Choose>
void map_rows(const Array& out, const Array& x, SoftmaxForm form, const char* op, Choose&& choose) {
  check_same(out, x, op);
  if (x.numel() == 0 || softmax_columns_forward(form, out, x)) return;
  visit_floating(x.dtype, op, [&]<class T>() {
    RowArray to(out, false), from(x, true);
    auto kernel = choose(kernels<T>());
    int64_t n = x.shape[x.rank() - 1];
    for_rows<T, 2>({to.rows(), from.rows()}, [&](const std::array<T*, 2>& row, int64_t) { kernel(row[0], row[1], n); });
    to.finish();
  });
}

// dx row = kernel(g row, y row)
template <class Choose>
void map_rows(const Array& dx, const Array& g, const Array& y, SoftmaxForm form, const char* op, Choose&& choose) {
  check_same(dx, g, op);
  check_same(dx, y, op);
  if (y.numel() == 0 || softmax_columns_backward(form, dx, g, y)) return;
  visit_floating(y.dtype, op, [&]<class T>() {
    RowArray to(dx, false), gs(g, true), ys(y, true);
    auto kernel = choose(kernels<T>());
    int64_t n = y.shape[y.rank() - 1];
    for_rows<T, 3>({to.rows(), gs.rows(), ys.rows()},
                   [&](const std::array<T*, 3>& row, int64_t) { kernel(row[0], row[1], row[2], n); });
    to.finish();
  });
}

// `out` [...] as [..., 1], to go along with the rows of x [..., n].
Array as_column(const Array& out, const Array& x, const char* op) {
  GG_CHECK(x.rank() >= 1 && out.dtype == x.dtype && out.shape == x.shape.part(0, x.rank() - 1), op, ": ", out.dtype,
           " ", out.shape, " does not fit the rows of ", x.dtype, " ", x.shape);
  Array column = out;
  column.shape.push_back(1);
  column.strides[out.rank()] = 1;
  return column;
}

struct Targets {
  const int64_t* data;
  int64_t step, classes, ignore;

  // Checked before any thread starts, so that the message is that of the first wrong row.
  Targets(const Array& target, const Array& logits, const SoftmaxCrossEntropyOptions& o)
      : data(target.as<const int64_t>()), step(target.strides[0]), classes(logits.shape[1]), ignore(o.ignore_index) {
    for (int64_t i = 0; i < target.shape[0]; ++i) {
      int64_t t = (*this)[i];
      GG_CHECK(t == ignore || (t >= 0 && t < classes), "cross_entropy: target ", t, " of row ", i,
               " is not a class: expected 0 to ", classes - 1, ", or ignore_index, which is ", ignore);
    }
  }
  int64_t operator[](int64_t row) const { return data[row * step]; }
};

void check_loss(const Array& loss, const Array& lse, const Array& logits, const Array& target) {
  GG_CHECK(logits.rank() == 2 && target.dtype == i64 && target.rank() == 1 && target.shape[0] == logits.shape[0],
           "cross_entropy: expected logits [N, classes] and int64 targets [N], got ", logits.shape, " and ",
           target.dtype, " ", target.shape);
  as_column(loss, logits, "cross_entropy");
  as_column(lse, logits, "cross_entropy");
}

}  // namespace

void softmax_forward(Array out, Array x) {
  map_rows(out, x, SoftmaxForm::softmax, "softmax", [](const auto& k) { return k.softmax; });
}

void softmax_backward(Array dx, Array g, Array y) {
  map_rows(dx, g, y, SoftmaxForm::softmax, "softmax_backward", [](const auto& k) { return k.softmax_backward; });
}

void log_softmax_forward(Array out, Array x) {
  map_rows(out, x, SoftmaxForm::log_softmax, "log_softmax", [](const auto& k) { return k.log_softmax; });
}

void log_softmax_backward(Array dx, Array g, Array y) {
  map_rows(dx, g, y, SoftmaxForm::log_softmax, "log_softmax_backward",
           [](const auto& k) { return k.log_softmax_backward; });
}

void logsumexp(Array out, Array x) {
  Array column = as_column(out, x, "logsumexp");
  if (out.numel() == 0) return;
  Array along = column;  // one number for a whole row
  along.strides[out.rank()] = 0;
  if (x.numel() > 0 && softmax_columns_forward(SoftmaxForm::logsumexp, along, x)) return;
  visit_floating(x.dtype, "logsumexp", [&]<class T>() {
    RowArray from(x, true);
    int64_t n = x.shape[x.rank() - 1];
    for_rows<T, 2>({from.rows(), column}, [&](const std::array<T*, 2>& row, int64_t) {
      *row[1] = static_cast<T>(kernels<T>().logsumexp(row[0], n));
    });
  });
}

void cross_entropy_forward(Array loss, Array logsumexp, Array logits, Array target, SoftmaxCrossEntropyOptions o) {
  check_loss(loss, logsumexp, logits, target);
  if (loss.numel() == 0) return;
  Targets targets(target, logits, o);
  visit_floating(logits.dtype, "cross_entropy", [&]<class T>() {
    RowArray x(logits, true);
    int64_t n = logits.shape[1];
    double s = o.label_smoothing;
    for_rows<T, 3>({x.rows(), as_column(loss, logits, ""), as_column(logsumexp, logits, "")},
                   [&](const std::array<T*, 3>& row, int64_t i) {
                     double lse = kernels<T>().logsumexp(row[0], n);
                     *row[2] = static_cast<T>(lse);
                     int64_t t = targets[i];
                     if (t == targets.ignore) {
                       *row[1] = 0;
                       return;
                     }
                     double l = (1 - s) * (lse - static_cast<double>(row[0][t]));
                     if (s > 0) l += s * (lse - kernels<T>().sum(row[0], n) / static_cast<double>(n));
                     *row[1] = static_cast<T>(l);
                   });
  });
}

void cross_entropy_backward(Array dx, Array g, Array logits, Array logsumexp, Array target,
                            SoftmaxCrossEntropyOptions o) {
  check_loss(g, logsumexp, logits, target);
  check_same(dx, logits, "cross_entropy_backward");
  if (dx.numel() == 0) return;
  Targets targets(target, logits, o);
  visit_floating(logits.dtype, "cross_entropy", [&]<class T>() {
    RowArray x(logits, true), to(dx, false);
    int64_t n = logits.shape[1];
    double s = o.label_smoothing;
    for_rows<T, 4>({x.rows(), to.rows(), as_column(g, logits, ""), as_column(logsumexp, logits, "")},
                   [&](const std::array<T*, 4>& row, int64_t i) {
                     int64_t t = targets[i];
                     if (t == targets.ignore) {
                       std::fill_n(row[1], n, T(0));
                       return;
                     }
                     double scale = static_cast<double>(*row[2]);
                     kernels<T>().scaled_exp(row[1], row[0], n, *row[3], *row[2],
                                             static_cast<T>(scale * s / static_cast<double>(n)));
                     row[1][t] -= static_cast<T>(scale * (1 - s));
                   });
    to.finish();
  });
}

}  // namespace gg::cpu
