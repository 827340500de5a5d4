// gg_ops: prints the reference of all operations, for people by tier, or with --json for programs; and with --accuracy
// how accurate the elementwise ones are (accuracy.h).
// The entries come from ops/catalogue.h. For people the devices of this machine come first.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/device_info.h"
#include "ops/catalogue.h"
#include "tools/accuracy.h"

namespace {

using gg::CatalogueEntry;
using gg::Device;

constexpr struct {
  Device::Type type;
  const char* name;
} kDevices[] = {{Device::cpu, "cpu"}, {Device::cuda, "cuda"}, {Device::emulated, "emulated"}};

constexpr struct {
  gg::Tier tier;
  const char* meaning;
} kTiers[] = {{gg::Tier::composite, "functions of other operations"},
              {gg::Tier::elementwise, "formulas; the compiler derives every order from them"},
              {gg::Tier::structured, "kernels in families closed under differentiation"},
              {gg::Tier::fused, "kernels forward and backward, and a reference made of other operations"}};

std::string orders_of(const CatalogueEntry& e) {
  return e.orders == gg::kAnyOrder ? "any" : e.orders == 0 ? "none" : std::to_string(e.orders);
}

nlohmann::json json_of(const CatalogueEntry& e) {
  nlohmann::json devices = nlohmann::json::array();
  for (const auto& d : kDevices) {
    if (supports(e, d.type)) devices.push_back(d.name);
  }
  nlohmann::json orders = e.orders == gg::kAnyOrder ? nlohmann::json("any") : nlohmann::json(e.orders);
  return {{"name", e.name},   {"tier", std::string(1, letter_of(e.tier))},
          {"orders", orders}, {"devices", devices},
          {"node", e.node},   {"doc", e.doc}};
}

std::string padded(std::string_view text, size_t width) {
  std::string out(text);
  return out + std::string(width > out.size() ? width - out.size() : 0, ' ');
}

void print_devices() {
  std::cout << "Devices of this machine:\n";
  for (const auto& d : kDevices) std::cout << "  " << padded(d.name, 10) << gg::describe(d.type) << "\n";
  std::cout << "\n";
}

void print_reference() {
  size_t width = 0;
  for (const CatalogueEntry& e : gg::catalogue()) width = std::max(width, e.name.size());
  std::cout << "Operations of gradgrad (" << gg::catalogue().size() << "), with the derivatives one may take and the "
            << "devices they run on.\n";
  for (const auto& t : kTiers) {
    std::cout << "\nTier " << letter_of(t.tier) << ", " << name_of(t.tier) << ": " << t.meaning << "\n";
    for (const CatalogueEntry& e : gg::catalogue()) {
      if (e.tier != t.tier) continue;
      std::cout << "  " << padded(e.name, width + 2) << padded(orders_of(e), 6)
                << padded(e.any_device ? "all" : "cpu", 5) << e.doc << "\n";
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view option = argc > 1 ? argv[1] : "";
  if (argc == 1) {
    print_devices();
    print_reference();
  } else if (argc == 2 && option == "--json") {
    nlohmann::json list = nlohmann::json::array();
    for (const CatalogueEntry& e : gg::catalogue()) list.push_back(json_of(e));
    std::cout << list.dump(2) << "\n";
  } else if (argc == 2 && option == "--accuracy") {
    std::cout << gg::tools::to_table(gg::tools::measure_accuracy(), gg::tools::measure_pair_accuracy());
  } else if (argc == 2 && (option == "--help" || option == "-h")) {
    std::cout << "gg_ops: prints the devices of this machine and the reference of all operations. With --json, the "
                 "operations as a list of objects. With --accuracy, the errors of the elementwise functions and their "
                 "derivatives, measured now.\n";
  } else {
    std::cerr << "gg_ops: expected nothing, --json or --accuracy, got '" << argv[argc - 1] << "'\n";
    return 2;
  }
  std::cout.flush();
  return std::cout ? 0 : 1;
}
