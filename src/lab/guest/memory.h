// SPDX-License-Identifier: Apache-2.0
// A buffer that would notice if a migration lost, repeated or damaged a page of the guest's memory.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace upbeat::guest {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t page_words = page_bytes / sizeof(std::uint64_t);

/// Rewrites its pages one after another, each with a fresh pattern that follows from the seed, the
/// page's number and its generation, and checks before each rewrite that the page still holds what
/// was written last. A page that went back to older contents fails by its generation; one that was
/// damaged fails by its words. One thread.
class CheckedMemory {
 public:
  CheckedMemory(std::size_t pages, std::uint64_t seed);

  /// Checks and rewrites the next page; false if it did not hold what was written.
  [[nodiscard]] bool step();

  [[nodiscard]] std::size_t pages() const { return pages_.size(); }
  /// The raw words of a page, for a test that damages them.
  [[nodiscard]] std::array<std::uint64_t, page_words>& page(std::size_t at) { return pages_[at]; }

 private:
  void fill(std::size_t at);
  [[nodiscard]] bool intact(std::size_t at) const;
  [[nodiscard]] std::uint64_t first_word(std::size_t at) const;

  std::vector<std::array<std::uint64_t, page_words>> pages_;
  std::vector<std::uint64_t> generation_;
  std::uint64_t seed_;
  std::size_t next_ = 0;
};

}  // namespace upbeat::guest
