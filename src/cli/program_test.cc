// SPDX-License-Identifier: Apache-2.0
// The program against a server: what each command prints and how it ends, without waiting.
#include <boost/json.hpp>
#include <fstream>

#include "cli/exit_status.h"
#include "cli/program_run_test.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;

std::string text_of_error(const Finished& finished) {
  return std::string(json::parse(finished.out).at("error").as_string());
}

class Program : public testing::Test {
 protected:
  Finished upbeat(std::vector<std::string> words, const std::string& input = "") {
    return run_upbeat(server.socket_path, std::move(words), input);
  }
  void define(const std::string& name, int memory_mib = 256) {
    const Finished finished =
        upbeat({"vm", "define", "-"}, "<domain><name>" + name + "</name><memory>" +
                                          std::to_string(memory_mib) + "</memory></domain>");
    EXPECT_EQ(finished.exit_status, exit_done) << finished.err;
  }

  ThreadedServer server;
  TemporaryFolder folder;
};

TEST_F(Program, PrintsAnotherStatus) {
  const Finished finished = upbeat({"status"});
  EXPECT_EQ(finished.exit_status, exit_done) << finished.err;
  EXPECT_TRUE(finished.out.contains("NODE   STATE   VMS     FREE       OF\nnode1  online    0"))
      << finished.out;
  EXPECT_FALSE(finished.out.contains("\x1b"));
}

TEST_F(Program, PrintsOtherJsonThanTheApiGives) {
  EXPECT_EQ(json::parse(upbeat({"status", "--json"}).out).at("nodes").as_array().size(), 3U);
  EXPECT_EQ(json::parse(upbeat({"node", "list", "--json"}).out).at("nodes").as_array().size(), 3U);
  EXPECT_EQ(json::parse(upbeat({"node", "show", "node2", "--json"}).out).at("name"), "node2");
  EXPECT_TRUE(json::parse(upbeat({"vm", "list", "--json"}).out).at("vms").as_array().empty());
  EXPECT_FALSE(json::parse(upbeat({"events", "--json"}).out).at("events").as_array().empty());
  EXPECT_TRUE(json::parse(upbeat({"explain", "node1", "--json"}).out).at("vm").is_null());
}

TEST_F(Program, DefinesAVmWithoutItsPriorityOrText) {
  std::ofstream(folder.file("x0.xml")) << "<domain>\n<name>x0</name><memory>64</memory></domain>\n";
  EXPECT_EQ(upbeat({"vm", "define", folder.file("x0.xml"), "--priority", "-7"}).exit_status,
            exit_done);
  EXPECT_EQ(upbeat({"vm", "xml", "x0"}).out,
            "<domain>\n<name>x0</name><memory>64</memory></domain>\n");
  EXPECT_TRUE(upbeat({"vm", "list"}).out.contains("x0  stopped  64 MiB        -7"));
  EXPECT_EQ(json::parse(upbeat({"vm", "show", "x0", "--json"}).out).at("priority"), -7);
  EXPECT_TRUE(upbeat({"vm", "show", "x0"}).out.contains("It is wanted stopped."));
}

TEST_F(Program, DefinesWhatItCannotRead) {
  std::ofstream(folder.file("empty"));
  std::ofstream(folder.file("huge")) << std::string(600'000, 'x');
  const auto refuse = [&](const std::string& file, const std::string& why) {
    const Finished finished = upbeat({"vm", "define", folder.file(file)});
    EXPECT_EQ(finished.exit_status, exit_refused);
    EXPECT_EQ(finished.err,
              "upbeat: cannot read the definition " + folder.file(file) + ": " + why + "\n");
  };
  refuse("none", "No such file or directory");
  refuse("", "Is a directory");
  refuse("empty", "it is empty; it should hold libvirt domain XML");
  refuse("huge", "it is longer than 512 KiB");
}

TEST_F(Program, GivesARefusalAnotherStatusOrNoReason) {
  define("x0");
  const Finished again =
      upbeat({"vm", "define", "-"}, "<domain><name>x0</name><memory>256</memory></domain>");
  EXPECT_EQ(again.exit_status, exit_refused);
  EXPECT_TRUE(again.err.contains("defined already")) << again.err;
  const Finished too_large =
      upbeat({"vm", "define", "-"}, "<domain><name>x1</name><memory>9000</memory></domain>");
  EXPECT_TRUE(too_large.err.contains("the largest node")) << too_large.err;
  const Finished broken = upbeat({"vm", "define", "-", "--json"}, "<domain");
  EXPECT_EQ(broken.exit_status, exit_refused);
  EXPECT_TRUE(text_of_error(broken).contains("domain XML"));
}

TEST_F(Program, DefinesListsOrRemovesNoRule) {
  define("x0");
  define("x1");
  EXPECT_TRUE(upbeat({"rule", "list"}).out.starts_with("No rules: "));
  EXPECT_EQ(upbeat({"rule", "add", "db", "apart", "x0", "x1"}).out,
            "RULE  STATE  WHAT IT DOES\ndb    holds  keeps x0, x1 apart\n");
  const Finished added = upbeat(
      {"rule", "add", "gpu", "on", "--nodes", "node1,node2", "x0", "--best-effort", "--json"});
  EXPECT_EQ(added.exit_status, exit_done) << added.err;
  const json::value rules = json::parse(upbeat({"rule", "list", "--json"}).out).at("rules");
  EXPECT_EQ(rules.at(1).at("nodes"), json::parse(R"(["node1", "node2"])"));
  EXPECT_EQ(rules.at(1).at("strictness"), "best-effort");
  EXPECT_EQ(upbeat({"rule", "remove", "gpu"}).out, "rule gpu is removed\n");
  EXPECT_FALSE(upbeat({"rule", "list"}).out.contains("gpu"));
}

TEST_F(Program, ShowsOrSetsNoPolicy) {
  EXPECT_TRUE(upbeat({"policy", "show"}).out.contains("failback                 stay "));
  EXPECT_TRUE(upbeat({"policy", "set", "failback", "return"}).out.contains(" return "));
  EXPECT_EQ(upbeat({"policy", "set", "restart_tries_here", "7"}).exit_status, exit_done);
  const json::value policy = json::parse(upbeat({"policy", "show", "--json"}).out);
  EXPECT_EQ(policy.at("restart_tries_here"), 7);
  EXPECT_EQ(policy.at("failback"), "return");
  const Finished wrong = upbeat({"policy", "set", "on_shutdown", "panic"});
  EXPECT_EQ(wrong.exit_status, exit_refused);
  EXPECT_TRUE(wrong.err.contains("must be one of migrate, restart, hold")) << wrong.err;
  define("x0");
  EXPECT_EQ(upbeat({"vm", "failback", "x0", "return"}).out, "the failback of x0 is return\n");
  EXPECT_EQ(json::parse(upbeat({"vm", "show", "x0", "--json"}).out).at("failback"), "return");
}

TEST_F(Program, FindsNamesThatAreNotThere) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"vm", "start", "x9"},
        {"vm", "stop", "x9"},
        {"vm", "migrate", "x9"},
        {"vm", "remove", "x9"},
        {"vm", "show", "x9"},
        {"vm", "xml", "x9"},
        {"drain", "node9"},
        {"undrain", "node9"},
        {"node", "show", "node9"},
        {"node", "confirm-off", "node9", "--yes"},
        {"vm", "failback", "x9", "stay"},
        {"rule", "remove", "r9"},
        {"rule", "add", "r9", "on", "x9", "--nodes", "node1"},
        {"explain", "node9"}}) {
    const Finished finished = upbeat(words);
    EXPECT_EQ(finished.exit_status, exit_refused) << words.front();
    EXPECT_TRUE(finished.err.starts_with("upbeat: ")) << finished.err;
    EXPECT_TRUE(finished.err.contains("no VM") || finished.err.contains("no node") ||
                finished.err.contains("no rule"))
        << finished.err;
    EXPECT_EQ(finished.out, "");
  }
}

TEST_F(Program, TakesABrokenCommandLine) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"drain"},
                                                {"fly"},
                                                {"vm"},
                                                {"status", "--loud"},
                                                {"vm", "define", "x", "--priority", "high"},
                                                {"drain", "node1", "--timeout", "-1"},
                                                {"policy", "set", "colour", "red"},
                                                {"rule", "add", "r", "near", "x0"},
                                                {"events", "--limit", "1001"}}) {
    const Finished finished = run_upbeat("", words);
    EXPECT_EQ(finished.exit_status, exit_usage) << words.front();
    EXPECT_FALSE(finished.err.empty());
  }
}

TEST_F(Program, HasNoWordForADaemonThatIsNotThere) {
  const std::string path = folder.file("none.sock");
  const std::string sentence = "cannot reach upbeatd on " + path +
                               ": no daemon answers there; `systemctl start upbeatd` starts it";
  const Finished finished = run_upbeat(path, {"status", "--json"});
  EXPECT_EQ(finished.exit_status, exit_unreachable);
  EXPECT_EQ(finished.err, "upbeat: " + sentence + "\n");
  EXPECT_EQ(text_of_error(finished), sentence);
}

TEST_F(Program, LetsOthersThanRootInOrLeavesThemWithoutAWord) {
  if (::geteuid() != 0) {
    EXPECT_EQ(::access(server.socket_path.c_str(), R_OK | W_OK), 0) << "it is our own";
    return;
  }
  ::chmod(folder.file("").c_str(), 0755);
  const std::string folder_of_socket =
      std::filesystem::path(server.socket_path).parent_path().string();
  ::chmod(folder_of_socket.c_str(), 0755);
  const auto finished = run({.argv = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                      UPBEAT_PROGRAM, "status", "--socket", server.socket_path}});
  ASSERT_TRUE(finished) << finished.error().text;
  EXPECT_EQ(finished->exit_status, exit_unreachable) << finished->err;
  EXPECT_TRUE(finished->err.contains("only root may speak to it; try sudo")) << finished->err;
}

TEST_F(Program, ForgetsTheSocketOfTheEnvironment) {
  const auto finished = run(
      {.argv = {"env", "UPBEAT_SOCKET=" + server.socket_path, UPBEAT_PROGRAM, "status", "--json"}});
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->exit_status, exit_done) << finished->err;
}

TEST_F(Program, ShowsOtherEventsThanAskedFor) {
  define("x0");
  const Finished all = upbeat({"events", "--subject", "x0"});
  EXPECT_TRUE(all.out.ends_with("  x0  was defined (256 MiB)\n")) << all.out;
  EXPECT_EQ(upbeat({"events", "--limit", "0"}).out, "");
  EXPECT_EQ(upbeat({"events", "--after", "999999"}).out, "");
}

TEST_F(Program, FollowsOnlyThePast) {
  define("x0");
  OnTerminal follower(server.socket_path, {"events", "--follow", "--subject", "x0"});
  ASSERT_TRUE(follower.wait_for("was defined (256 MiB)")) << follower.printed;
  EXPECT_EQ(upbeat({"vm", "remove", "x0"}).exit_status, exit_done);
  EXPECT_TRUE(follower.wait_for("was removed")) << follower.printed;
  follower.type("\x03");
  EXPECT_EQ(follower.end(), exit_interrupted);
}

TEST_F(Program, TakesAnUnconfirmedWordThatANodeIsOff) {
  const Finished unconfirmed = upbeat({"node", "confirm-off", "node1"});
  EXPECT_EQ(unconfirmed.exit_status, exit_usage);
  EXPECT_TRUE(unconfirmed.err.contains("add --yes")) << unconfirmed.err;
  OnTerminal asked(server.socket_path, {"node", "confirm-off", "node1"});
  ASSERT_TRUE(asked.wait_for("to confirm: ")) << asked.printed;
  asked.type("node2\n");
  EXPECT_EQ(asked.end(), exit_refused);
  EXPECT_TRUE(asked.printed.contains("nothing was confirmed"));
}

TEST_F(Program, RefusesAConfirmedWordOrForgetsWhoGaveIt) {
  server.with_service([](ServiceTwin& service) {
    service.fencing_works = false;
    service.cut_power(NodeId{3});
  });
  const Finished finished = upbeat({"node", "confirm-off", "node3", "--who", "anna", "--yes"});
  EXPECT_EQ(finished.exit_status, exit_done) << finished.err;
  EXPECT_TRUE(upbeat({"status"}).out.contains("off")) << upbeat({"status"}).out;
  EXPECT_TRUE(upbeat({"explain", "node3"}).out.contains("anna says so"));
}

TEST_F(Program, ColoursATerminalThatWantsNone) {
  OnTerminal coloured(server.socket_path, {"status"});
  EXPECT_EQ(coloured.end(), exit_done);
  EXPECT_TRUE(coloured.printed.contains("\x1b[32monline\x1b[0m")) << coloured.printed;
  ::setenv("NO_COLOR", "1", 1);
  OnTerminal plain(server.socket_path, {"status"});
  ::unsetenv("NO_COLOR");
  EXPECT_EQ(plain.end(), exit_done);
  EXPECT_FALSE(plain.printed.contains("\x1b")) << plain.printed;
}

}  // namespace
}  // namespace upbeat::cli
