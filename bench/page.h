// Results as people read them: a table for the terminal, and docs/performance.md.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace gg::bench {

/// One run as text.
std::string to_table(const nlohmann::json& run);

/// Several runs on one machine as a Markdown page, in their order.
std::string to_page(const std::vector<nlohmann::json>& runs);

}  // namespace gg::bench
