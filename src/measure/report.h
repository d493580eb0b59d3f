// SPDX-License-Identifier: Apache-2.0
// Tables for people: columns as wide as their longest word.
#pragma once

#include <string>
#include <vector>

namespace upbeat::measure {

/// A table in plain text. Numbers are cells like any other; a column whose cells below the heading
/// all begin with a digit is set flush right.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  /// REQUIRES: as many cells as headings.
  void add(std::vector<std::string> cells);
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace upbeat::measure
