// SPDX-License-Identifier: Apache-2.0
// A source that looks, on workers and on the loop, and tells.
#include "health/health_source.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <thread>

#include "clock/asio_clock.h"
#include "clock/simulated_clock.h"
#include "health/health_checks.h"
#include "health/test_folder.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class Ear : public ShutdownListener {
 public:
  void on_shutdown(const ShutdownNotice& notice) override { told.push_back(notice); }
  void on_shutdown_cancelled() override { ++cancelled; }

  std::vector<ShutdownNotice> told;
  int cancelled = 0;
};

/// One check on the loop, in virtual time; well for a minute is well.
class HealthSources : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(source_.start(ear_)); }

  SimulatedClock clock_;
  Ear ear_;
  Seen now_{.findings = {{"sda", Health::well, {}}}, .trouble = {}};
  std::vector<std::string> troubles_;
  HealthSource source_{clock_,
                       {{.name = "disks",
                         .interval = 5s,
                         .ill_for = 20s,
                         .blocks = LookBlocks::no,
                         .look = [this](int /*stop*/) { return now_; }}},
                       60s,
                       [this](const std::string& check, const std::string& text) {
                         if (!text.empty()) troubles_.push_back(check + ": " + text);
                       }};
};

TEST_F(HealthSources, TellThatTheHostIsAboutToFailAndThatItIsWellAgain) {
  EXPECT_TRUE(source_.undecided());
  clock_.advance(100s);
  EXPECT_FALSE(source_.undecided());
  EXPECT_TRUE(ear_.told.empty());

  now_.findings = {{"sda", Health::ill, "sda fails"}};
  clock_.advance(19s);
  EXPECT_TRUE(ear_.told.empty());
  clock_.advance(10s);
  ASSERT_EQ(ear_.told.size(), 1U);
  EXPECT_EQ(ear_.told[0].why, "sda fails");
  EXPECT_EQ(ear_.told[0].going, Going::failing);

  now_.findings = {{"sda", Health::well, {}}};
  clock_.advance(59s);
  EXPECT_EQ(ear_.cancelled, 0);
  clock_.advance(10s);
  EXPECT_EQ(ear_.cancelled, 1);
  EXPECT_EQ(ear_.told.size(), 1U);
}

TEST_F(HealthSources, TellATroubleAndMoveNothingForIt) {
  now_ = {.findings = {}, .trouble = "no smartctl"};
  clock_.advance(100s);
  ASSERT_FALSE(troubles_.empty());
  EXPECT_EQ(troubles_[0], "disks: no smartctl");
  EXPECT_TRUE(ear_.told.empty());
}

/// The same on real threads.
class LooksOnWorkers : public testing::Test {
 protected:
  bool wait(const std::function<bool()>& enough) {
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (!enough()) {
      if (std::chrono::steady_clock::now() > until) return false;
      io_.run_one_for(50ms);
    }
    return true;
  }

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> awake_{
      io_.get_executor()};  ///< also while nothing is posted yet
  AsioClock clock_{io_};
  Ear ear_;
  std::map<std::string, std::string> troubles_;
  std::function<void(const std::string&, const std::string&)> note_trouble_ =
      [this](const std::string& check, const std::string& text) { troubles_[check] = text; };
};

TEST_F(LooksOnWorkers, DoNotStopTheLoopAndAreATroubleWhenTheyTakeTooLong) {
  std::promise<void> go;
  HealthSource source(clock_,
                      {{.name = "hangs",
                        .ill_for = 0s,
                        .patience = 1s,
                        .look =
                            [wait = go.get_future().share()](int /*stop*/) {
                              wait.wait();
                              return Seen{.findings = {{"x", Health::ill, "x fails"}},
                                          .trouble = {}};
                            }}},
                      60s, note_trouble_);
  ASSERT_TRUE(source.start(ear_));
  ASSERT_TRUE(wait([&] { return !troubles_["hangs"].empty(); }));
  EXPECT_EQ(troubles_["hangs"],
            "cannot tell how this host is by its check 'hangs': it has not ended for 1 s; Upbeat "
            "goes on waiting");
  EXPECT_TRUE(source.undecided());
  go.set_value();
  ASSERT_TRUE(wait([&] { return !ear_.told.empty(); }));
  EXPECT_EQ(troubles_["hangs"], "");
}

TEST_F(LooksOnWorkers, EndTheirProgramsWhenTheSourceGoes) {
  const TestFolder folder;
  const auto begun = folder.path() + "/begun";
  HealthSettings settings{.ignore = health_check_names()};
  settings.programs = {
      {.name = "slow", .command = {folder.program("slow", "echo >" + begun + "; exec sleep 60")}}};
  const auto from = std::chrono::steady_clock::now();
  {
    HealthSource source(clock_, health_checks(settings, {}), 60s, note_trouble_);
    ASSERT_TRUE(source.start(ear_));
    ASSERT_TRUE(wait([&] { return std::filesystem::exists(begun); }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - from, 30s);
  EXPECT_TRUE(troubles_.empty());
}

/// All checks on a folder that plays the kernel's.
TEST_F(LooksOnWorkers, FindWhatTheirOwnerHasSet) {
  const TestFolder sysfs;
  sysfs.write("devices/system/edac/mc/mc0/ue_count", "0\n");
  sysfs.write("devices/system/edac/mc/mc0/ce_count", "5\n");
  const std::string zone = "class/thermal/thermal_zone0/";
  sysfs.write(zone + "type", "acpitz\n");
  sysfs.write(zone + "temp", "98000\n");
  sysfs.write(zone + "trip_point_0_type", "critical\n");
  sysfs.write(zone + "trip_point_0_temp", "105000\n");
  HealthSettings settings{.ill_for = 0s};
  settings.memory_errors_a_day = 4;
  settings.degrees_below_critical = 7;
  settings.file_systems = {"/proc"};
  settings.sysfs = sysfs.path();
  settings.programs = {{.name = "raid", .command = {sysfs.program("raid", "echo bad; exit 1")}}};
  HealthSource source(
      clock_,
      health_checks(settings, {.state_file = "/x/y", .hypervisor_answers = [] { return true; }}),
      60s, note_trouble_);
  ASSERT_TRUE(source.start(ear_));
  ASSERT_TRUE(wait([&] { return ear_.told.size() == 3; }));
  EXPECT_EQ(ear_.told.back().why,
            "memory controller mc0 has corrected 5 errors in 24 hours; raid: bad; thermal_zone0 "
            "(acpitz) is at 98 °C, and the kernel shuts the host down at 105 °C");
}

TEST(HealthChecks, FindAHypervisorIllOnlyIfItIsAwayForLong) {
  SimulatedClock clock;
  Ear ear;
  bool answers = true;
  HealthSettings settings{.ignore = {"disks", "file_systems", "memory", "temperature"}};
  HealthSource source(
      clock,
      health_checks(settings, {.state_file = {}, .hypervisor_answers = [&] { return answers; }}),
      settings.well_for, [](const std::string&, const std::string&) {});
  ASSERT_TRUE(source.start(ear));
  clock.advance(60s);
  answers = false;  // restarted, by somebody who takes his time
  clock.advance(110s);
  answers = true;
  clock.advance(60s);
  EXPECT_TRUE(ear.told.empty());
  answers = false;
  clock.advance(130s);
  ASSERT_EQ(ear.told.size(), 1U);
  EXPECT_EQ(ear.told[0].why, "the hypervisor has not answered for 120 s");
  answers = true;
  clock.advance(310s);
  EXPECT_EQ(ear.cancelled, 1);
}

}  // namespace
}  // namespace upbeat
