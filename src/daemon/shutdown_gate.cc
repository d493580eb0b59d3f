// SPDX-License-Identifier: Apache-2.0
// All the ways in which a host tells its daemon to go, as one.
#include "daemon/shutdown_gate.h"

#include <algorithm>

namespace upbeat {
namespace {

constexpr std::size_t host_source = 0;

}  // namespace

/// Hears one source.
class ShutdownGate::Ear final : public ShutdownListener {
 public:
  Ear(ShutdownGate& gate, std::size_t source) : gate_(gate), source_(source) {}
  void on_shutdown(const ShutdownNotice& notice) override { gate_.on_shutdown(source_, notice); }
  void on_shutdown_cancelled() override { gate_.on_cancelled(source_); }

 private:
  ShutdownGate& gate_;
  std::size_t source_;
};

ShutdownGate::ShutdownGate(std::vector<ShutdownSource*> sources, Clock& clock,
                           std::function<bool()> host_goes)
    : sources_(std::move(sources)), clock_(clock), host_goes_(std::move(host_goes)) {
  for (std::size_t source = 0; source < sources_.size(); ++source) {
    ears_.push_back(std::make_unique<Ear>(*this, source));
  }
}

ShutdownGate::~ShutdownGate() = default;

Result<void> ShutdownGate::start(ShutdownListener& listener) {
  listener_ = &listener;
  Result<void> all;
  for (std::size_t source = 0; source < sources_.size(); ++source) {
    if (auto started = sources_[source]->start(*ears_[source]); !started && all) all = started;
  }
  return all;
}

void ShutdownGate::on_shutdown(std::size_t source, const ShutdownNotice& notice) {
  Announced announced{.notice = notice, .ends = {}};
  if (notice.budget) announced.ends = clock_.now() + *notice.budget;
  announced_[source] = announced;
  tell(notice);
}

void ShutdownGate::on_cancelled(std::size_t source) {
  if (announced_.erase(source) == 0) return;
  if (!announced_.empty()) return tell(announced_.begin()->second.notice);
  gone_ = false;
  if (listener_ != nullptr) listener_->on_shutdown_cancelled();
}

/// The reason is the newest one's; the time is that of whoever can wait least.
void ShutdownGate::tell(const ShutdownNotice& notice) {
  ShutdownNotice told{.why = notice.why, .budget = {}, .going = Going::failing};
  for (const auto& [source, one] : announced_) {
    told.going = std::min(told.going, one.notice.going);
    if (!one.ends) continue;
    const auto left =
        std::max(std::chrono::duration_cast<std::chrono::milliseconds>(*one.ends - clock_.now()),
                 std::chrono::milliseconds(0));
    told.budget = std::min(told.budget.value_or(left), left);
  }
  gone_ = false;
  if (listener_ != nullptr) listener_->on_shutdown(told);
}

void ShutdownGate::let_go() {
  gone_ = true;
  for (const auto& [source, one] : announced_) {
    if (source < sources_.size()) sources_[source]->let_go();
  }
  if (stopping_ && exit_) clock_.post(exit_);
}

bool ShutdownGate::undecided() const {
  return std::ranges::any_of(sources_,
                             [](const ShutdownSource* source) { return source->undecided(); });
}

void ShutdownGate::asked_to_stop() {
  // A UPS that asks the host to go does not end this program; the host's shutdown does.
  const bool announced = announced_.contains(host_source);
  if (!announced && !host_goes_()) return stop_();
  stopping_ = true;
  if (gone_) return exit_();
  // The node is at it already, and let_go ends the program.
  if (announced) return;
  on_shutdown(sources_.size(), {.why = "the host is shutting down", .budget = {}});
}

}  // namespace upbeat
