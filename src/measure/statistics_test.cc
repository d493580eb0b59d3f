// SPDX-License-Identifier: Apache-2.0
// Silences out of made-up series: loss, late answers, reordering, duplicates, the window's edges.
#include "measure/statistics.h"

#include <gtest/gtest.h>

namespace upbeat::measure {
namespace {

using namespace std::chrono_literals;

constexpr auto interval = 5ms;
constexpr auto round_trip = 400us;

Instant at(Span since_start) { return Instant(1000s) + since_start; }

/// A guest probed each 5 ms for `length` that answers each probe after 0.4 ms.
Series healthy(Span length) {
  Series series;
  for (Span t{0}; t < length; t += interval) series.probes.push_back({at(t), at(t + round_trip)});
  return series;
}

/// Probes sent in [from, to) get no answer.
void lose(Series& series, Span from, Span to) {
  for (auto& probe : series.probes) {
    if (probe.sent >= at(from) && probe.sent < at(to)) probe.answered = never;
  }
}

/// Probes sent in [from, to) are kept back and answered together at `to`.
void hold(Series& series, Span from, Span to) {
  for (auto& probe : series.probes) {
    if (probe.sent >= at(from) && probe.sent < at(to)) probe.answered = at(to);
  }
}

TEST(Statistics, AHealthyGuestIsSilentForNoMoreThanARoundTrip) {
  const auto summary = summarize(healthy(1s), {at(0s), at(1s)});

  EXPECT_EQ(summary.sent, 200U);
  EXPECT_EQ(summary.answered, 200U);
  EXPECT_EQ(summary.blackout(), round_trip);
  EXPECT_EQ(summary.resolution, interval);
  EXPECT_EQ(summary.median_round_trip, round_trip);
}

TEST(Statistics, LostProbesMakeABlackoutFromTheFirstLostToTheNextAnswer) {
  auto series = healthy(1s);
  lose(series, 500ms, 560ms);

  const auto summary = summarize(series, {at(0s), at(1s)});

  EXPECT_EQ(summary.longest, (Silence{at(500ms), at(560ms + round_trip)}));
  EXPECT_EQ(summary.answered, 188U);
  EXPECT_DOUBLE_EQ(summary.loss_percent(), 6.0);
}

TEST(Statistics, LateAnswersCountWhenTheyArriveAndNotWhenTheyWereAskedFor) {
  auto series = healthy(1s);
  hold(series, 500ms, 583ms);

  const auto summary = summarize(series, {at(0s), at(1s)});

  EXPECT_EQ(summary.longest, (Silence{at(500ms), at(583ms)}));
  EXPECT_EQ(summary.loss_percent(), 0.0);
}

TEST(Statistics, OneAnswerInTheMiddleDividesASilence) {
  auto series = healthy(1s);
  lose(series, 500ms, 600ms);
  series.probes[108].answered = at(540ms + round_trip);

  const auto summary = summarize(series, {at(0s), at(1s)});

  EXPECT_EQ(summary.longest, (Silence{at(545ms), at(600ms + round_trip)}));
}

TEST(Statistics, ALateAnswerToAnOlderProbeShowsThatTheGuestLives) {
  auto series = healthy(1s);
  lose(series, 500ms, 600ms);
  series.probes[50].answered = at(550ms);  // 300 ms late, while 500..545 ms are unanswered

  const auto all = summarize(series, {at(0s), at(1s)});

  EXPECT_EQ(all.longest, (Silence{at(550ms), at(600ms + round_trip)}));
}

TEST(Statistics, ReorderedAnswersDoNotMakeASilence) {
  auto series = healthy(1s);
  series.probes[100].answered = series.probes[101].answered + 100us;

  const auto summary = summarize(series, {at(0s), at(1s)});

  EXPECT_EQ(summary.blackout(), interval + round_trip);
  EXPECT_EQ(summary.answered, 200U);
}

TEST(Statistics, AFarGuestWithProbesAlwaysUnderWayIsSilentForOneInterval) {
  auto series = healthy(1s);
  for (auto& probe : series.probes) probe.answered = probe.sent + 22ms;

  const auto all = silences(series, {at(100ms), at(900ms)});

  ASSERT_GT(all.size(), 100U);
  for (const auto& silence : all) EXPECT_LE(silence.length(), interval);
}

TEST(Statistics, ASilenceThatBeganBeforeTheWindowCountsWhole) {
  auto series = healthy(1s);
  lose(series, 300ms, 500ms);

  const auto summary = summarize(series, {at(400ms), at(1s)});

  EXPECT_EQ(summary.blackout(), 200ms + round_trip);
}

TEST(Statistics, ASilenceThatGoesOnAtTheEndIsCutThereAndSaysSo) {
  auto series = healthy(1s);
  lose(series, 600ms, 1s);

  const auto inside = summarize(series, {at(0s), at(900ms)});
  const auto open = summarize(series, {});

  EXPECT_EQ(inside.longest, (Silence{at(600ms), at(900ms), false}));
  EXPECT_EQ(open.longest, (Silence{at(600ms), at(995ms), false}));
}

TEST(Statistics, AnAnswerAfterTheWindowIsNotLookedAt) {
  auto series = healthy(1s);
  hold(series, 400ms, 800ms);

  const auto summary = summarize(series, {at(0s), at(600ms)});

  EXPECT_EQ(summary.longest, (Silence{at(400ms), at(600ms), false}));
  EXPECT_EQ(summary.answered, 80U);
}

TEST(Statistics, AGapInTheProbingShowsAsCoarserResolutionAndNotAsABlackout) {
  auto series = healthy(1s);
  series.probes.erase(series.probes.begin() + 100, series.probes.begin() + 120);

  const auto summary = summarize(series, {at(0s), at(1s)});

  EXPECT_EQ(summary.blackout(), round_trip);
  EXPECT_EQ(summary.resolution, 105ms);
}

TEST(Statistics, DuplicatesAreCountedInTheWindowThatTheyArriveIn) {
  auto series = healthy(1s);
  series.duplicates = {at(100ms), at(700ms)};

  EXPECT_EQ(summarize(series, {at(0s), at(1s)}).duplicates, 2U);
  EXPECT_EQ(summarize(series, {at(0s), at(500ms)}).duplicates, 1U);
}

TEST(Statistics, NothingSentIsNotCalledABlackoutOfZero) {
  EXPECT_FALSE(summarize({}, {at(0s), at(1s)}).longest);
  EXPECT_FALSE(answers_again({}, {at(0s), at(1s)}));
  EXPECT_TRUE(silences({}, {}).empty());
}

TEST(Statistics, AnOutageEndsWithTheFirstAnswerAfterTheLastLongSilence) {
  auto series = healthy(20s);
  lose(series, 2s, 9s);
  lose(series, 9100ms, 11s);  // it answered for a moment, then went away again
  lose(series, 12s, 12100ms);

  EXPECT_EQ(answers_again(series, {at(2s), at(20s)}), at(11s + round_trip));
}

TEST(Statistics, AGuestThatIsSilentAtTheEndOrHasJustComeBackIsNotBack) {
  auto series = healthy(20s);
  lose(series, 2s, 9s);

  EXPECT_FALSE(answers_again(series, {at(2s), at(8s)}));
  EXPECT_FALSE(answers_again(series, {at(2s), at(9500ms)}));
  EXPECT_TRUE(answers_again(series, {at(2s), at(10500ms)}));
}

TEST(Statistics, AGuestThatNeverWentAwayIsBackAtOnce) {
  EXPECT_EQ(answers_again(healthy(5s), {at(2s), at(5s)}), at(2s));
}

TEST(Statistics, PercentilesAreByNearestRank) {
  const std::vector<Span> values{5ms, 1ms, 3ms, 2ms, 4ms};

  EXPECT_EQ(percentile(values, 50), Span(3ms));
  EXPECT_EQ(percentile(values, 99), Span(5ms));
  EXPECT_EQ(percentile(values, 0), Span(1ms));
  EXPECT_EQ(percentile({}, 50), Span(0));
  EXPECT_DOUBLE_EQ(median({4.0, 1.0, 2.0, 3.0}), 2.5);
  EXPECT_DOUBLE_EQ(median({}), 0.0);
}

}  // namespace
}  // namespace upbeat::measure
