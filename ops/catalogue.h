// The catalogue of all public operations: what `./run ops` prints, and what the op table of the tests must cover.
// Elementwise entries come from the functor lists (ops/functors/); the others are one line each in catalogue.cpp.
#pragma once

#include <span>
#include <string_view>

#include "core/device.h"

namespace gg {

/// How an operation is made, which is also how its derivatives are (docs/architecture.md).
enum class Tier {
  composite,    ///< A: a function of other operations; no derivative code
  elementwise,  ///< B: a formula, written once, differentiated by the compiler
  structured,   ///< C: kernels in families that are closed under differentiation
  fused,        ///< D: forward and backward kernels, and a reference made of other operations
};

/// "A" to "D".
constexpr char letter_of(Tier t) { return "ABCD"[static_cast<int>(t)]; }
/// "composite", "elementwise", "structured", "fused".
std::string_view name_of(Tier t);

/// As a number of derivatives: no limit.
inline constexpr int kAnyOrder = -1;

struct CatalogueEntry {
  std::string_view name;
  Tier tier;
  int orders;             ///< derivatives one may take: kAnyOrder, a number, or 0 for results without a gradient
  std::string_view node;  ///< the operation that a recorded graph shows for it; the name itself for primitives
  bool any_device;        ///< runs on `cuda` and `emulated` as on `cpu`; else on `cpu` only
  std::string_view doc;   ///< one line, with shapes
};

/// All entries, by tier, in reading order.
std::span<const CatalogueEntry> catalogue();

/// The entry of that name, or null.
const CatalogueEntry* find_operation(std::string_view name);

/// Whether the operation runs on tensors of this kind of device.
bool supports(const CatalogueEntry& entry, Device::Type device);

}  // namespace gg
