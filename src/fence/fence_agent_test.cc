// SPDX-License-Identifier: Apache-2.0
// One run of an agent: what counts as an answer, and where secrets go.
#include "fence/fence_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fence/test_agent.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class OneRun : public testing::Test {
 protected:
  OneRun() {
    run.agent = agent.directory + "/agent";
    agent.set("1", PowerState::on);
  }

  TestAgent agent;
  AgentRun run{.device = "strip",
               .options = {{"ip", agent.directory}, {"plug", "1"}, {"password", "sesame"}}};
};

TEST_F(OneRun, GivesSecretsOnStandardInputAndNowhereElse) {
  ASSERT_TRUE(ask_agent(run));

  const auto seen = agent.read("seen");
  const auto elsewhere = seen.substr(seen.find("command line:"));
  EXPECT_THAT(seen, HasSubstr("password=sesame\n"));
  EXPECT_THAT(elsewhere, HasSubstr("/agent"));
  EXPECT_THAT(elsewhere, HasSubstr("PATH="));
  EXPECT_THAT(elsewhere, Not(HasSubstr("sesame")));
}

TEST_F(OneRun, ShowsNoSecretThatTheAgentSays) {
  agent.write("chat", "first line\nUnable to log in with 'sesame'\n\nPlease use '-h' for usage\n");
  agent.break_plug("1", "chatty");

  const auto state = ask_agent(run);

  ASSERT_FALSE(state);
  EXPECT_THAT(state.error().text, HasSubstr("fence device 'strip'"));
  EXPECT_THAT(state.error().text, HasSubstr("said: Unable to log in with '***'; check"));
}

TEST_F(OneRun, TakesExitStatus2WithoutTheWordOffForNoProof) {
  for (const char* fault : {"usage", "nothing"}) {
    agent.break_plug("1", fault);

    const auto state = ask_agent(run);

    ASSERT_FALSE(state) << fault;
    EXPECT_THAT(state.error().text, HasSubstr("an answer to 'status' that is none"));
  }
}

TEST_F(OneRun, TakesNoOnThatExitsAsOffForAProof) {
  agent.write("agent", "#!/bin/sh\necho Status: ON\nexit 2\n");

  EXPECT_FALSE(ask_agent(run));
}

TEST_F(OneRun, TellsTheSignalThatEndedTheAgent) {
  agent.write("agent", "#!/bin/sh\nkill -9 $$\n");

  EXPECT_THAT(ask_agent(run).error().text, HasSubstr("was ended by signal 9 and said nothing"));
}

TEST_F(OneRun, EndsAnAgentThatTakesTooLong) {
  agent.break_plug("1", "slow");
  run.timeout = 200ms;
  const auto before = std::chrono::steady_clock::now();

  const auto state = ask_agent(run);

  ASSERT_FALSE(state);
  EXPECT_THAT(state.error().text, HasSubstr("did not finish within 200 ms"));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 20s);
}

TEST_F(OneRun, NamesAnAgentThatDoesNotExist) {
  run.agent = "fence_of_dreams";

  EXPECT_EQ(ask_agent(run).error().text,
            "fence device 'strip': there is no fence agent 'fence_of_dreams'; install the package "
            "fence-agents, or correct the name");
}

TEST_F(OneRun, RunsNoProgramByARelativePath) { EXPECT_FALSE(find_agent("../agent")); }

/// The stock agents of the distribution, by the same calls.
class StockAgent : public OneRun {
 protected:
  StockAgent() {
    run = {.device = "dummy",
           .agent = "fence_dummy",
           .options = {{"status_file", agent.directory + "/1"}, {"nodename", "node1"}}};
  }
};

TEST_F(StockAgent, SwitchesOffAndOnAndTellsSo) {
  agent.write("1", "on");

  for (const auto action : {PowerAction::off, PowerAction::on}) {
    const auto told = tell_agent(run, action);
    ASSERT_TRUE(told) << told.error().text;
    EXPECT_EQ(ask_agent(run),
              Result<PowerState>(action == PowerAction::on ? PowerState::on : PowerState::off));
  }
}

TEST_F(StockAgent, TellsWhatAnOptionIsMissing) {
  run.agent = "fence_apc_snmp";
  run.options = {{"plug", "1"}};

  EXPECT_THAT(ask_agent(run).error().text, HasSubstr("You have to enter fence address"));
}

}  // namespace
}  // namespace upbeat
