// Sums of products in Einstein's notation.
#pragma once

#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace gg {

/// Sums over products of elements, axes being named by letters: einsum("ij,jk->ik", {a, b}) is a matrix product.
///
/// Each operand has a list of labels, one letter for each axis; "..." stands for the axes that are not named, which
/// broadcast. Labels behind "->" stay, in that order, all others are summed over. Without "->" those stay that occur
/// once, in alphabetical order, behind the axes of "...". A label that an operand names twice is its diagonal. Axes of
/// size 1 broadcast. Spaces do not count.
///
/// Operands are taken from left to right, two at a time, which end in one matmul where an axis is summed; axes are
/// permuted and merged as views where strides allow, so "bqhd,bkhd->bhqk" copies nothing. (Order long lists so that the
/// intermediate results stay small.) Floating or int64; of up to 8 axes, as all that comes between.
Tensor einsum(std::string_view equation, const std::vector<Tensor>& operands);

}  // namespace gg
