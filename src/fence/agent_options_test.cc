// SPDX-License-Identifier: Apache-2.0
// Options reach the agent line by line, and secrets no text.
#include "fence/agent_options.h"

#include <gtest/gtest.h>

#include "fence/test_agent.h"

namespace upbeat {
namespace {

TEST(AgentOptions, GivesAnOptionThatNamesAFileTheContentOfThatFile) {
  const TestAgent files;
  files.write("secret", "pass word=1\n");

  const auto options =
      read_options({{"password_file", files.directory + "/secret"}, {"identity_file", "/key"}});

  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(as_input(*options), "identity_file=/key\npassword=pass word=1\n");
}

TEST(AgentOptions, NamesTheFileThatCannotBeRead) {
  const auto options = read_options({{"password_file", "/nowhere/secret"}});

  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().text,
            "cannot read the file /nowhere/secret that its option password_file names: No such "
            "file or directory; make it, readable by root alone");
}

TEST(AgentOptions, RefusesWhatWouldBecomeALineOfItsOwn) {
  EXPECT_FALSE(read_options({{"ip", "10.0.0.1\naction=on"}}));
  EXPECT_FALSE(read_options({{"ip=1\naction", "on"}}));
  EXPECT_FALSE(read_options({{"", "on"}}));
}

TEST(AgentOptions, RefusesWhatUpbeatSetsByItself) {
  const auto options = read_options({{"port", "3"}});

  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().text,
            "its option port is set by Upbeat itself; remove it and name the node's outlet in "
            "'plugs'");
}

TEST(AgentOptions, RefusesASecretThatIsGivenTwice) {
  const TestAgent files;
  files.write("secret", "x");

  EXPECT_FALSE(read_options({{"passwd", "y"}, {"passwd-file", files.directory + "/secret"}}));
}

TEST(AgentOptions, HidesSecretsInEverySpellingOfTheAgents) {
  const AgentOptions options{{"password", "it's\\so"}, {"community", "pub"}};

  EXPECT_EQ(redact("-c 'pub' -A 'it'\\''s\\so' \"it's\\\\so\" it's\\so", options),
            "-c '***' -A '***' \"***\" ***");
}

TEST(AgentOptions, HidesTheValueOfAMisspelledSecret) {
  EXPECT_EQ(redact("Ignoring unknown option 'pswd=sesame'", {{"pswd", "sesame"}}),
            "Ignoring unknown option 'pswd=***'");
}

TEST(AgentOptions, HidesTheLongerOfTwoSecretsWhole) {
  EXPECT_EQ(redact("sesame-open", {{"passwd", "sesame"}, {"snmp_priv_passwd", "sesame-open"}}),
            "***");
}

TEST(AgentOptions, HidesASecretWhoseTabsBecomeBlanks) {
  EXPECT_EQ(redact("open a\tb", {{"password", "a\tb"}}), "open ***");
  EXPECT_EQ(redact("open a\nb", {{"password", "a b"}}), "open ***");
}

TEST(AgentOptions, LetsNoControlCharacterThroughAndCutsNoCharacterInTwo) {
  EXPECT_EQ(redact("a\x7f"
                   "b\x1b[31mc\xff",
                   {}),
            "a b [31mc\uFFFD");
  EXPECT_EQ(redact(std::string(299, 'x') + "ü", {}), std::string(299, 'x') + "…");
}

TEST(AgentOptions, LeavesAddressesReadableAndTextsShort) {
  EXPECT_EQ(redact("no route to 10.0.0.1\tplug 3", {{"ip", "10.0.0.1"}, {"plug", "3"}}),
            "no route to 10.0.0.1 plug 3");
  EXPECT_LT(redact(std::string(5000, 'x'), {}).size(), 310U);
}

}  // namespace
}  // namespace upbeat
