// SPDX-License-Identifier: Apache-2.0
// Colours, tables, numbers with units.
#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace upbeat::cli {
namespace {

constexpr std::size_t default_width = 80;
constexpr std::string_view gap = "  ";

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::plain:
      return "";
    case Colour::good:
      return "\x1b[32m";
    case Colour::busy:
      return "\x1b[33m";
    case Colour::bad:
      return "\x1b[1;31m";
    case Colour::faint:
      return "\x1b[2m";
    case Colour::heading:
      return "\x1b[1m";
  }
  return "";
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// Characters of UTF-8, each taken to be one column wide.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

std::string tenths(std::int64_t tenth) {
  return std::to_string(tenth / 10) + "." + std::to_string(tenth % 10);
}

}  // namespace

bool stdout_is_terminal() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

Colours colours_of_stdout() {
  return stdout_is_terminal() && !is_set("NO_COLOR") ? Colours::ansi : Colours::none;
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return default_width;
  return size.ws_col;
}

std::string paint(std::string_view text, Colour colour, Colours colours) {
  if (colours == Colours::none || colour == Colour::plain || text.empty()) return std::string(text);
  return std::string(code_of(colour)) + std::string(text) + "\x1b[0m";
}

Colour colour_of_word(std::string_view word) {
  constexpr std::array good{"online", "drained", "maintenance", "running"};
  constexpr std::array busy{"joining",   "draining", "leaving", "starting",
                            "migrating", "stopping", "waiting", "unsure"};
  constexpr std::array bad{"quarantined", "lost",     "off",  "unseen",
                           "daemon-away", "given-up", "alarm"};
  if (std::ranges::find(good, word) != good.end()) return Colour::good;
  if (std::ranges::find(busy, word) != busy.end()) return Colour::busy;
  if (std::ranges::find(bad, word) != bad.end()) return Colour::bad;
  return Colour::plain;
}

std::string duration_text(std::chrono::milliseconds span) {
  const std::int64_t ms = std::max<std::int64_t>(span.count(), 0);
  if (ms < 1000) return std::to_string(ms) + " ms";
  if (ms < 10'000) return tenths(ms / 100) + " s";
  if (ms < 120'000) return std::to_string(ms / 1000) + " s";
  if (ms < 7'200'000) return std::to_string(ms / 60'000) + " min";
  if (ms < 172'800'000) return std::to_string(ms / 3'600'000) + " h";
  return std::to_string(ms / 86'400'000) + " d";
}

std::string wall_text(std::int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%F %T", &parts);
  return {text.data(), length};
}

std::string shortened(const std::string& text, std::size_t width) {
  if (width_of(text) <= width) return text;
  if (width == 0) return "";
  std::string kept;
  std::size_t characters = 0;
  for (const char byte : text) {
    if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80U && characters++ == width - 1) break;
    kept += byte;
  }
  return kept + "~";
}

std::string Table::text(Colours colours) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_)
    for (std::size_t at = 0; at < row.size(); ++at)
      widths[at] = std::max(widths[at], width_of(row[at].text));
  std::vector<Cell> headings;
  for (std::size_t at = 0; at < columns_.size(); ++at) {
    if (widths[at] > 0) widths[at] = std::max(widths[at], width_of(columns_[at].name));
    headings.emplace_back(columns_[at].name, Colour::heading);
  }
  std::string all;
  const auto add_line = [&](const std::vector<Cell>& row) {
    std::string line;
    std::string padding;  // written only before the next cell, so no line ends with blanks
    for (std::size_t at = 0; at < row.size(); ++at) {
      if (widths[at] == 0) continue;
      const std::string blanks(widths[at] - width_of(row[at].text), ' ');
      const bool right = columns_[at].align == Align::right;
      padding += right ? blanks : "";
      if (!row[at].text.empty())
        line += std::exchange(padding, "") + paint(row[at].text, row[at].colour, colours);
      padding += (right ? "" : blanks) + std::string(gap);
    }
    all += line + "\n";
  };
  add_line(headings);
  for (const auto& row : rows_) add_line(row);
  return all;
}

}  // namespace upbeat::cli
