// SPDX-License-Identifier: Apache-2.0
// The events of a journal, any at all: applying them keeps what must always hold, and a snapshot of
// the state comes back as the same state.
#include <set>

#include "any_event.h"
#include "core/apply.h"
#include "core/decide.h"
#include "core/duties.h"
#include "core/invariants.h"
#include "promise.h"
#include "wire/wire.h"

namespace upbeat {
namespace {

constexpr int events_limit = 200;

/// The event as it comes out of the row that it went into.
Event through_the_journal(const Event& event) {
  const auto read = decode_event(encode(event));
  fuzz::promise(read && *read == event, "an event comes back from the disk");
  return *read;
}

void step(State& state, const Event& event) {
  const State before = state;
  state = upbeat::apply(std::move(state), through_the_journal(event));
  for (const auto& findings : {broken_invariants(before, event, state), broken_invariants(state)})
    for (const std::string& finding : findings)
      fuzz::promise(false, "what must always hold does", finding);
}

/// What the coordinator decides now is carried out by all, and then said no more.
void decide_all(State& state) {
  const auto decisions = decide(state);
  if (!decisions.empty()) step(state, Decided{.view = state.epoch, .decisions = decisions});
}

void promise_snapshot(const State& state) {
  const auto read = decode_state(encode(state));
  fuzz::promise(read.has_value(), "a snapshot can be read", read ? "" : read.error().text);
  State bare = state;
  bare.log.clear();
  bare.refused.clear();
  fuzz::promise(*read == bare, "a snapshot is the state");
  fuzz::promise(fingerprint(*read) == fingerprint(state),
                "the same state has the same fingerprint");
}

void replay(FuzzedDataProvider& input) {
  State state;
  for (int events = 0; events < events_limit && input.remaining_bytes() > 0; ++events) {
    if (input.ConsumeBool()) {
      decide_all(state);
    } else {
      step(state, fuzz::any_event(input, state));
    }
    for (const auto& [node, record] : state.nodes) (void)duties(state, node);
  }
  promise_snapshot(state);
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  upbeat::replay(input);
  return 0;
}
