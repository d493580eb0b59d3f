// SPDX-License-Identifier: Apache-2.0
// What libvirt's lifecycle events are taken for.
#include "hypervisor/lifecycle.h"

#include <gtest/gtest.h>
#include <libvirt/libvirt.h>

namespace upbeat {
namespace {

const VmId vm("x0");
const GuestChange running{vm, std::nullopt};

GuestChange gone(GoneCause cause) { return {vm, cause}; }

TEST(Lifecycle, TellsOnceOfAGuestThatIsStarted) {
  LifecycleReader reader;

  EXPECT_EQ(reader.read(vm, VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_UNPAUSED),
            std::nullopt);
  EXPECT_EQ(reader.read(vm, VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_BOOTED), running);
}

TEST(Lifecycle, TellsOfAnIncomingGuestOnlyWhenItReallyRuns) {
  LifecycleReader reader;

  EXPECT_EQ(reader.read(vm, VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_MIGRATED),
            std::nullopt);
  EXPECT_EQ(reader.read(vm, VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_MIGRATED), running);
}

TEST(Lifecycle, TellsAFailedMigrationInFromACrash) {
  LifecycleReader reader;
  const auto died = [&] {
    return reader.read(vm, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FAILED);
  };

  EXPECT_EQ(died(), gone(GoneCause::crashed));
  static_cast<void>(reader.read(vm, VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_MIGRATED));
  EXPECT_EQ(died(), gone(GoneCause::failed));
  EXPECT_EQ(died(), gone(GoneCause::crashed));
}

TEST(Lifecycle, KnowsAnIncomingGuestWhoseBeginningWasMissed) {
  LifecycleReader reader;
  reader.found_incoming(vm);

  EXPECT_EQ(reader.read(vm, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FAILED),
            gone(GoneCause::failed));
}

TEST(Lifecycle, GivesEachEndItsCause) {
  LifecycleReader reader;
  const auto stopped = [&](int detail) {
    return reader.read(vm, VIR_DOMAIN_EVENT_STOPPED, detail);
  };

  EXPECT_EQ(stopped(VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN), gone(GoneCause::shut_down));
  EXPECT_EQ(stopped(VIR_DOMAIN_EVENT_STOPPED_DESTROYED), gone(GoneCause::destroyed));
  EXPECT_EQ(stopped(VIR_DOMAIN_EVENT_STOPPED_CRASHED), gone(GoneCause::crashed));
  EXPECT_EQ(stopped(VIR_DOMAIN_EVENT_STOPPED_MIGRATED), gone(GoneCause::migrated));
  EXPECT_EQ(stopped(VIR_DOMAIN_EVENT_STOPPED_SAVED), gone(GoneCause::destroyed));
}

TEST(Lifecycle, SaysNothingOfAPause) {
  LifecycleReader reader;

  EXPECT_EQ(reader.read(vm, VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED),
            std::nullopt);
}

}  // namespace
}  // namespace upbeat
