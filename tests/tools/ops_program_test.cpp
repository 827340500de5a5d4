// What `./run ops` prints.
#include <gtest/gtest.h>
#include <stdio.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/device.h"
#include "ops/catalogue.h"

namespace gg {
namespace {

std::string output_of(const std::string& options) {
  const std::string command = std::string(GG_OPS_PROGRAM) + " " + options;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) return "popen failed";
  std::string text;
  char part[4096];
  for (size_t n; (n = std::fread(part, 1, sizeof part, pipe)) > 0;) text.append(part, n);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

TEST(OpsProgram, BeginsWithTheDevices) {
  const std::string text = output_of("");
  EXPECT_EQ(text.rfind("Devices of this machine:\n  cpu       ", 0), 0u) << text.substr(0, 200);
  const std::string cuda = text.substr(text.find("\n  cuda ") + 1);
  const std::string line = cuda.substr(0, cuda.find('\n'));
  if (is_available(Device::cuda)) {
    EXPECT_NE(line.find("compute capability"), std::string::npos) << line;
    EXPECT_NE(line.find("CUDA runtime"), std::string::npos) << line;
  } else {
    EXPECT_EQ(line.rfind("  cuda      none; cuda: ", 0), 0u) << line;
  }
  EXPECT_NE(text.find("\n  emulated  "), std::string::npos);
  EXPECT_NE(text.find("\nTier A"), std::string::npos);
}

TEST(OpsProgram, JsonIsAListOfOperations) {
  const nlohmann::json list = nlohmann::json::parse(output_of("--json"));
  ASSERT_TRUE(list.is_array());
  EXPECT_EQ(list.size(), catalogue().size());
  for (const auto& entry : list) {
    for (const char* key : {"name", "tier", "orders", "devices"}) EXPECT_TRUE(entry.contains(key)) << entry;
  }
}

}  // namespace
}  // namespace gg
