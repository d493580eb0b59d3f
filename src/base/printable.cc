// SPDX-License-Identifier: Apache-2.0
// Walks over text one character of UTF-8 at a time.
#include "base/printable.h"

#include <boost/nowide/utf/utf.hpp>
#include <iterator>

namespace upbeat {
namespace {

namespace utf = boost::nowide::utf;
using Utf8 = utf::utf_traits<char>;

constexpr utf::code_point replacement = 0xFFFD;

/// Takes one character off the front; U+FFFD for a byte that belongs to none. What follows that
/// byte is looked at anew: it may be the quote that closes a string.
utf::code_point take(std::string_view& rest) {
  const char* at = rest.data();
  const utf::code_point point = Utf8::decode(at, rest.data() + rest.size());
  const bool sound = point != utf::illegal && point != utf::incomplete;
  rest.remove_prefix(sound ? static_cast<std::size_t>(at - rest.data()) : 1);
  return sound ? point : replacement;
}

bool is_control(utf::code_point point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

}  // namespace

std::string printable(std::string_view text, std::size_t limit_bytes) {
  std::string plain;
  while (!text.empty()) {
    const utf::code_point point = take(text);
    const utf::code_point shown = is_control(point) ? ' ' : point;
    const auto width = static_cast<std::size_t>(Utf8::width(shown));
    if (width > limit_bytes - plain.size()) return plain + "…";
    Utf8::encode(shown, std::back_inserter(plain));
  }
  return plain;
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) Utf8::encode(take(text), std::back_inserter(valid));
  return valid;
}

}  // namespace upbeat
