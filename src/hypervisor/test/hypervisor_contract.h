// SPDX-License-Identifier: Apache-2.0
// What the tests of the hypervisors' contract share: a world with two hosts, and one guest a test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hypervisor/test/contract_world.h"

namespace upbeat::test {

inline constexpr std::uint64_t guest_memory_kib = 32 * 1024;
inline const std::string uuid = "b7c4a3d2-5a0e-4d53-9a55-0242ac120002";

using MakeWorld = std::unique_ptr<World> (*)();
using Inventory = std::vector<Guest>;

/// One world for all tests of a suite; each test has a guest of its own name.
class HypervisorContract : public testing::TestWithParam<MakeWorld> {
 protected:
  static void TearDownTestSuite() { world_.reset(); }

  void SetUp() override {
    if (!world_) world_ = GetParam()();
    for (const Host host : {Host::a, Host::b}) ear(host) = Ear{};
  }

  void TearDown() override {
    if (!world_) return;
    if (HasFailure()) {
      for (const Host host : {Host::a, Host::b}) std::cout << world().last_words(host);
    }
    for (const Host host : {Host::a, Host::b}) {
      EXPECT_TRUE(destroy(host, vm).has_value());
      EXPECT_TRUE(world().wait([&] { return inventory(host).empty(); }));
    }
  }

  static World& world() { return *world_; }
  static Hypervisor& on(Host host) { return world().hypervisor(host); }
  static Ear& ear(Host host) { return world().ear(host); }

  template <class T, class Call>
  static Result<T> await(Call call) {
    auto result = std::make_shared<std::unique_ptr<Result<T>>>();
    call([result](Result<T> got) { *result = std::make_unique<Result<T>>(std::move(got)); });
    if (!world().wait([&] { return *result != nullptr; })) return fail("it never ended");
    return **result;
  }

  static Result<void> create(Host host, const VmId& guest, const std::string& xml) {
    return await<void>([&](Done<void> done) { on(host).create(guest, xml, done); });
  }
  Result<void> create(Host host, Kind kind) {
    return create(host, vm, world().domain_xml(vm, uuid, kind));
  }
  static Result<void> destroy(Host host, const VmId& guest) {
    return await<void>([&](Done<void> done) { on(host).destroy(guest, done); });
  }
  static Result<Inventory> try_inventory(Host host) {
    return await<Inventory>([&](Done<Inventory> done) { on(host).inventory(done); });
  }
  static Inventory inventory(Host host) {
    const auto guests = try_inventory(host);
    EXPECT_TRUE(guests.has_value()) << guests.error().text;
    return guests.value_or(Inventory{});
  }
  std::optional<GuestPhase> phase(Host host) const {
    for (const auto& guest : inventory(host)) {
      if (guest.vm == vm) return guest.phase;
    }
    return std::nullopt;
  }

  /// A migration from a to b under way.
  struct Move {
    std::optional<Result<MigrationSummary>> end;
  };
  std::shared_ptr<Move> begin_move(const std::string& to) const {
    auto move = std::make_shared<Move>();
    on(Host::a).migrate(vm, to, [move](Result<MigrationSummary> end) { move->end = end; });
    return move;
  }
  Result<MigrationSummary> move(const std::string& to) const {
    const auto under_way = begin_move(to);
    if (!world().wait([&] { return under_way->end.has_value(); })) return fail("it never ended");
    return *under_way->end;
  }
  bool hears_gone(Host host, GoneCause cause) const {
    return world().wait([&] {
      const auto& gone = ear(host).gone;
      return std::ranges::find(gone, std::pair{vm, cause}) != gone.end();
    });
  }
  bool hears_running(Host host) const {
    return world().wait(
        [&] { return std::ranges::find(ear(host).running, vm) != ear(host).running.end(); });
  }
  Result<std::optional<MigrationProgress>> progress() const {
    return await<std::optional<MigrationProgress>>(
        [&](Done<std::optional<MigrationProgress>> done) {
          on(Host::a).migration_progress(vm, done);
        });
  }
  Result<void> hasten(MoveStep step) const {
    return await<void>([&](Done<void> done) { on(Host::a).hasten(vm, step, done); });
  }
  /// Whether it does what it is asked: it shuts down.
  bool goes_on(Host host) const {
    const auto asked = await<void>([&](Done<void> done) { on(host).shut_down(vm, done); });
    return asked && hears_gone(host, GoneCause::shut_down);
  }
  Result<void> cancel() const {
    return await<void>([&](Done<void> done) { on(Host::a).cancel_migration(vm, done); });
  }

  const VmId vm{"x" + std::to_string(guests_++)};

 private:
  static inline std::unique_ptr<World> world_;
  static inline int guests_ = 0;
};

}  // namespace upbeat::test
