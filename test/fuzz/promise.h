// SPDX-License-Identifier: Apache-2.0
// What fuzz targets have in common: promises, and inputs taken apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/printable.h"

namespace upbeat::fuzz {

/// An error's text is a sentence, not a book.
inline constexpr std::size_t sentence_limit_bytes = 1500;

/// Ends the program, and so makes the input a finding, unless `kept`. The words and the text show
/// when the input is run again by hand.
inline void promise(bool kept, const char* words, std::string_view text = {}) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s: %s\n", words, printable(text).c_str());
  std::abort();
}

/// Fit for a terminal or a log: UTF-8 without control characters.
inline void promise_line(std::string_view text) {
  promise(printable(text) == text, "text is UTF-8 without control characters", text);
}

/// What every error says: something, on one line, of bounded length.
inline void promise_sentence(std::string_view text) {
  promise(!text.empty(), "an error says something");
  promise(text.size() <= sentence_limit_bytes, "an error is a sentence, no book", text);
  promise_line(text);
}

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return {data, data + size};
}

/// Exactly `count` pieces, which lines of "%%" part; those that are not there are empty.
inline std::vector<std::string> pieces(std::string_view text, std::size_t count) {
  constexpr std::string_view line = "%%\n";
  std::vector<std::string> found;
  while (found.size() + 1 < count) {
    const std::size_t end = text.find(line);
    found.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + line.size());
  }
  found.emplace_back(text);
  return found;
}

}  // namespace upbeat::fuzz
