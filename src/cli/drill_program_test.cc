// SPDX-License-Identifier: Apache-2.0
// `upbeat drill` against a server: what it prints, how it ends, and what it takes back.
#include <boost/json.hpp>

#include "cli/exit_status.h"
#include "cli/program_run_test.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class Drill : public testing::Test {
 protected:
  Finished drill(std::vector<std::string> words) {
    words.insert(words.begin(), "drill");
    return run_upbeat(server.socket_path, std::move(words));
  }
  /// Guests of node2 by name, when all run.
  void run_guests(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      server.with_service([&](ServiceTwin& service) { service.run_vm(name, 128); });
      EXPECT_EQ(run_upbeat(server.socket_path, {"vm", "start", name}).exit_status, exit_done);
      const auto moved = run_upbeat(server.socket_path, {"vm", "migrate", name, "node2"});
      EXPECT_TRUE(place(name) == NodeId{2}) << moved.err;
    }
  }
  NodeId place(const std::string& name) {
    return server.with_service([&](ServiceTwin& service) {
      const auto* running = std::get_if<Running>(&service.state().vms.at(VmId{name}).phase);
      return running == nullptr ? NodeId{} : running->on;
    });
  }
  bool is_drained() {
    return server.with_service(
        [](ServiceTwin& service) { return service.state().nodes.at(NodeId{2}).drain.has_value(); });
  }
  void arm_watchdog() {
    server.with_service(
        [](ServiceTwin& service) { service.apply(WatchdogArmed{NodeId{2}, 1, 10s}); });
  }

  ThreadedServer server{TwinWorld{.boot_time = 1000ms}};
};

TEST_F(Drill, FindsNothingAndEndsWell) {
  const Finished finished = drill({});

  EXPECT_EQ(finished.exit_status, exit_done) << finished.err;
  EXPECT_TRUE(finished.out.contains("Nothing would fail on the day.")) << finished.out;
}

TEST_F(Drill, TellsOfAnOutletThatIsOffForANodeThatIsUpAndFails) {
  server.with_service([](ServiceTwin& service) {
    service.outlets_off = {{NodeId{1}, NodeId{2}}};
    service.silent_in_drills = {{NodeId{3}, "it has not answered within 60 s"}};
  });

  const Finished finished = drill({});

  EXPECT_EQ(finished.exit_status, exit_refused);
  EXPECT_TRUE(finished.out.contains("  1. DANGER: strip (plug 2) says that node2 is OFF"))
      << finished.out;
  EXPECT_TRUE(finished.out.contains("node3 was not tested: it has not answered within 60 s"));
}

TEST_F(Drill, GivesTheApisJson) {
  const json::value given = json::parse(drill({"--json"}).out);

  EXPECT_FALSE(given.at("running").as_bool());
  EXPECT_EQ(given.at("nodes").as_array().size(), 3U);
}

TEST_F(Drill, RehearsesADrainAndBringsTheGuestsBack) {
  run_guests({"x1", "x2"});

  const Finished finished = drill({"--drain", "node2", "--yes"});

  EXPECT_EQ(finished.exit_status, exit_done) << finished.err;
  EXPECT_EQ(place("x1"), NodeId{2});
  EXPECT_EQ(place("x2"), NodeId{2});
  EXPECT_FALSE(is_drained());
  EXPECT_TRUE(finished.out.contains("x1 is back in 900 ms, paused for 12 ms")) << finished.out;
}

TEST_F(Drill, WantsConsentBeforeItDrains) {
  run_guests({"x1"});

  const Finished finished = drill({"--drain", "node2"});

  EXPECT_EQ(finished.exit_status, exit_usage);
  EXPECT_TRUE(finished.err.contains("its VMs (x1) move, live, and back again; none is shut down"))
      << finished.err;
  EXPECT_FALSE(is_drained());
}

TEST_F(Drill, TakesNoOtherWordForConsent) {
  OnTerminal terminal(server.socket_path, {"drill", "--drain", "node2"});

  ASSERT_TRUE(terminal.wait_for("Type the node's name to go on: "));
  terminal.type("yes\n");

  EXPECT_EQ(terminal.end(), exit_refused);
  EXPECT_FALSE(is_drained());
}

TEST_F(Drill, TakesTheDrainBackWhenItIsInterrupted) {
  run_guests({"x1"});
  server.with_service([](ServiceTwin& service) { service.never_arrive = {"x1"}; });
  OnTerminal terminal(server.socket_path, {"drill", "--drain", "node2", "--yes"});

  ASSERT_TRUE(terminal.wait_for("is being drained"));
  terminal.type("\x03");

  EXPECT_EQ(terminal.end(), exit_interrupted) << terminal.printed;
  EXPECT_TRUE(terminal.printed.contains("it was interrupted; node2 takes VMs again"))
      << terminal.printed;
  EXPECT_FALSE(is_drained());
}

TEST_F(Drill, TakesTheDrainBackWhenItsTimeIsOver) {
  run_guests({"x1"});
  server.with_service([](ServiceTwin& service) { service.never_arrive = {"x1"}; });

  const Finished finished = drill({"--drain", "node2", "--yes", "--timeout", "1"});

  EXPECT_EQ(finished.exit_status, exit_timeout);
  EXPECT_FALSE(is_drained());
}

TEST_F(Drill, RefusesToBeginWithANodeThatIsNotOnline) {
  server.with_service([](ServiceTwin& service) {
    service.fencing_works = false;
    service.cut_power(NodeId{2});
  });

  const Finished finished = drill({"--drain", "node2", "--yes"});

  EXPECT_EQ(finished.exit_status, exit_refused);
  EXPECT_TRUE(finished.err.contains("node2 is lost")) << finished.err;
}

TEST_F(Drill, RefusesToTestAWatchdogThatIsNotThere) {
  const Finished finished = drill({"--watchdog", "node2", "--yes"});

  EXPECT_EQ(finished.exit_status, exit_refused);
  EXPECT_TRUE(finished.err.contains("node2 has no armed watchdog")) << finished.err;
  EXPECT_FALSE(is_drained());
}

TEST_F(Drill, LetsAWatchdogResetAnEmptyHostAndBringsItsGuestsBack) {
  run_guests({"x1"});
  arm_watchdog();

  const Finished finished = drill({"--watchdog", "node2", "--yes"});

  EXPECT_EQ(finished.exit_status, exit_done) << finished.err;
  EXPECT_TRUE(finished.out.contains("node2 was seen to be gone")) << finished.out;
  EXPECT_TRUE(finished.out.contains("node2 is back after")) << finished.out;
  EXPECT_EQ(place("x1"), NodeId{2});
  EXPECT_FALSE(is_drained());
}

TEST_F(Drill, RefusesToResetTheHostOnWhichItIsTyped) {
  server.with_service(
      [](ServiceTwin& service) { service.apply(WatchdogArmed{NodeId{1}, 1, 10s}); });

  const Finished finished = drill({"--watchdog", "node1", "--yes"});

  EXPECT_EQ(finished.exit_status, exit_refused);
  EXPECT_TRUE(finished.err.contains("the host that you type on would be reset")) << finished.err;
}

TEST_F(Drill, SaysOfAWatchdogThatDoesNothingThatItMustNotBeCountedOn) {
  server.with_service([](ServiceTwin& service) {
    service.watchdogs_work = false;
    service.apply(WatchdogArmed{NodeId{2}, 1, 100ms});
  });

  const Finished finished = drill({"--watchdog", "node2", "--yes", "--json"});

  EXPECT_EQ(finished.exit_status, exit_refused);
  EXPECT_TRUE(finished.err.contains("has NOT reset its host")) << finished.err;
  EXPECT_TRUE(json::parse(finished.out).at("gone_ms").is_null());
  EXPECT_FALSE(is_drained());
}

}  // namespace
}  // namespace upbeat::cli
