// SPDX-License-Identifier: Apache-2.0
// How people see things: colours, tables, numbers with units.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace upbeat::cli {

/// Whether colours do any good.
enum class Colours : std::uint8_t { none, ansi };
enum class Colour : std::uint8_t { plain, good, busy, bad, faint, heading };

/// ANSI colours if standard output is a terminal that knows them and NO_COLOR is not set
/// (https://no-color.org).
[[nodiscard]] Colours colours_of_stdout();
[[nodiscard]] std::string paint(std::string_view text, Colour colour, Colours colours);
/// Whether standard output is a terminal on which a block can be drawn again and again.
[[nodiscard]] bool stdout_is_terminal();
/// Its width in columns, 80 if it does not tell.
[[nodiscard]] std::size_t terminal_width();
/// The colour for a word of a node's standing or a VM's phase.
[[nodiscard]] Colour colour_of_word(std::string_view word);

/// "850 ms", "4.2 s", "75 s", "12 min", "3 h", "2 d".
[[nodiscard]] std::string duration_text(std::chrono::milliseconds span);
/// "2026-10-08 06:59:00", local time.
[[nodiscard]] std::string wall_text(std::int64_t wall_ms);
/// The first `width` characters of `text`; the last of them is a `~` if something was cut off.
[[nodiscard]] std::string shortened(const std::string& text, std::size_t width);

enum class Align : std::uint8_t { left, right };

/// Aligned columns, no wider than needed; a column in which every cell is empty is left out.
class Table {
 public:
  struct Column {
    std::string name;
    Align align = Align::left;
  };
  struct Cell {
    explicit(false) Cell(std::string cell_text, Colour cell_colour = Colour::plain)
        : text(std::move(cell_text)), colour(cell_colour) {}
    std::string text;
    Colour colour;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// REQUIRES: as many cells as columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  /// Each row, and the headings above them, with a line end.
  [[nodiscard]] std::string text(Colours colours) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace upbeat::cli
