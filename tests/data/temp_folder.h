// A folder of its own for each test, gone when the test ends, and writing bytes into it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/error.h"

namespace gg::data_test {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gg-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) fail("mkdtemp does not work");
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Whether fn throws gg::Error with `part` in its message; says what came otherwise.
template <class Fn>
testing::AssertionResult throws(Fn&& fn, const std::string& part) {
  try {
    fn();
  } catch (const Error& e) {
    std::string message = e.what();
    if (message.find(part) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "expected '" << part << "' in the message, got: " << message;
  } catch (const std::exception& e) {
    return testing::AssertionFailure() << "expected gg::Error, got another exception: " << e.what();
  }
  return testing::AssertionFailure() << "expected an error with '" << part << "', nothing was thrown";
}

}  // namespace gg::data_test
