// A folder for one test, removed with all it holds at the end.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "core/error.h"

namespace gg::apps {

class TempDir {
 public:
  TempDir() {
    // In memory where there is such a place: tests that sync files often would wait for a disk.
    const bool in_memory = ::access("/dev/shm", W_OK) == 0;
    std::string name =
        ((in_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) / "gg-kit-XXXXXX")
            .string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void spill(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// The message that `body` fails with; "" (and a test failure) where it does not.
template <class Exception = gg::Error, class Body>
std::string message_of(Body body) {
  try {
    body();
  } catch (const Exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an error, got none";
  return "";
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << "in: " << (text)
#define EXPECT_HAS_NOT(text, part) EXPECT_EQ((text).find(part), std::string::npos) << "in: " << (text)

}  // namespace gg::apps
