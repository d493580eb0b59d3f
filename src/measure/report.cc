// SPDX-License-Identifier: Apache-2.0
// Measures the columns, then sets the rows.
#include "measure/report.h"

#include <algorithm>
#include <cctype>

namespace upbeat::measure {
namespace {

struct Column {
  std::size_t width = 0;
  bool numbers = true;
};

std::vector<Column> measure_columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<Column> columns(rows.front().size());
  for (std::size_t at = 0; at < columns.size(); ++at) {
    for (const auto& row : rows) {
      columns[at].width = std::max(columns[at].width, row[at].size());
      if (&row == &rows.front()) continue;
      columns[at].numbers =
          columns[at].numbers && (row[at].empty() || std::isdigit(row[at].front()) != 0);
    }
  }
  return columns;
}

}  // namespace

Table::Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }

void Table::add(std::vector<std::string> cells) {
  cells.resize(rows_.front().size());
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  const auto columns = measure_columns(rows_);
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t at = 0; at < row.size(); ++at) {
      const std::string pad(columns[at].width - row[at].size(), ' ');
      line += (at == 0 ? "" : "  ") + (columns[at].numbers ? pad + row[at] : row[at] + pad);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace upbeat::measure
