// SPDX-License-Identifier: Apache-2.0
// What the twin of a cluster of Corosyncs consists of; for its own sources only.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/simulated_network.h"

namespace upbeat {

template <class T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

inline constexpr NodeId the_ring_itself{};
/// Entries that a ring keeps, at least, before it looks which of them everybody has taken.
inline constexpr std::size_t log_kept = 512;

/// A place in a ring's log: a view or a message.
struct SimulatedNetwork::Entry {
  NodeId origin = the_ring_itself;
  std::optional<EngineView> view;  // else a message
  std::string bytes;
  MonotonicTime ordered{};
};

struct SimulatedNetwork::Ring {
  RingId id;
  std::vector<NodeId> nodes;  // sorted
  std::deque<std::shared_ptr<const Entry>> log;
  std::size_t forgotten = 0;          // entries before the log's begin: everybody has taken them
  std::size_t forgets_at = log_kept;  // the log's length at which it looks which these are
  EngineView view;                    // as of the log's end
  bool vote = false;                  // the arbiter's is with this ring

  [[nodiscard]] std::size_t end() const { return forgotten + log.size(); }
  [[nodiscard]] const std::shared_ptr<const Entry>& at(std::size_t i) const {
    return log[i - forgotten];
  }
};

struct SimulatedNetwork::Daemon {
  EngineListener* listener = nullptr;
  std::uint64_t life = 0;
  std::uint64_t incarnation = 0;  // 0: not in the group
  std::size_t first_entry = 0;    // of the ring's log that is for this daemon
  std::deque<std::string> outgoing;
};

struct SimulatedNetwork::Node {
  NodeId id;
  bool up = true;
  bool still = false;     // its engine gets no processor
  bool seen_all = false;  // all nodes, since its engine began
  bool hears_arbiter = true;
  std::size_t part = 0;
  std::chrono::nanoseconds latency{0};  // of every message from it and to it
  std::uint64_t life = 0;               // counts crashes
  std::uint64_t ring_sequence = 0;      // the highest it knows; survives a crash
  std::shared_ptr<Ring> ring;
  std::size_t taken = 0;  // entries of the ring's log
  bool delivery_due = false;
  std::weak_ptr<Ring> due_from;  // the ring whose next entry is due
  std::uint64_t daemon_lives = 0;
  std::optional<Daemon> daemon;
};

}  // namespace upbeat
