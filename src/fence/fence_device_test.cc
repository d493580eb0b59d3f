// SPDX-License-Identifier: Apache-2.0
// Mistakes in the configuration of fence devices are found before a node must be fenced.
#include "fence/fence_device.h"

#include <gtest/gtest.h>

#include "fence/test_agent.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class Configuration : public testing::Test {
 protected:
  [[nodiscard]] std::string complaint() const {
    const auto good = check_devices({device});
    return good ? "" : good.error().text;
  }

  TestAgent agent;
  FenceDevice device = agent.device("node1", "1");
};

TEST_F(Configuration, IsTakenWhenItIsRight) { EXPECT_EQ(complaint(), ""); }

TEST_F(Configuration, MayNotNameAnAgentThatIsNotThere) {
  device.agent = "fence_of_dreams";

  EXPECT_EQ(complaint(),
            "cannot use fence device 'strip-1': there is no fence agent 'fence_of_dreams'; install "
            "the package fence-agents, or correct the name");
}

TEST_F(Configuration, MayNotGiveTwoNodesOneOutlet) {
  device.plugs["node2"] = {"1"};

  EXPECT_EQ(complaint(),
            "cannot use fence device 'strip-1': plug '1' is named twice, for node2 among "
            "others; give each node its own");
}

TEST_F(Configuration, MayNotNameTwoDevicesAlike) {
  const auto good = check_devices({device, device});

  ASSERT_FALSE(good);
  EXPECT_EQ(good.error().text,
            "cannot use fence device 'strip-1': there are two of that name; rename one");
}

TEST_F(Configuration, HasLimits) {
  device.retries = fence_retry_limit + 1;
  EXPECT_NE(complaint(), "");
  device.retries = 0;
  device.timeout = 1ms;
  EXPECT_NE(complaint(), "");
  device.timeout = 1h;
  EXPECT_NE(complaint(), "");
}

TEST_F(Configuration, HasLevelsFromOneToNine) {
  device.level = 9;
  EXPECT_EQ(complaint(), "");
  for (const int level : {0, 10}) {
    device.level = level;
    EXPECT_EQ(complaint(), "cannot use fence device 'strip-1': its level is " +
                               std::to_string(level) + "; set 1 to 9, the lowest is asked first");
  }
}

TEST_F(Configuration, MayGiveANodeSeveralOutletsButNotNone) {
  device.plugs["node1"] = {"1", "2"};
  EXPECT_EQ(complaint(), "");
  device.plugs["node1"] = {"1", "1"};
  EXPECT_NE(complaint().find("plug '1' is named twice"), std::string::npos) << complaint();
  device.plugs["node1"] = {};
  EXPECT_NE(complaint().find("node1 has 0 plugs; name 1 to 8"), std::string::npos) << complaint();
}

TEST_F(Configuration, MayNotNameASecretFileThatCannotBeRead) {
  device.options["community_file"] = "/nowhere/secret";

  EXPECT_NE(complaint().find("'strip-1': cannot read the file /nowhere/secret"), std::string::npos)
      << complaint();
}

}  // namespace
}  // namespace upbeat
