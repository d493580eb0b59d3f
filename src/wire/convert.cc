// SPDX-License-Identifier: Apache-2.0
// What decoding says when it meets something that it cannot read.
#include "wire/convert.h"

namespace upbeat::wire {

void Reading::senseless(const std::string& what) {
  if (!ok()) return;
  problem_ = std::string("cannot read the ") + name_of(kind_) + ": " + what +
             ", so it is damaged: take it from another node or a backup";
}

void Reading::unknown(const std::string& what) {
  if (format_ <= wire_format) {
    senseless(what + " is not set or unknown");
    return;
  }
  if (!ok()) return;
  problem_ = std::string("cannot read the ") + name_of(kind_) + ": " + what +
             " is unknown here, a newer release of Upbeat wrote it in wire format " +
             std::to_string(format_) + " and this one knows up to " + std::to_string(wire_format) +
             ": upgrade Upbeat on this node";
}

bool fits(int entries, Reading& reading) {
  if (entries <= wire_list_limit) return true;
  reading.senseless("a list has more than " + std::to_string(wire_list_limit) + " entries");
  return false;
}

}  // namespace upbeat::wire
