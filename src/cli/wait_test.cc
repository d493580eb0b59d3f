// SPDX-License-Identifier: Apache-2.0
// Commands that wait: what they show meanwhile, when they end, and with which status.
#include <boost/json.hpp>

#include "cli/exit_status.h"
#include "cli/program_run_test.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

/// A cluster of three nodes with x0 (256 MiB) and x1 (128 MiB) running.
class Waiting : public testing::Test {
 protected:
  explicit Waiting(TwinWorld world = {}) : server(std::move(world)) {
    server.with_service([](ServiceTwin& service) {
      service.run_vm("x0", 256);
      service.run_vm("x1", 128);
    });
    for (const char* vm : {"x0", "x1"})
      EXPECT_EQ(upbeat({"vm", "start", vm}).exit_status, exit_done);
  }
  Finished upbeat(const std::vector<std::string>& words) {
    return run_upbeat(server.socket_path, words);
  }
  std::string node_of(const std::string& vm) {
    const json::value record = json::parse(upbeat({"vm", "show", vm, "--json"}).out);
    return std::string(record.at("node").as_string());
  }

  ThreadedServer server;
};

TEST_F(Waiting, EndsADrainBeforeTheNodeIsEmpty) {
  const std::string node = node_of("x0");
  const Finished finished = upbeat({"drain", node, "--why", "new fan"});
  EXPECT_EQ(finished.exit_status, exit_done) << finished.err;
  EXPECT_TRUE(finished.out.contains(node + " is to be drained (new fan)\n")) << finished.out;
  EXPECT_TRUE(finished.out.contains("x0 moved live from " + node)) << finished.out;
  EXPECT_TRUE(finished.out.contains(node + " is drained: no VM is left on it (")) << finished.out;
  EXPECT_NE(node_of("x0"), node);
  EXPECT_EQ(upbeat({"undrain", node}).out, node + " takes VMs again\n");
}

TEST_F(Waiting, BeginsOrEndsNoMaintenance) {
  const std::string node = node_of("x0");
  const Finished finished = upbeat({"maintenance", node, "on", "--why", "new fan"});
  EXPECT_EQ(finished.exit_status, exit_done) << finished.err;
  EXPECT_TRUE(finished.out.contains(node + " is in maintenance: no VM is left on it ("))
      << finished.out;
  EXPECT_TRUE(upbeat({"status"}).out.contains("maintenance (new fan), since"));
  EXPECT_EQ(upbeat({"maintenance", node, "off"}).out, node + " takes VMs again\n");
  EXPECT_EQ(upbeat({"maintenance", node, "off"}).exit_status, exit_refused);
  EXPECT_EQ(upbeat({"maintenance", node, "perhaps"}).exit_status, exit_usage);
}

TEST_F(Waiting, PrintsMoreThanOneJsonValue) {
  const Finished finished = upbeat({"drain", node_of("x0"), "--json"});
  EXPECT_EQ(finished.exit_status, exit_done);
  const json::value result = json::parse(finished.out);
  EXPECT_EQ(result.at("done"), true);
  EXPECT_GE(result.at("waited_ms").as_int64(), 0);
}

TEST_F(Waiting, WaitsThoughToldNotTo) {
  const Finished finished = upbeat({"vm", "stop", "x0", "--no-wait", "--json"});
  EXPECT_EQ(finished.exit_status, exit_done);
  EXPECT_TRUE(json::parse(finished.out).as_object().contains("index"));
}

TEST_F(Waiting, StopsStartsMovesAndRemovesWithoutAWord) {
  const Finished moved = upbeat({"vm", "migrate", "x0"});
  EXPECT_EQ(moved.exit_status, exit_done) << moved.err;
  EXPECT_TRUE(moved.out.contains(", paused for 12 ms (")) << moved.out;
  EXPECT_TRUE(upbeat({"vm", "stop", "x0"}).out.contains("x0 is stopped ("));
  EXPECT_TRUE(upbeat({"vm", "start", "x0"}).out.contains("x0 runs on node"));
  EXPECT_TRUE(upbeat({"vm", "remove", "x0", "--force"}).out.contains("x0 is removed ("));
  EXPECT_EQ(upbeat({"vm", "show", "x0"}).exit_status, exit_refused);
}

TEST_F(Waiting, MovesToAnotherNodeThanAskedFor) {
  const std::string target = node_of("x0") == "node3" ? "node2" : "node3";
  EXPECT_EQ(upbeat({"vm", "migrate", "x0", target}).exit_status, exit_done);
  EXPECT_EQ(node_of("x0"), target);
  const Finished again = upbeat({"vm", "migrate", "x0", target});
  EXPECT_EQ(again.exit_status, exit_refused);
  EXPECT_TRUE(again.err.contains("already")) << again.err;
}

TEST_F(Waiting, StartsOverACommandForAVmWithoutRoomOrHidesWhatItWaitsFor) {
  server.with_service([](ServiceTwin& service) {
    for (const char* vm : {"y1", "y2"}) service.run_vm(vm, 800);
    return 0;
  });
  const Finished finished = upbeat({"vm", "start", "y2", "--timeout", "0.3"});
  const Finished others = upbeat({"vm", "list"});
  EXPECT_TRUE(others.out.contains("waiting")) << others.out;
  EXPECT_TRUE(others.out.contains("needs 800 MiB")) << others.out;
  EXPECT_EQ(finished.exit_status, exit_timeout) << finished.out << others.out;
}

TEST_F(Waiting, GoesOnForEverWhenTheDaemonEnds) {
  server.with_service([](ServiceTwin& service) { service.never_arrive.insert("x0"); });
  OnTerminal waiting(server.socket_path, {"vm", "migrate", "x0"});
  ASSERT_TRUE(waiting.wait_for("%")) << waiting.printed;
  server.stop_server();
  EXPECT_EQ(waiting.end(), exit_unreachable) << waiting.printed;
}

TEST_F(Waiting, ShowsADrainWithoutBarOrLeavesItsBlockBehind) {
  const std::string node = node_of("x0");
  OnTerminal drain(server.socket_path, {"drain", node});
  EXPECT_EQ(drain.end(), exit_done);
  EXPECT_TRUE(
      drain.printed.contains("[#####-----]  50 %  128 MiB left  200 MiB/s  "
                             "640 ms to go"))
      << drain.printed;
  EXPECT_TRUE(drain.printed.contains("\x1b[J")) << drain.printed;
  EXPECT_TRUE(drain.printed.contains("is drained")) << drain.printed;
}

TEST_F(Waiting, TakesTheDrainAlongWhenSomebodyLeaves) {
  server.with_service([](ServiceTwin& service) { service.never_arrive.insert("x0"); });
  const std::string node = node_of("x0");
  OnTerminal drain(server.socket_path, {"drain", node});
  ASSERT_TRUE(drain.wait_for("no end in sight")) << drain.printed;
  drain.type("\x03");
  EXPECT_EQ(drain.end(), exit_interrupted);
  EXPECT_TRUE(drain.printed.contains("the drain goes on; `upbeat undrain " + node + "` stops it"))
      << drain.printed;
  EXPECT_TRUE(upbeat({"status"}).out.contains("draining"));
}

TEST_F(Waiting, HidesWhatADrainHasWaitedForAllAlong) {
  const std::string node = node_of("x0");
  server.with_service([](ServiceTwin& service) { service.start_behind_our_back("x0"); });
  const Finished finished = upbeat({"drain", node, "--timeout", "0.3"});
  EXPECT_EQ(finished.exit_status, exit_timeout) << finished.out << finished.err;
  EXPECT_TRUE(finished.out.contains("x0 alarm, waits: it was seen running on")) << finished.out;
  EXPECT_TRUE(finished.err.contains("the drain goes on")) << finished.err;
}

TEST_F(Waiting, OutlastsItsTimeOut) {
  server.with_service([](ServiceTwin& service) { service.never_arrive.insert("x0"); });
  const Finished finished = upbeat({"vm", "migrate", "x0", "--timeout", "0.2"});
  EXPECT_EQ(finished.exit_status, exit_timeout) << finished.err;
  EXPECT_TRUE(finished.err.contains("the migration goes on")) << finished.err;
}

TEST_F(Waiting, CallsAGivenUpStartDone) {
  server.with_service([](ServiceTwin& service) { service.fail_to_start.insert("y0"); });
  server.with_service([](ServiceTwin& service) { service.run_vm("y0", 16); });
  // The tries are some cluster seconds apart.
  server.with_service([](ServiceTwin& service) { service.hurry(50); });
  const Finished finished = upbeat({"vm", "start", "y0"});
  EXPECT_EQ(finished.exit_status, exit_refused) << finished.out;
  EXPECT_TRUE(finished.err.contains("its disk is not there")) << finished.err;
}

TEST_F(Waiting, DrainsTheLastNode) {
  EXPECT_EQ(upbeat({"drain", "node1"}).exit_status, exit_done);
  EXPECT_EQ(upbeat({"drain", "node2"}).exit_status, exit_done);
  const Finished last = upbeat({"drain", "node3"});
  EXPECT_EQ(last.exit_status, exit_refused);
  EXPECT_TRUE(last.err.contains("last node")) << last.err;
}

TEST_F(Waiting, SaysThatARefusalForLackOfQuorumIsTheUsersFault) {
  server.with_service([](ServiceTwin& service) {
    service.daemon_status.quorate = false;
    service.daemon_status.trouble = "it has no quorum: 1 of 3 nodes is here";
    service.refusal = "cannot drain node1: this node has no quorum; bring the others back";
  });
  const Finished finished = upbeat({"drain", "node1"});
  EXPECT_EQ(finished.exit_status, exit_refused);
  EXPECT_TRUE(finished.err.contains("no quorum")) << finished.err;
  EXPECT_TRUE(upbeat({"status"}).out.contains("Trouble: it has no quorum")) << finished.err;
}

}  // namespace
}  // namespace upbeat::cli
