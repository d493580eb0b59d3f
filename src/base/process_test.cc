// SPDX-License-Identifier: Apache-2.0
// A program runs to its end, with its input, output, status and time limit honoured.
#include "base/process.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "base/fd.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

TEST(Process, BringsBackOutputErrorAndStatus) {
  const auto finished = run({.argv = {"sh", "-c", "cat; echo oops >&2; exit 3"}, .input = "hello"});

  ASSERT_TRUE(finished) << finished.error().text;
  EXPECT_EQ(finished->out, "hello");
  EXPECT_EQ(finished->err, "oops\n");
  EXPECT_EQ(finished->exit_status, 3);
}

TEST(Process, FeedsMoreThanAPipeHolds) {
  const std::string much(1U << 20U, 'x');

  const auto finished = run({.argv = {"cat"}, .input = much});

  ASSERT_TRUE(finished) << finished.error().text;
  EXPECT_EQ(finished->out.size(), much.size());
}

TEST(Process, SurvivesAProgramThatReadsNoneOfItsInput) {
  const auto finished =
      run({.argv = {"sh", "-c", "exec <&-; echo done"}, .input = std::string(1U << 20U, 'x')});

  ASSERT_TRUE(finished) << finished.error().text;
  EXPECT_EQ(finished->out, "done\n");
}

TEST(Process, EndsAProgramAndItsChildrenWhenTheTimeIsUp) {
  const auto before = std::chrono::steady_clock::now();

  const auto finished = run({.argv = {"sh", "-c", "sleep 60 & sleep 60"}, .timeout = 100ms});

  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().text, "sh did not finish within 100 ms and was ended");
  EXPECT_LT(std::chrono::steady_clock::now() - before, 30s);
}

TEST(Process, EndsAProgramWhenItIsToldToStop) {
  const Fd stop(::eventfd(1, EFD_CLOEXEC));

  const auto open_streams = run({.argv = {"sleep", "60"}, .stop_fd = stop.get()});
  const auto closed_streams =
      run({.argv = {"sh", "-c", "exec >&- 2>&-; sleep 60"}, .stop_fd = stop.get()});

  ASSERT_FALSE(open_streams);
  EXPECT_EQ(open_streams.error().text, "sleep was stopped before its end");
  EXPECT_FALSE(closed_streams);
}

TEST(Process, NamesAProgramThatDoesNotExist) {
  const auto finished = run({.argv = {"no-such-program"}});

  ASSERT_FALSE(finished);
  EXPECT_NE(finished.error().text.find("cannot run no-such-program"), std::string::npos);
}

TEST(Process, CheckedRunTellsTheLastLineOfStandardError) {
  const auto out = run_checked({.argv = {"sh", "-c", "echo first >&2; echo last >&2; exit 1"}});

  ASSERT_FALSE(out);
  EXPECT_TRUE(out.error().text.ends_with("failed with status 1: last")) << out.error().text;
}

}  // namespace
}  // namespace upbeat
