// Softmax and its relatives where the elements of a row lie apart and neighbouring rows side by side: rows are columns
// of a matrix, which is walked down some hundred columns wide. One pass gathers what a column shares, and one writes;
// where there are few columns, their pieces are taken by several threads, and merged in order.
#pragma once

#include "core/array.h"

namespace gg::cpu {

enum class SoftmaxForm { softmax, log_softmax, logsumexp };

/// Each does nothing and returns false where the arrays, whose rows run along the last axis, do not lie so.
bool softmax_columns_forward(SoftmaxForm form, const Array& out, const Array& x);
bool softmax_columns_backward(SoftmaxForm form, const Array& dx, const Array& g, const Array& y);

}  // namespace gg::cpu
