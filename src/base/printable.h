// SPDX-License-Identifier: Apache-2.0
// Text from outside made fit to be shown: in an error, a log line, an answer, on a terminal. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace upbeat {

/// What a sentence quotes of a text from outside, so that it stays a sentence.
inline constexpr std::size_t quote_limit_bytes = 200;

/// `text` on one line of UTF-8: control characters (U+0000 to U+001F, U+007F to U+009F) become
/// blanks, each byte that is no UTF-8 becomes U+FFFD, and what is longer than the limit ends in
/// "…".
[[nodiscard]] std::string printable(std::string_view text,
                                    std::size_t limit_bytes = std::string::npos);

/// `text` with U+FFFD for each byte that is no UTF-8; everything else as it is.
[[nodiscard]] std::string valid_utf8(std::string_view text);

}  // namespace upbeat
