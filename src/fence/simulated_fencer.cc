// SPDX-License-Identifier: Apache-2.0
// The twin of the fencer: a switched power strip in virtual time.
#include "fence/simulated_fencer.h"

#include <utility>

namespace upbeat {
namespace {

PowerAnswer answer(PowerState state) {
  return {state, std::string("its fence device says that it is ") +
                     (state == PowerState::on ? "on" : "off")};
}

}  // namespace

void SimulatedPowerStrip::plug_in(const std::string& node,
                                  std::function<void(PowerState)> switched) {
  outlets_[node] = Outlet{.switched = std::move(switched)};
}

void SimulatedPowerStrip::break_outlet(const std::string& node, OutletFault fault, int attempts) {
  auto& outlet = outlets_.at(node);
  outlet.fault = fault;
  outlet.faulty_attempts = attempts;
}

void SimulatedFencer::act(const std::string& node, PowerAction action,
                          std::function<void(Result<PowerAnswer>)> done) {
  auto& calls = queues_[node].calls;
  calls.push_back(
      {.action = action, .done = std::move(done), .attempts_left = 1 + timing_.retries});
  if (calls.size() == 1) attempt_after(node, timing_.attempt);
}

void SimulatedFencer::attempt_after(const std::string& node, std::chrono::milliseconds delay) {
  queues_[node].due = clock_.now() + delay;
  queues_[node].timer = clock_.after(delay, [this, node] { attempt(node); });
}

void SimulatedFencer::attempt(const std::string& node) {
  auto& queue = queues_[node];
  auto& call = queue.calls.front();
  const bool too_late = clock_.now() > queue.due + fence_order_validity;
  if (too_late) call.attempts_left = 1;
  Result<PowerAnswer> state =
      too_late ? fail("cannot reach the power of " + node + ": we stood still meanwhile")
               : try_once(node, call.action);
  if (!state && --call.attempts_left > 0 && strip_.outlets_.contains(node)) {
    return attempt_after(node, timing_.retry_pause + timing_.attempt);
  }
  const auto done = std::move(call.done);
  queue.calls.pop_front();
  if (!queue.calls.empty()) attempt_after(node, timing_.attempt);
  done(std::move(state));
}

void SimulatedFencer::probe(const std::string& node,
                            std::function<void(std::vector<OutletSeen>)> done) {
  const auto id = next_probe_++;
  probes_[id] = clock_.after(timing_.attempt, [this, id, node, done = std::move(done)] {
    const auto ends_with_this_call = probes_.extract(id);
    done(look(node));
  });
}

std::vector<OutletSeen> SimulatedFencer::look(const std::string& node) {
  if (!strip_.outlets_.contains(node)) return {};
  auto state = try_once(node, PowerAction::status);
  for (int more = probe_attempts - 1; !state && more > 0; --more) {
    state = try_once(node, PowerAction::status);
  }
  return {{"strip", 1, node, bare(state)}};
}

Result<PowerAnswer> SimulatedFencer::try_once(const std::string& node, PowerAction action) {
  const auto found = strip_.outlets_.find(node);
  if (found == strip_.outlets_.end()) {
    return fail("cannot reach the power of " + node + ": no fence device has a plug for it");
  }
  auto& outlet = found->second;
  if (cable_cut_) return fail("cannot reach the power of " + node + ": no answer from the strip");

  const auto fault = std::exchange(outlet.fault, OutletFault::none);
  if (fault != OutletFault::none && outlet.faulty_attempts != 0) {
    if (outlet.faulty_attempts > 0) --outlet.faulty_attempts;
    if (outlet.faulty_attempts != 0) outlet.fault = fault;
    if (fault == OutletFault::unreachable) {
      return fail("cannot reach the power of " + node + ": no answer from the strip");
    }
    if (fault == OutletFault::garbage) {
      return fail("cannot reach the power of " + node + ": the strip answers nonsense");
    }
  }
  if (action == PowerAction::status) return answer(outlet.state);
  const auto wanted = action == PowerAction::off ? PowerState::off : PowerState::on;
  if (outlet.state == wanted) return answer(wanted);
  if (fault == OutletFault::lying) {
    return fail("cannot switch the power of " + node +
                ": the strip says done, but its status shows no change");
  }
  outlet.state = wanted;
  if (outlet.switched) outlet.switched(wanted);
  return answer(wanted);
}

}  // namespace upbeat
