// SPDX-License-Identifier: Apache-2.0
// `upbeat simulate --from-cluster` against a server: what it prints, how it ends, and that it
// changes nothing.
#include <boost/json.hpp>

#include "cli/exit_status.h"
#include "cli/program_run_test.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;

class WhatIfProgram : public testing::Test {
 protected:
  Finished upbeat(std::vector<std::string> words) {
    return run_upbeat(server.socket_path, std::move(words));
  }
  Finished ask(std::vector<std::string> words) {
    words.insert(words.begin(), {"simulate", "--from-cluster"});
    return upbeat(std::move(words));
  }
  void run_vm(const std::string& name, int memory_mib) {
    const auto xml = "<domain><name>" + name + "</name><memory>" + std::to_string(memory_mib) +
                     "</memory></domain>";
    run_upbeat(server.socket_path, {"vm", "define", "-"}, xml);
    EXPECT_EQ(upbeat({"vm", "start", name}).exit_status, exit_done) << name;
  }
  std::string node_of(const std::string& vm) {
    return std::string(
        json::parse(upbeat({"vm", "show", vm, "--json"}).out).at("node").as_string());
  }
  /// All that is not time: that goes on.
  std::string cluster() {
    auto vms = json::parse(upbeat({"vm", "list", "--json"}).out);
    return json::serialize(vms) + upbeat({"node", "list"}).out + upbeat({"events"}).out;
  }

  ThreadedServer server;  ///< node1 to node3, 896 MiB each
};

TEST_F(WhatIfProgram, TellsNotWhoBootsElsewhereOrChangesSomething) {
  run_vm("x0", 256);
  const auto before = cluster();
  const auto host = node_of("x0");
  const Finished finished = ask({"--what", "cut " + host});
  EXPECT_EQ(finished.exit_status, exit_done) << finished.err;
  EXPECT_TRUE(finished.out.starts_with("VM  FROM   TO     HOW        OUT FOR\nx0  " + host + "  "))
      << finished.out;
  EXPECT_TRUE(finished.out.contains("  restarted  ")) << finished.out;
  EXPECT_TRUE(finished.out.contains(host + " is proved off after ")) << finished.out;
  EXPECT_TRUE(finished.out.contains("Nothing was changed.")) << finished.out;
  EXPECT_EQ(cluster(), before);
}

TEST_F(WhatIfProgram, HidesFromScriptsThatAVmWouldStayDown) {
  run_vm("x0", 800);
  run_vm("x1", 800);
  run_vm("x2", 800);
  const Finished finished = ask({"--what", "cut node1", "--json"});
  EXPECT_EQ(finished.exit_status, exit_would_be_down) << finished.err;
  const auto answer = json::parse(finished.out);
  EXPECT_EQ(answer.at("vms").as_array().size(), 1U);
  EXPECT_EQ(answer.at("vms").at(0).at("how"), "down");
  EXPECT_TRUE(json::serialize(answer.at("vms").at(0).at("why")).contains("needs 800 MiB"));
  EXPECT_FALSE(answer.at("log").as_array().empty());
}

TEST_F(WhatIfProgram, TakesSeveralCommandsForOne) {
  run_vm("x0", 256);
  const Finished finished =
      ask({"--what", "cut node1; cut node2", "--what", "drain node3", "--json"});
  const auto answer = json::parse(finished.out);
  EXPECT_EQ(answer.at("commands").as_array().size(), 3U);
  EXPECT_EQ(answer.at("quorate"), false);
}

TEST_F(WhatIfProgram, PrintsTheLogUnasked) {
  EXPECT_FALSE(ask({"--what", "drain node2"}).out.contains("  >  "));
  const Finished finished = ask({"--what", "drain node2", "--log"});
  EXPECT_TRUE(finished.out.contains("0.000  >  ") || finished.out.contains("0.000  >"))
      << finished.out;
  EXPECT_TRUE(finished.out.contains("drain node2: granted")) << finished.out;
}

TEST_F(WhatIfProgram, TakesNonsense) {
  const auto refuse = [&](const std::vector<std::string>& words, int status,
                          const std::string& why) {
    const Finished finished = run_upbeat(server.socket_path, words);
    EXPECT_EQ(finished.exit_status, status) << finished.out;
    EXPECT_TRUE(finished.err.contains(why)) << finished.err;
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  };
  refuse({"simulate", "--what", "cut node1"}, exit_usage, "add --from-cluster");
  refuse({"simulate", "--log", "--seed", "1"}, exit_usage, "add --from-cluster");
  refuse({"simulate", "--from-cluster"}, exit_usage, "say with --what");
  refuse({"simulate", "--from-cluster", "--what", " ; "}, exit_usage, "one to 100 commands");
  refuse({"simulate", "--from-cluster", "--seed", "1", "--what", "cut node1"}, exit_usage,
         "name a SCENARIO.toml, or");
  refuse({"simulate", "--from-cluster", "--what", "cut node9"}, exit_usage,
         "there is no node 'node9'");
  refuse({"simulate", "--from-cluster", "--what", "explode node1"}, exit_usage, "is no command");
}

TEST_F(WhatIfProgram, TrustsADaemonThatKnowsNothingNew) {
  server.with_service([](ServiceTwin& service) {
    service.daemon_status.quorate = false;
    service.daemon_status.trouble = "it is in a part of the cluster without quorum";
  });
  const Finished finished = ask({"--what", "cut node1"});
  EXPECT_EQ(finished.exit_status, exit_refused);
  EXPECT_EQ(finished.err,
            "upbeat: cannot tell what would happen: this node does not know how the cluster stands "
            "now (it is in a part of the cluster without quorum); ask on a node that has quorum\n");
}

TEST_F(WhatIfProgram, FindsADaemonWhereThereIsNone) {
  const Finished finished =
      run_upbeat("/nowhere/api.sock", {"simulate", "--from-cluster", "--what", "cut node1"});
  EXPECT_EQ(finished.exit_status, exit_unreachable);
  EXPECT_TRUE(finished.err.contains("no daemon answers there")) << finished.err;
}

}  // namespace
}  // namespace upbeat::cli
