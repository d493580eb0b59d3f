// SPDX-License-Identifier: Apache-2.0
// A table against a map, its copies, and what it says of their differences.
#include "core/table.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/prng.h"

namespace upbeat {
namespace {

using Numbers = Table<int, std::string>;

std::map<int, std::string> as_map(const Numbers& table) {
  std::map<int, std::string> all;
  for (const auto& [key, value] : table) all.emplace(key, value);
  return all;
}

std::map<int, std::string> differing(const Numbers& before, const Numbers& after) {
  std::map<int, std::string> all;
  Numbers::differences(before, after, [&](int key, const std::string* old, const std::string* now) {
    all[key] = (old == nullptr ? "-" : *old) + ">" + (now == nullptr ? "-" : *now);
  });
  return all;
}

Numbers up_to(int count) {
  Numbers table;
  for (int key = count - 1; key >= 0; --key) table.emplace(key, std::to_string(key));
  return table;
}

TEST(Table, HoldsWhatAMapHoldsAfterAnyChanges) {
  Prng chance(7);
  Numbers table;
  std::map<int, std::string> map;
  for (int step = 0; step < 20'000; ++step) {
    const int key = static_cast<int>(chance.below(600));
    const auto text = std::to_string(step);
    switch (chance.below(4)) {
      case 0:
        EXPECT_EQ(table.erase(key), map.erase(key));
        break;
      case 1:
        table.emplace(key, text);
        map.emplace(key, text);
        break;
      default:
        table[key] = text;
        map[key] = text;
    }
  }
  EXPECT_EQ(as_map(table), map);
  EXPECT_EQ(table.size(), map.size());
  for (int key = 0; key < 600; ++key) EXPECT_EQ(table.contains(key), map.contains(key)) << key;
}

TEST(Table, GoesBackwardsThroughTheSameValues) {
  const auto table = up_to(200);
  int expected = 200;
  for (auto at = table.end(); at != table.begin();) EXPECT_EQ((*--at).first, --expected);
  EXPECT_EQ(expected, 0);
}

TEST(Table, LeavesACopyAsItWasWhenTheOriginalChanges) {
  auto table = up_to(200);
  const auto copy = table;
  const auto before = as_map(table);
  table.edit(100) = "other";
  table.erase(5);
  table.emplace(1000, "new");
  EXPECT_EQ(as_map(copy), before);
  EXPECT_EQ(table.at(100), "other");
  EXPECT_FALSE(copy == table);
}

TEST(Table, TellsEveryDifferenceAndOnlyThose) {
  const auto before = up_to(200);
  auto after = before;
  after.edit(100) = "other";
  after.erase(5);
  after.emplace(1000, "new");
  const std::map<int, std::string> expected{{5, "5>-"}, {100, "100>other"}, {1000, "->new"}};
  EXPECT_EQ(differing(before, after), expected);
}

TEST(Table, TellsDifferencesAcrossSplitsOfItsParts) {
  const auto before = up_to(500);
  auto after = before;
  for (int key = 1000; key < 1400; ++key) after.emplace(key - 1200, "x");
  for (int key = 0; key < 500; key += 50) after.edit(key) = "y";
  std::map<int, std::string> expected;
  for (int key = -200; key < 0; ++key) expected[key] = "->x";
  for (int key = 0; key < 500; key += 50) expected[key] = std::to_string(key) + ">y";
  EXPECT_EQ(differing(before, after), expected);
}

TEST(Table, IsEqualByValueHoweverItWasMade) {
  Numbers forwards;
  for (int key = 0; key < 300; ++key) forwards.emplace(key, std::to_string(key));
  EXPECT_EQ(forwards, up_to(300));
  forwards.erase(299);
  EXPECT_FALSE(forwards == up_to(300));
}

TEST(Table, MayBeEditedWhileItIsGoneThrough) {
  auto table = up_to(200);
  const auto copy = table;
  for (const auto& [key, value] : table) table.edit(key) = "n" + std::to_string(key);
  EXPECT_EQ(table.at(199), "n199");
  EXPECT_EQ(table.at(0), "n0");
  EXPECT_EQ(copy, up_to(200));
}

}  // namespace
}  // namespace upbeat
