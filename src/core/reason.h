// SPDX-License-Identifier: Apache-2.0
// Why a decision was taken. There is no decision without one.
#pragma once

#include <string>
#include <utility>

namespace upbeat {

/// One sentence for people, without a full stop: "node1 is draining (reboot) and node2 has most
/// room".
class Reason {
 public:
  explicit Reason(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  bool operator==(const Reason&) const = default;

 private:
  std::string text_;
};

}  // namespace upbeat
