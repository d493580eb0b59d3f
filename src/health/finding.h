// SPDX-License-Identifier: Apache-2.0
// What one look at a part of this host has shown.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace upbeat {

/// How a part of the host is.
enum class Health : std::uint8_t {
  well,
  ill,      ///< it is about to fail, or fails already
  unknown,  ///< it did not tell this time: what it said last stands
};

/// One part and how it is: a file system, a disk, an answer of a program.
struct Finding {
  std::string part;  ///< the same from look to look: "/srv"
  Health health = Health::unknown;
  std::string why;  ///< of an ill one, for people: "the file system /srv is read-only"

  bool operator==(const Finding&) const = default;
};

/// All that one look has shown.
struct Seen {
  std::vector<Finding> findings;
  std::string trouble;  ///< why not all could be seen, one sentence for an operator; empty: all was
};

}  // namespace upbeat
