// SPDX-License-Identifier: Apache-2.0
// Reads what the kernel tells in small files.
#include "health/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <string_view>

#include "base/fd.h"

namespace upbeat {
namespace {

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::string> read_line(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.open()) return std::nullopt;
  std::array<char, small_file_limit_bytes> buffer{};
  const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
  if (got < 0) return std::nullopt;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
  return std::string(text.substr(0, text.find('\n')));
}

std::optional<std::int64_t> read_number(const std::string& path) {
  const auto line = read_line(path);
  return line ? number_in(*line) : std::nullopt;
}

std::vector<SmallFolder> folders_in(const std::string& path, const std::string& kind) {
  std::map<std::int64_t, SmallFolder> found;
  std::error_code none;
  for (std::filesystem::directory_iterator at(path, none), end; at != end; at.increment(none)) {
    const auto name = at->path().filename().string();
    if (found.size() >= small_folder_limit || !name.starts_with(kind)) continue;
    const auto number = number_in(std::string_view(name).substr(kind.size()));
    if (number && at->is_directory(none)) found[*number] = {name, at->path().string()};
  }
  std::vector<SmallFolder> list;
  for (auto& [number, folder] : found) list.push_back(std::move(folder));
  return list;
}

}  // namespace upbeat
