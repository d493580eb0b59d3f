// SPDX-License-Identifier: Apache-2.0
// Programs of the owner's: what their ends mean.
#include "health/program_check.h"

#include <gtest/gtest.h>

#include "health/test_folder.h"

namespace upbeat {
namespace {

class Programs : public testing::Test {
 protected:
  [[nodiscard]] Seen look(const std::string& script) const {
    return look_by({.name = "raid",
                    .command = {folder_.program("check-raid", script)},
                    .timeout = std::chrono::seconds(1)},
                   -1);
  }

  TestFolder folder_;
};

TEST_F(Programs, ThatSucceedFindTheHostWell) {
  const auto seen = look("echo all is well");
  EXPECT_EQ(seen.findings.at(0), (Finding{"raid", Health::well, ""}));
  EXPECT_EQ(seen.trouble, "");
}

TEST_F(Programs, ThatFailGiveTheFirstLineAsTheReason) {
  EXPECT_EQ(look("printf '\\n  md0 is \\033[1mdegraded\\n2 of 3\\n'; echo more >&2; exit 1")
                .findings.at(0),
            (Finding{"raid", Health::ill, "raid: md0 is  [1mdegraded"}));
  EXPECT_EQ(look("echo md0 is gone >&2; exit 2").findings.at(0).why, "raid: md0 is gone");
  EXPECT_EQ(look("exit 3").findings.at(0).why, "raid: status 3");
}

TEST_F(Programs, ThatTalkWithoutEndAreCutShort) {
  const auto seen = look("yes degraded | head -c 100000 | tr '\\n' ' '; exit 1");
  EXPECT_EQ(seen.findings.at(0).health, Health::ill);
  EXPECT_LT(seen.findings.at(0).why.size(), 250U);
}

TEST_F(Programs, ThatDoNotJudgeAreATroubleAndNoIllness) {
  const auto path = folder_.path() + "/check-raid";
  const auto hangs = look("sleep 60");
  EXPECT_EQ(hangs.findings.at(0).health, Health::unknown);
  EXPECT_EQ(hangs.trouble, "cannot tell how this host is by [health.raid]: " + path +
                               " did not finish within 1000 ms and was ended");
  const auto killed = look("kill -9 $$");
  EXPECT_EQ(killed.findings.at(0).health, Health::unknown);
  EXPECT_TRUE(killed.trouble.contains("ended with status 137")) << killed.trouble;
  const auto missing = look_by({.name = "raid", .command = {"/nowhere/check"}}, -1);
  EXPECT_EQ(missing.findings.at(0).health, Health::unknown);
  EXPECT_TRUE(missing.trouble.contains("cannot run /nowhere/check")) << missing.trouble;
}

}  // namespace
}  // namespace upbeat
