// SPDX-License-Identifier: Apache-2.0
// Lines at the end of a terminal that are drawn again and again.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace upbeat::cli {

class ProgressBlock {
 public:
  /// Puts `lines` in place of those drawn before; lines wider than `width` are cut.
  void draw(const std::vector<std::string>& lines, std::size_t width);

 private:
  std::vector<std::string> drawn_;
};

}  // namespace upbeat::cli
