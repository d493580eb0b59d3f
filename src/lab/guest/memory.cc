// SPDX-License-Identifier: Apache-2.0
// The patterns of the checked memory: cheap to compute, since an emulated processor is slow.
#include "lab/guest/memory.h"

namespace upbeat::guest {
namespace {

/// One step of splitmix64 (Steele, Lea, Flood 2014): every input bit changes half the output bits.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

constexpr std::uint64_t stride = 0x9e3779b97f4a7c15U;  // odd: no word of a page repeats

}  // namespace

CheckedMemory::CheckedMemory(std::size_t pages, std::uint64_t seed)
    : pages_(pages), generation_(pages, 0), seed_(seed) {
  for (std::size_t at = 0; at < pages; ++at) fill(at);
}

bool CheckedMemory::step() {
  const bool good = intact(next_);
  ++generation_[next_];
  fill(next_);
  next_ = (next_ + 1) % pages_.size();
  return good;
}

std::uint64_t CheckedMemory::first_word(std::size_t at) const {
  return mix(seed_ ^ mix(at) ^ mix(generation_[at] << 20U));
}

void CheckedMemory::fill(std::size_t at) {
  std::uint64_t word = first_word(at);
  for (auto& cell : pages_[at]) cell = word += stride;
}

bool CheckedMemory::intact(std::size_t at) const {
  std::uint64_t word = first_word(at);
  std::uint64_t difference = 0;
  for (const auto cell : pages_[at]) difference |= cell ^ (word += stride);
  return difference == 0;
}

}  // namespace upbeat::guest
