// What follows from a row of the op table. Each check returns what it found wrong, and nothing if all is well; so that
// planted bugs can be shown to be found.
#pragma once

#include <string>

#include "tests/ops/op_table.h"

namespace gg::optable {

/// Complaints about a row; empty if it passes.
using Findings = std::string;

// Values (row_values.cpp).
Findings check_value(const Row& row, DType dtype);  ///< against the oracle
Findings check_layouts(const Row& row);             ///< transposed, sliced and channels-last inputs: value and gradient
Findings check_aliased(const Row& row);             ///< the same tensor as two inputs
Findings check_broadcast_and_empty(const Row& row);  ///< elementwise rows at other shapes
Findings check_threads(const Row& row);              ///< bitwise repeatable, with one and with two threads
Findings check_complaints(const Row& row);           ///< errors and their texts

// Derivatives (row_gradients.cpp).
Findings check_gradients(const Row& row);       ///< gradcheck to row.order, forward mode included
Findings check_partial_inputs(const Row& row);  ///< only one input at a time requires grad
Findings check_symbolic_zeros(const Row& row);  ///< as inputs and as cotangents
Findings check_reference(const Row& row);       ///< fused: value, gradient and Hessian-vector product
Findings check_graph(const Row& row);           ///< the recorded graph holds the catalogue's node

// Second order (row_second_order.cpp).
/// Products with the Hessian forward over reverse, reverse over reverse and forward over forward, and the Laplacian.
Findings check_second_order(const Row& row);

// On a device (row_devices.cpp).
/// Value, first and second derivative on a device against the CPU, with dense, transposed and sliced inputs, in f64 and
/// f32; and whether the operation runs there if and only if the catalogue says so.
Findings check_device(const Row& row, Device device);
/// The same, where the catalogue is taken to say `claimed` of the operation.
Findings check_device(const Row& row, Device device, bool claimed);

/// Inputs and cotangents that repeat elements (row_expanded.cpp) give what the same numbers in memory of their own
/// give: value and gradient, row-major and channels-last.
Findings check_expanded(const Row& row, Device device);

// Building blocks.

/// The same numbers as x, laid out as the transpose of a row-major tensor.
Tensor transposed_storage(const Tensor& x);
/// The same numbers, every second element of each row of a larger tensor, after its first rows.
Tensor sliced_storage(const Tensor& x);
/// An image with its channels innermost.
Tensor channels_last(const Tensor& x);

/// Numbers for an input; the same for the same seed.
Host make_host(const Input& input, uint64_t seed);
Tensor to_tensor(const Host& host, const Input& input, DType dtype);
std::vector<Host> make_hosts(const Row& row);
std::vector<Tensor> make_tensors(const Row& row, const std::vector<Host>& hosts, DType dtype, bool requires_grad);
/// A fixed cotangent of that shape.
Tensor cotangent(const Shape& shape, DType dtype, uint64_t seed = 0);
/// Gradients of ⟨row.run(inputs), cotangent⟩ with respect to those inputs that require grad.
std::vector<Tensor> gradients(const Row& row, std::span<const Tensor> inputs);
/// Where a and b differ by more than tolerance·max(1, |b|), in words; NaN equals NaN.
Findings difference(const Tensor& a, const Tensor& b, double tolerance, const std::string& what);
/// As difference, but every bit counts.
Findings bit_difference(const Tensor& a, const Tensor& b, const std::string& what);

}  // namespace gg::optable
