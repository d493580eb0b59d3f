// SPDX-License-Identifier: Apache-2.0
// What the members of a view conclude from their Hellos: all the same, without another word.
// Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/event.h"
#include "ports/engine.h"
#include "wire/wire.h"

namespace upbeat {

/// Which Upbeat a daemon is.
struct Release {
  std::string name;                    ///< for people: "0.1.0"
  std::uint32_t format = wire_format;  ///< what it knows; less than that only in simulations
};

/// Names one view of one ring: a daemon that comes or goes makes another one.
[[nodiscard]] std::uint64_t key_of(const EngineView& view);

[[nodiscard]] bool same_state(const Hello& a, const Hello& b);

struct Agreement {
  NodeId source;             ///< whose state counts
  std::string waits_for;     ///< why there is no agreement yet; empty: there is
  ViewChanged change;        ///< what all apply first
  bool some_differ = false;  ///< from the source's state, and must get it
  /// Of those that take part: a daemon that does not understand the state is as good as away.
  std::map<NodeId, Release> releases;
};

/// `hellos` holds those of all members, at least one.
[[nodiscard]] Agreement agree_on(const EngineView& view, const std::map<NodeId, Hello>& hellos);

}  // namespace upbeat
