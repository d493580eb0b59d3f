// SPDX-License-Identifier: Apache-2.0
// The target of an HTTP request, taken apart: path segments and query (RFC 3986, 3.3 and 3.4).
// Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace upbeat {

/// "/v1/vms/my%20vm?limit=3" is {"v1", "vms", "my vm"} and {"limit": "3"}.
struct Target {
  std::vector<std::string> segments;
  std::map<std::string, std::string> query;
  bool operator==(const Target&) const = default;
};

/// Takes `target` apart and undoes the percent encoding. An error says what cannot be read: no
/// leading slash, a broken percent sequence, a name given twice.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

/// `text` as one path segment or query value: everything but RFC 3986's unreserved characters is
/// percent encoded.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace upbeat
