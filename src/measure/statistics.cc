// SPDX-License-Identifier: Apache-2.0
// Silences: one walk over the answers in the order of their arrival, beside the sends.
#include "measure/statistics.h"

#include <algorithm>
#include <cmath>

namespace upbeat::measure {
namespace {

struct Answer {
  Instant at;
  std::size_t probe;
};

std::vector<Answer> answers_before(const Series& series, Instant end) {
  std::vector<Answer> answers;
  answers.reserve(series.probes.size());
  for (std::size_t at = 0; at < series.probes.size(); ++at) {
    if (series.probes[at].answered < end) answers.push_back({series.probes[at].answered, at});
  }
  std::ranges::stable_sort(answers, {}, &Answer::at);
  return answers;
}

}  // namespace

std::vector<Silence> silences(const Series& series, Window window) {
  const auto& probes = series.probes;
  std::vector<Silence> found;
  std::size_t paid = 0;  // probes before this one are paid for
  Instant begin = probes.empty() ? never : probes.front().sent;
  for (const auto& answer : answers_before(series, window.to)) {
    // An answer that comes while nothing is owed (an older probe's, late) ends no silence.
    if (begin < answer.at && answer.at >= window.from) found.push_back({begin, answer.at});
    paid = std::max(paid, answer.probe + 1);
    begin = paid == probes.size() ? never : std::max(probes[paid].sent, answer.at);
  }
  if (begin < window.to && window.to != Instant::max()) {
    found.push_back({begin, window.to, /*ended=*/false});
  } else if (begin != never && window.to == Instant::max()) {
    found.push_back({begin, std::max(begin, probes.back().sent), /*ended=*/false});
  }
  return found;
}

Summary summarize(const Series& series, Window window) {
  Summary summary;
  std::vector<Span> round_trips;
  std::optional<Instant> previous;
  if (window.from != Instant::min()) previous = window.from;
  for (const auto& probe : series.probes) {
    if (probe.sent < window.from || probe.sent >= window.to) continue;
    ++summary.sent;
    if (previous) summary.resolution = std::max(summary.resolution, Span(probe.sent - *previous));
    previous = probe.sent;
    if (probe.answered >= window.to) continue;
    ++summary.answered;
    round_trips.push_back(probe.answered - probe.sent);
  }
  if (previous && window.to != Instant::max()) {
    summary.resolution = std::max(summary.resolution, Span(window.to - *previous));
  }
  summary.duplicates = static_cast<std::size_t>(std::ranges::count_if(
      series.duplicates, [&](Instant at) { return at >= window.from && at < window.to; }));
  const auto all = silences(series, window);
  if (summary.sent > 0 && !all.empty()) {
    summary.longest = *std::ranges::max_element(all, {}, &Silence::length);
  }
  summary.median_round_trip = percentile(round_trips, 50);
  summary.p99_round_trip = percentile(std::move(round_trips), 99);
  return summary;
}

std::optional<Instant> answers_again(const Series& series, Window window) {
  if (series.probes.empty()) return std::nullopt;
  Instant back = window.from;
  bool heard = false;
  Instant last_heard = Instant::min();
  for (const auto& silence : silences(series, window)) {
    if (silence.length() > back_for_good) {
      if (!silence.ended) return std::nullopt;
      back = silence.end;
    }
    if (silence.ended) {
      heard = true;
      last_heard = silence.end;
    }
  }
  if (!heard || last_heard - back < back_for_good) return std::nullopt;
  return back;
}

Span percentile(std::vector<Span> values, double percent) {
  if (values.empty()) return Span{0};
  const auto rank =
      static_cast<std::size_t>(std::ceil(percent / 100.0 * static_cast<double>(values.size())));
  const auto at = values.begin() +
                  static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(rank, 1, values.size()) - 1);
  std::ranges::nth_element(values, at);
  return *at;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2.0;
}

}  // namespace upbeat::measure
