// SPDX-License-Identifier: Apache-2.0
// The prober against the loopback device, which every machine has.
#include "measure/prober.h"

#include <gtest/gtest.h>

#include <thread>

#include "measure/statistics.h"

namespace upbeat::measure {
namespace {

using namespace std::chrono_literals;

TEST(Prober, ProbesEachTargetAtTheRateAndMissesNoAnswer) {
  auto prober = Prober::start({{"a", "127.0.0.1"}, {"b", "127.0.0.2"}}, {.rate_per_s = 200});
  ASSERT_TRUE(prober) << prober.error().text;

  std::this_thread::sleep_for(1s);
  (*prober)->stop();

  for (const std::size_t target : {0U, 1U}) {
    const auto series = (*prober)->series(target);
    const auto summary = summarize(series, {});
    EXPECT_GT(summary.sent, 150U);
    EXPECT_LE(summary.sent, 205U);
    EXPECT_GE(summary.answered + 1, summary.sent);
    EXPECT_EQ(summary.duplicates, 0U);
    EXPECT_EQ(series.unsendable, 0U);
    EXPECT_TRUE((*prober)->last_answer(target));
  }
}

TEST(Prober, TellsOnlyOfProbesSinceTheMomentAskedFor) {
  auto prober = Prober::start({{"a", "127.0.0.1"}}, {.rate_per_s = 500});
  ASSERT_TRUE(prober) << prober.error().text;

  std::this_thread::sleep_for(200ms);
  const auto since = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(100ms);
  (*prober)->stop();

  const auto series = (*prober)->series(0, since);
  const auto all = (*prober)->series(0);
  ASSERT_FALSE(series.probes.empty());
  EXPECT_GE(series.probes.front().sent, since);
  EXPECT_LT(series.probes.size(), all.probes.size());
}

TEST(Prober, TwoProbersDoNotTakeEachOthersAnswers) {
  auto one = Prober::start({{"a", "127.0.0.1"}}, {.rate_per_s = 200});
  auto other = Prober::start({{"a", "127.0.0.1"}}, {.rate_per_s = 200});
  ASSERT_TRUE(one && other);

  std::this_thread::sleep_for(300ms);
  (*one)->stop();
  (*other)->stop();

  EXPECT_TRUE((*one)->series(0).duplicates.empty());
  EXPECT_TRUE((*other)->series(0).duplicates.empty());
}

TEST(Prober, RefusesWhatCannotBeProbedAndSaysWhatCan) {
  EXPECT_EQ(Prober::start({{"x0", "nowhere"}}, {}).error().text,
            "cannot probe x0: 'nowhere' is no IPv4 address such as 10.0.0.1");
  EXPECT_EQ(Prober::start({{"x0", "127.0.0.1"}}, {.rate_per_s = 0}).error().text,
            "cannot probe 0 times a second: give a rate from 1 to 1000");
  EXPECT_EQ(Prober::start({}, {}).error().text, "cannot probe 0 targets: give 1 to 256");
}

TEST(Prober, NamesANamespaceThatDoesNotExist) {
  const auto prober =
      Prober::start({{"x0", "127.0.0.1"}}, {.netns_path = "/run/netns/no-such-namespace"});

  ASSERT_FALSE(prober);
  EXPECT_NE(prober.error().text.find("/run/netns/no-such-namespace"), std::string::npos);
}

}  // namespace
}  // namespace upbeat::measure
