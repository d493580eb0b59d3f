// SPDX-License-Identifier: Apache-2.0
// ECMA-48 control sequences: cursor up, erase to the end of the screen.
#include "cli/progress_block.h"

#include <iostream>

#include "cli/terminal.h"

namespace upbeat::cli {

void ProgressBlock::draw(const std::vector<std::string>& lines, std::size_t width) {
  std::vector<std::string> cut;
  for (const std::string& line : lines) cut.push_back(shortened(line, width - 1));
  if (cut == drawn_) return;
  std::string text;
  if (!drawn_.empty()) text = "\x1b[" + std::to_string(drawn_.size()) + "A\r\x1b[J";
  for (const std::string& line : cut) text += line + "\n";
  std::cout << text << std::flush;
  drawn_ = std::move(cut);
}

}  // namespace upbeat::cli
