// SPDX-License-Identifier: Apache-2.0
// What this node is doing to prove others off.
#include "node/fence_work.h"

#include <algorithm>

namespace upbeat {

FenceWork::FenceWork(Fencer& fencer, Clock& clock, Hooks hooks)
    : fencer_(fencer), clock_(clock), hooks_(std::move(hooks)) {}

bool FenceWork::is_sure_of(MonotonicTime learned) const {
  return whole_after_ && *whole_after_ >= learned &&
         clock_.now() - *whole_after_ <= fence_sign_lateness;
}

bool FenceWork::prove_off(const ProveOff& duty, const std::string& name) {
  // One event may decide on several nodes.
  const std::pair key(duty.since, duty.node);
  if (begun_.contains(key)) return false;
  const auto learned = waits_.try_emplace(key, clock_.now()).first->second;
  if (!is_sure_of(learned)) {
    ask();
    return false;
  }
  waits_.erase(key);
  begun_.insert(key);
  fencer_.act(name, PowerAction::off,
              [this, duty](const Result<PowerAnswer>& result) { hooks_.tell(duty, result); });
  return true;
}

void FenceWork::keep_only(const std::vector<Duty>& duties) {
  std::erase_if(waits_, [&](const auto& one) {
    const Duty duty = ProveOff{.node = one.first.second, .since = one.first.first};
    return std::ranges::find(duties, duty) == duties.end();
  });
}

void FenceWork::ask() {
  if (!std::exchange(asked_, true)) hooks_.give_sign();
}

void FenceWork::on_sign_back(const SignOfLife& sign) {
  if (waits_.empty()) {
    asked_ = false;
    return;
  }
  whole_after_ = sign.whole_after;
  asked_ = false;
  const bool sure =
      std::ranges::any_of(waits_, [this](const auto& one) { return is_sure_of(one.second); });
  sure ? hooks_.changed() : ask();
}

void FenceWork::on_out_of_step() {
  waits_.clear();
  asked_ = false;
}

void FenceWork::forget_after(EventIndex last) {
  std::erase_if(begun_, [&](const auto& one) { return one.first > last; });
}

}  // namespace upbeat
