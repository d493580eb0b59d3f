// SPDX-License-Identifier: Apache-2.0
// What rehearsals share: the node, its guests, their way out, and their way back.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "cli/client.h"
#include "cli/rehearsal.h"

namespace upbeat::cli {

/// A rehearsal ends then at the latest, if nothing else was said.
inline constexpr std::chrono::hours rehearsal_limit{1};

/// A move of a guest, as its hypervisor told of it.
struct RehearsedMove {
  std::string other;  ///< where the guest was while the node was empty
  std::int64_t out_ms = 0;
  std::int64_t out_pause_ms = 0;
  std::int64_t back_ms = 0;
  std::int64_t back_pause_ms = 0;
  bool left = false;
  bool back = false;
};

/// One rehearsal. Whatever it has asked for it takes back when it ends half way; it ends the
/// command then (CLI::RuntimeError), as every function here may.
class RehearsalRun {
 public:
  RehearsalRun(const ApiOptions& api, const RehearsalOptions& options, std::string node);

  /// The node as /v1/status has it. Refuses unless it is in a state to begin with.
  [[nodiscard]] boost::json::value examine();
  /// Asks on a terminal; elsewhere --yes has to be given.
  void ask_for_consent(const std::string& what) const;
  [[noreturn]] void refuse(const std::string& why) const;

  /// Drains the node, unless it was drained before; how long that took.
  std::chrono::milliseconds empty();
  /// Ends the drain, if it is ours, and brings the guests back; complains of those that do not
  /// come.
  void restore();
  /// Calls `enough` with each new status until it says so.
  void wait(const std::function<bool(const boost::json::value&)>& enough);
  /// Asks for something about the node.
  [[nodiscard]] boost::json::value ask(const std::string& verb);

  void say(const std::string& text) const;
  /// Something went wrong, and the rehearsal goes on.
  void complain(const std::string& text);
  /// Ends the command: with --json `view` and what the moves were like, else a table of them.
  void finish(boost::json::object view) const;

  /// The node on which the command was typed.
  [[nodiscard]] const std::string& self() const { return self_; }
  [[nodiscard]] bool drained_before() const { return drained_before_; }
  /// "its VMs (x1, x3) move, live, and back again"
  [[nodiscard]] std::string guests() const;

 private:
  [[nodiscard]] boost::json::value read() const;
  [[nodiscard]] std::string target(const std::string& verb) const;
  void take_note(const boost::json::value& vm);
  void note_moves(const boost::json::value& status);
  bool came_to_rest(const boost::json::value& status, const std::string& vm);
  [[noreturn]] void fall_back(int exit_status, const std::string& why) const;
  [[nodiscard]] std::string still_away() const;
  [[nodiscard]] boost::json::array moves_view() const;
  [[nodiscard]] std::string moves_table() const;

  Client client_;
  Format format_;
  bool yes_;
  std::string node_;
  std::string self_;
  EventStream stream_;
  EventStream::Time end_;
  bool drained_before_ = false;
  bool drained_by_us_ = false;
  std::string complaints_;
  std::map<std::string, RehearsedMove> moves_;
  std::set<std::string> at_rest_;  ///< guests that are back, or will not come
};

}  // namespace upbeat::cli
