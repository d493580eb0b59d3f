// SPDX-License-Identifier: Apache-2.0
// What a series of probes says about a guest: how long it was away, and how sure that is.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "measure/series.h"

namespace upbeat::measure {

using Span = std::chrono::nanoseconds;

/// A stretch in which a guest owed an answer and gave none. It *begins* when a probe is sent to a
/// guest that owes nothing, and *ends* when the next answer comes, to whichever probe. An answer
/// pays for its own probe and for all before it (those are lost); if later probes are under way at
/// that moment, the next silence begins right then. A late answer therefore ends the silence when
/// it arrives, not when it was asked for; a lost probe makes a silence up to the next answer.
struct Silence {
  Instant begin;
  Instant end;
  bool ended = true;  ///< false: it went on when the window closed

  [[nodiscard]] Span length() const { return end - begin; }
  bool operator==(const Silence&) const = default;
};

/// Every silence that overlaps `window`, whole (its begin may lie before the window), in the order
/// of time. Nothing after the window's end is looked at: a silence that goes on then is cut there.
/// A guest that answers at once has as many silences as probes, each one round trip long.
[[nodiscard]] std::vector<Silence> silences(const Series& series, Window window);

/// How a guest fared in a window. All times as seen from the prober.
struct Summary {
  std::size_t sent = 0;
  std::size_t answered = 0;    ///< of those sent in the window, until its end
  std::size_t duplicates = 0;  ///< answers to what had been answered, arriving in the window
  /// The blackout: the longest silence. An interruption of length d shows as a silence between
  /// d - `resolution` and d + `resolution`.
  std::optional<Silence> longest;  ///< none if nothing was sent
  Span resolution{0};              ///< the longest time between two sends, or a send and an edge
  Span median_round_trip{0};       ///< 0 if nothing was answered
  Span p99_round_trip{0};

  [[nodiscard]] Span blackout() const { return longest ? longest->length() : Span{0}; }
  [[nodiscard]] double loss_percent() const {
    return sent == 0 ? 0.0
                     : 100.0 * static_cast<double>(sent - answered) / static_cast<double>(sent);
  }
};
[[nodiscard]] Summary summarize(const Series& series, Window window);

/// Answers for longer than this at a stretch mean that a guest is back.
inline constexpr Span back_for_good{std::chrono::seconds(1)};

/// The end of an outage: the moment of the first answer after the last silence longer than
/// `back_for_good` that overlaps `window`; `window.from` if there was none. Nothing if the guest is
/// silent at the window's end, if it has answered for less than `back_for_good` there, or if
/// nothing was sent.
[[nodiscard]] std::optional<Instant> answers_again(const Series& series, Window window);

/// The `percent`th percentile (nearest rank) of some values; 0 of none.
[[nodiscard]] Span percentile(std::vector<Span> values, double percent);

/// The median: between the two middle values, their mean; 0 of none.
[[nodiscard]] double median(std::vector<double> values);

}  // namespace upbeat::measure
