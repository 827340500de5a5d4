// Nothing is left out: every operation of the catalogue has a row, every row an entry, and every operation that the
// sources name is in the catalogue or in the short list of inner ones below.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "ops/catalogue.h"
#include "ops/ops.h"
#include "tests/ops/row_checks.h"

namespace gg::optable {
namespace {

// Operations that exist only as the derivative of another, or inside the engine.
const std::set<std::string> kInner = {
    "avg_pool2d_adjoint", "interpolate_nearest_adjoint", "interpolate_bilinear_adjoint",
    "pad_mode_adjoint",   "layer_norm_backward",         "channel_norm_backward",
    "softmax_backward"};

std::set<std::string> names_in(const std::string& text) {
  static const std::regex pattern("static constexpr const char\\* name = \"([^\"]*)\"");
  std::set<std::string> names;
  for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i) names.insert((*i)[1]);
  return names;
}

// The names that the sources of ops/ give to operations.
std::set<std::string> names_in_sources() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(GG_SOURCE_DIR) + "/ops")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    names.merge(names_in(text.str()));
  }
  return names;
}

std::set<std::string> missing_from_catalogue(const std::set<std::string>& names) {
  std::set<std::string> missing;
  for (const std::string& name : names) {
    if (!find_operation(name) && !kInner.count(name)) missing.insert(name);
  }
  return missing;
}

TEST(Coverage, EveryOperationHasARow) {
  std::set<std::string> rows;
  for (const Row& row : op_table()) rows.insert(row.name);
  for (const CatalogueEntry& e : catalogue()) EXPECT_TRUE(rows.count(std::string(e.name))) << e.name << " has no row";
}

TEST(Coverage, EveryRowHasAnEntryAndATitleOfItsOwn) {
  std::set<std::string> titles;
  for (const Row& row : op_table()) {
    EXPECT_TRUE(find_operation(row.name)) << row.name << " is not in the catalogue";
    EXPECT_TRUE(titles.insert(row.title()).second) << row.title() << " is there twice";
    EXPECT_TRUE(row.oracle || row.extra) << row.title() << " is compared with nothing";
  }
}

TEST(Coverage, EveryOperationWithAGradientHasRowsThatCheckIt) {
  std::set<std::string> checked, complaining;
  for (const Row& row : op_table()) {
    if (row.order >= 2) checked.insert(row.name);
    if (row.order < 2 && row.extra) checked.insert(row.name);  // by hand
    if (!row.complaints.empty()) complaining.insert(row.name);
  }
  for (const CatalogueEntry& e : catalogue()) {
    EXPECT_TRUE(e.orders == 0 || checked.count(std::string(e.name))) << e.name;
  }
  EXPECT_GT(complaining.size(), catalogue().size() / 2);
}

TEST(Coverage, FusedOperationsHaveAReference) {
  for (const CatalogueEntry& e : catalogue()) {
    if (e.tier != Tier::fused) continue;
    bool found = false;
    for (const Row& row : op_table()) found = found || (row.name == e.name && row.reference);
    EXPECT_TRUE(found) << e.name;
  }
}

TEST(Coverage, EveryNameInTheSourcesIsInTheCatalogue) {
  std::set<std::string> names = names_in_sources();
  EXPECT_GT(names.size(), 50u);  // else the pattern finds nothing
  EXPECT_EQ(missing_from_catalogue(names), std::set<std::string>());
  for (const std::string& name : kInner) EXPECT_TRUE(names.count(name)) << name << " is gone; take it off the list";
}

TEST(Coverage, AForgottenOperationIsFound) {
  std::string planted = "struct Forgotten {\n  static constexpr const char* name = \"forgotten\";\n};\n";
  EXPECT_EQ(missing_from_catalogue(names_in(planted)), std::set<std::string>{"forgotten"});
}

TEST(Catalogue, EntriesAreWhole) {
  std::set<std::string_view> names;
  for (const CatalogueEntry& e : catalogue()) {
    EXPECT_TRUE(names.insert(e.name).second) << e.name << " is there twice";
    EXPECT_GE(e.doc.size(), 2u) << e.name;
    EXPECT_EQ(e.doc.find('\n'), std::string_view::npos) << e.name;
    EXPECT_EQ(e.node.empty(), e.orders == 0) << e.name;
  }
  EXPECT_EQ(find_operation("sigmoid")->tier, Tier::elementwise);
  EXPECT_EQ(find_operation("no such operation"), nullptr);
  EXPECT_EQ(letter_of(Tier::fused), 'D');
  EXPECT_EQ(name_of(Tier::composite), "composite");
}

}  // namespace
}  // namespace gg::optable
