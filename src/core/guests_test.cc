// SPDX-License-Identifier: Apache-2.0
// What guests by name and guests by node say must be the same at any time.
#include "core/guests.h"

#include <gtest/gtest.h>

#include <map>

#include "base/prng.h"

namespace upbeat {
namespace {

VmRecord record(std::uint64_t memory_kib, std::map<NodeId, EventIndex> may_run_on) {
  VmRecord vm;
  vm.spec.memory_kib = memory_kib;
  vm.may_run_on = std::move(may_run_on);
  return vm;
}

std::vector<VmId> names_on(const Guests& guests, NodeId node) {
  std::vector<VmId> names;
  for (const auto& seat : guests.on(node)) names.push_back(seat.vm);
  return names;
}

TEST(Guests, LeaveACopyAsItWas) {
  Guests guests;
  guests.emplace(VmId("x"), record(100, {{NodeId(1), EventIndex(1)}}));
  const auto copy = guests;
  guests.edit(VmId("x")).may_run_on = {{NodeId(2), EventIndex(2)}};
  guests.settle();
  EXPECT_EQ(copy.memory_on_kib(NodeId(1)), 100U);
  ASSERT_EQ(names_on(copy, NodeId(1)), std::vector{VmId("x")});
  EXPECT_EQ(copy.on(NodeId(1)).front().record, &copy.at(VmId("x")));
  EXPECT_FALSE(copy.any_on(NodeId(2)));
  EXPECT_EQ(guests.memory_on_kib(NodeId(1)), 0U);
}

TEST(Guests, CountsARecordThatIsJustBeingChangedAsItIs) {
  Guests guests;
  guests.emplace(VmId("x"), record(100, {{NodeId(1), EventIndex(1)}}));
  auto& vm = guests.edit(VmId("x"));
  vm.may_run_on.emplace(NodeId(2), EventIndex(2));
  EXPECT_EQ(guests.memory_on_kib(NodeId(2)), 100U);
  vm.may_run_on.erase(NodeId(1));
  EXPECT_FALSE(guests.any_on(NodeId(1)));
  guests.settle();
  EXPECT_EQ(names_on(guests, NodeId(2)), std::vector{VmId("x")});
  EXPECT_EQ(names_on(guests, NodeId(1)), std::vector<VmId>());
}

TEST(Guests, FindsByNodeWhatARecordSays) {
  Prng chance(3);
  Guests guests;
  for (int step = 0; step < 5'000; ++step) {
    const VmId vm("x" + std::to_string(chance.below(80)));
    const NodeId node(static_cast<std::uint32_t>(chance.below(7)));
    switch (chance.below(6)) {
      case 0:
        guests.erase(vm);
        break;
      case 1:
        guests.emplace(vm, record(chance.below(50), {{node, EventIndex(1)}}));
        break;
      case 2:
        guests.settle();
        break;
      case 3:
        if (guests.contains(vm)) guests.edit(vm).spec.memory_kib = chance.below(50);
        break;
      case 4:
        guests[vm].may_run_on.emplace(node, EventIndex(2));
        break;
      default:
        guests[vm].may_run_on.erase(node);
    }
    std::vector<VmId> there;
    std::uint64_t memory_kib = 0;
    for (const auto& [id, one] : guests) {
      if (!one.may_run_on.contains(node)) continue;
      there.push_back(id);
      memory_kib += one.spec.memory_kib;
    }
    ASSERT_EQ(names_on(guests, node), there) << "step " << step;
    for (const auto& seat : guests.on(node)) ASSERT_EQ(seat.record, &guests.at(seat.vm));
    ASSERT_EQ(guests.memory_on_kib(node), memory_kib) << "step " << step;
    ASSERT_EQ(guests.any_on(node), !there.empty()) << "step " << step;
  }
}

}  // namespace
}  // namespace upbeat
