// SPDX-License-Identifier: Apache-2.0
// Expected failure as a value: what a call that can fail in normal life returns.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace upbeat {

/// Why something was not done. The text is one sentence for a person: what was attempted, on what,
/// what is wrong, and what to do next. It never holds a secret.
struct Error {
  std::string text;

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail("…")` from any function that returns a Result.
inline std::unexpected<Error> fail(std::string text) {
  return std::unexpected(Error{std::move(text)});
}

}  // namespace upbeat
