// SPDX-License-Identifier: Apache-2.0
// Feeds the host's watchdog as long as this node has its part in the order of a majority.
#include "node/self_fence.h"

#include <utility>

namespace upbeat {

SelfFence::SelfFence(Watchdog* watchdog, Clock& clock, std::chrono::milliseconds timeout,
                     Hooks hooks)
    : watchdog_(watchdog), clock_(clock), timeout_(timeout), hooks_(std::move(hooks)) {}

void SelfFence::begin() {
  if (watchdog_ != nullptr) sign();
}

void SelfFence::look() {
  if (watchdog_ == nullptr) return;
  const bool had_part = std::exchange(had_part_, hooks_.has_part());
  if (had_part_ && !had_part) sign();
}

void SelfFence::sign() {
  had_part_ = hooks_.has_part();
  if (!standing_down_ && had_part_) {
    last_sign_ = clock_.now();
    followed_ = false;
    give();
  }
  next_ = clock_.after(sign_interval, [this] { sign(); });
}

void SelfFence::give() {
  hooks_.give_sign([this](const SignOfLife& sign) { on_sign_back(sign); });
}

void SelfFence::on_sign_back(const SignOfLife& sign) {
  if (standing_down_ || starving_ || !hooks_.has_part()) return;
  const auto is_late = [this](MonotonicTime went) { return clock_.now() - went > sign_lateness; };
  const bool newest = sign.sent >= last_sign_;
  if (newest && !is_late(last_sign_) && !std::exchange(followed_, true)) return give();
  if (!sign.whole_after || is_late(*sign.whole_after)) {
    // What held it up, a disk that this loop waited for, may be over. One that went before the
    // newest is followed by that already: they must not become more while all are late.
    if (newest && is_late(last_sign_)) {
      next_ = clock_.after(std::chrono::nanoseconds(0), [this] { this->sign(); });
    }
    return;
  }
  if (retiring_ && !armed_) return;
  const auto fit = hooks_.is_fit();
  if (!fit) {
    hooks_.trouble(fit.error().text);
    if (armed_) withdraw();
    return;
  }
  feed();
}

void SelfFence::feed() {
  const auto fed = armed_ ? watchdog_->feed() : watchdog_->arm(timeout_);
  armed_ = fed.has_value();
  hooks_.trouble(fed ? "" : fed.error().text);
  // The promise follows the deed.
  if (armed_ && !retiring_ && !withdrawing_ && !hooks_.is_known(timeout_)) {
    hooks_.announce(timeout_);
  }
}

void SelfFence::withdraw() {
  // Armed still, so fed still. What is wrong with it stays said.
  if (const auto fed = watchdog_->feed(); !fed) hooks_.trouble(fed.error().text);
  if (retiring_ || std::exchange(withdrawing_, true)) return;
  hooks_.take_back([this](const Result<void>& taken_back) {
    withdrawing_ = false;
    if (!taken_back || !armed_ || retiring_) return;
    const auto off = watchdog_->disarm();
    armed_ = !off;
    if (!off) hooks_.trouble(off.error().text);
  });
}

void SelfFence::stand_down() {
  if (watchdog_ == nullptr || std::exchange(standing_down_, true) || !armed_) return;
  const auto off = watchdog_->disarm();
  armed_ = !off;
  if (!off) hooks_.trouble(off.error().text);
}

void SelfFence::starve(std::function<void()> survived) {
  starving_ = true;
  starved_ = clock_.after(timeout_ + watchdog_margin, [this, survived = std::move(survived)] {
    starving_ = false;
    if (!standing_down_ && !retiring_) survived();
  });
}

void SelfFence::retire(std::function<void(const Result<void>&)> done) {
  starving_ = false;
  if (std::exchange(retiring_, true) && on_retired_) {
    on_retired_ = [first = std::move(on_retired_), done](const Result<void>& off) {
      first(off);
      done(off);
    };
    return;
  }
  if (!armed_) return done({});
  on_retired_ = std::move(done);
  patience_ = clock_.after(retire_patience, [this] {
    retired(fail("the cluster did not take the promise of it back within 5 s"));
  });
  hooks_.take_back([this](const Result<void>& taken_back) { retired(taken_back); });
}

void SelfFence::retired(const Result<void>& taken_back) {
  const auto done = std::exchange(on_retired_, nullptr);
  if (!done) return;
  patience_.cancel();
  auto off = taken_back;
  // The others count on it for as long as they may not know better.
  if (off && armed_) off = watchdog_->disarm();
  armed_ = !off;
  if (off) return done({});
  done(fail("cannot disarm the watchdog: " + off.error().text + "; this host is reset within " +
            std::to_string(timeout_.count() / 1000) +
            " s unless upbeatd runs again before: systemctl start upbeatd"));
}

}  // namespace upbeat
