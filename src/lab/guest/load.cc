// SPDX-License-Identifier: Apache-2.0
// Memory that a guest writes for no other purpose than to be hard to migrate.
#include "lab/guest/load.h"

#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

namespace upbeat::guest {
namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t pages_per_mib = 256;
constexpr auto turn = std::chrono::milliseconds(50);
constexpr std::size_t turns_per_s = 20;

}  // namespace

bool read_wish(const std::string& line, LoadWish& wish) {
  constexpr std::string_view verb = "write ";
  if (!line.starts_with(verb)) return false;
  const char* const end = line.data() + line.size();
  LoadWish read;
  const auto rate = std::from_chars(line.data() + verb.size(), end, read.mib_per_s);
  if (rate.ec != std::errc() || rate.ptr == end || *rate.ptr != ' ') return false;
  const auto size = std::from_chars(rate.ptr + 1, end, read.of_mib);
  if (size.ec != std::errc() || size.ptr != end || read.of_mib > load_limit_mib) return false;
  wish = read;
  return true;
}

void Load::work() {
  std::vector<unsigned char> buffer;
  std::size_t next = 0;
  while (true) {
    buffer.resize(std::size_t{of_mib_} * pages_per_mib * page_bytes);
    const std::size_t pages = buffer.size() / page_bytes;
    // To write a page's first byte costs a migration as much as to write all of it. A page is
    // written once a turn at most: more would make no difference either.
    const std::size_t wanted = std::size_t{mib_per_s_} * pages_per_mib / turns_per_s;
    for (std::size_t left = wanted < pages ? wanted : pages; left > 0; --left) {
      next = (next + 1) % pages;
      ++buffer[next * page_bytes];
    }
    std::this_thread::sleep_for(turn);
  }
}

}  // namespace upbeat::guest
