// SPDX-License-Identifier: Apache-2.0
// What would happen to a live cluster if …: its state goes on in virtual time, and is left as it
// is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/state.h"
#include "sim/live.h"
#include "sim/world.h"

namespace upbeat {

/// How a guest comes through.
enum class Fate : std::uint8_t {
  moved,      ///< it moved live
  restarted,  ///< it was down for a while and runs again
  started,    ///< it did not run before
  stuck,      ///< it runs on where it should not, and waits
  stopped,    ///< it went down and is not wanted running
  down,       ///< it is wanted, and stays down
};
[[nodiscard]] std::string fate_word(Fate fate);

struct GuestStory {
  VmId vm;
  std::int32_t priority = 0;
  Fate fate = Fate::moved;
  std::string from;                               ///< the node where it ran before; empty: none
  std::string to;                                 ///< where it runs in the end; empty: nowhere
  std::chrono::milliseconds away{0};              ///< it did not answer for so long, in all
  std::optional<std::chrono::milliseconds> done;  ///< since when it is as it stays; none if down
  std::string why;                                ///< what it waits for; empty unless stuck or down
  std::vector<std::string> explanation;           ///< explain_vm in the end
};

struct NodeStory {
  std::string name;
  std::string before;  ///< standing_word, or "no quorum"
  std::string after;
  std::optional<std::chrono::milliseconds> proved_off;  ///< when
  std::string proof;
};

/// A command that the cluster refused.
struct Refusal {
  std::string what;
  std::string why;
};

struct WhatIf {
  std::vector<std::string> commands;  ///< in the words of a timeline
  std::vector<GuestStory> guests;     ///< those to whom something happens, by name
  std::vector<NodeStory> nodes;       ///< those to which something happens, by name
  std::vector<Refusal> refused;
  bool quorate = false;                                  ///< in the end
  std::optional<std::chrono::milliseconds> quorum_lost;  ///< when, if it stays lost
  std::size_t nodes_on = 0;                              ///< members in the end
  std::size_t nodes_all = 0;
  std::chrono::milliseconds length{0};  ///< until nothing was under way any more
  std::string still_under_way;          ///< what was, when the time was over; else empty
  MeasuredMoves moves;                  ///< that the play's migrations go by
  std::vector<LogEntry> log;
};

/// A play is over when nothing has been under way for so long, …
inline constexpr std::chrono::seconds what_if_rest{5};
/// … or after so long: more than a shutdown is held back for guests that find no place.
inline constexpr std::chrono::minutes what_if_limit{15};
/// Commands of one question.
inline constexpr std::size_t what_if_commands_limit = 100;

/// "cut node2" is "power node2 cut", "on node2" and "off node2" likewise; what is no short form
/// stays as it is.
[[nodiscard]] std::string full_command(const std::string& text);

/// Whether `what_if` can make sense of the commands (sim/command.h; short forms too) in this
/// cluster.
[[nodiscard]] Result<void> check_what(const State& live, const std::vector<std::string>& commands);

/// Plays the commands, all at once, on a world that begins as `live` tells, until it has come to
/// rest. An error: commands that make no sense there, or a cluster without the majority of nodes
/// that the play's engine asks for.
[[nodiscard]] Result<WhatIf> what_if(const State& live, const std::vector<std::string>& commands);

/// Whether a guest that runs now would be wanted and down in the end.
[[nodiscard]] bool leaves_some_down(const WhatIf& story);

}  // namespace upbeat
