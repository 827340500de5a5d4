// What tests say about errors: that one comes, and what its message holds.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"

namespace gg {

/// The message that `body` fails with; "" (and a test failure) where it does not.
template <class Exception = Error, class Body>
std::string message_of(Body&& body) {
  try {
    body();
  } catch (const Exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an error, got none";
  return "";
}

/// Whether `body` throws gg::Error with `part` in its message; says what came otherwise.
template <class Body>
testing::AssertionResult throws(Body&& body, const std::string& part) {
  try {
    body();
  } catch (const Error& error) {
    const std::string message = error.what();
    if (message.find(part) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "expected '" << part << "' in the message, got: " << message;
  } catch (const std::exception& error) {
    return testing::AssertionFailure() << "expected gg::Error, got another exception: " << error.what();
  }
  return testing::AssertionFailure() << "expected an error with '" << part << "', nothing was thrown";
}

template <class Body>
void expect_error(Body&& body, const std::string& part) {
  EXPECT_TRUE(throws(body, part));
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << "in: " << (text)
#define EXPECT_HAS_NOT(text, part) EXPECT_EQ((text).find(part), std::string::npos) << "in: " << (text)

}  // namespace gg
