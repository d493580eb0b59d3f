// SPDX-License-Identifier: Apache-2.0
// Watchdogs of Linux, in a guest with the distribution's kernel.
#include <stdexcept>
#include <utility>

#include "fence/test/watchdog_guest.h"
#include "fence/test/watchdog_world.h"

namespace upbeat {
namespace {

/// A guest that was not reset serves the next world: it costs a second or two to boot one.
std::unique_ptr<WatchdogGuest>& spare_guest() {
  static std::unique_ptr<WatchdogGuest> guest;
  return guest;
}

Result<void> done(const Result<std::string>& answer) {
  if (!answer) return std::unexpected(answer.error());
  return {};
}

class LinuxWatchdogWorld final : public WatchdogWorld {
 public:
  explicit LinuxWatchdogWorld(std::string module)
      : guest_(std::move(spare_guest())), module_(std::move(module)) {
    if (!guest_) guest_ = std::make_unique<WatchdogGuest>();
    guest_->tell("load " + module_);
    guest_->tell("start");
    daemon_runs_ = true;
  }
  ~LinuxWatchdogWorld() override {
    if (guest_->was_reset()) return;
    if (daemon_runs_ && (!guest_->ask("disarm") || !guest_->ask("kill"))) return;
    if (guest_->ask("unload " + module_)) spare_guest() = std::move(guest_);
  }

  Result<void> arm(std::chrono::milliseconds timeout) override {
    return done(guest_->ask("arm " + std::to_string(timeout.count())));
  }
  Result<void> feed() override { return done(guest_->ask("feed")); }
  Result<void> disarm() override { return done(guest_->ask("disarm")); }
  void kill_daemon() override {
    guest_->tell("kill");
    daemon_runs_ = false;
  }
  void pass(std::chrono::milliseconds time) override {
    guest_->pass(time);
    const bool softdog_did = guest_->console().contains("softdog: Initiating system reboot");
    if (guest_->was_reset() && softdog_did != (module_ == "softdog")) {
      throw std::runtime_error("it was not " + module_ + " that reset the guest\n" +
                               guest_->console());
    }
  }
  [[nodiscard]] std::chrono::milliseconds now() const override { return guest_->now(); }
  [[nodiscard]] std::optional<std::chrono::milliseconds> reset_at() const override {
    if (!guest_->was_reset()) return std::nullopt;
    return guest_->now();
  }

 private:
  std::unique_ptr<WatchdogGuest> guest_;
  std::string module_;
  bool daemon_runs_ = false;
};

}  // namespace

std::unique_ptr<WatchdogWorld> make_softdog_world() {
  return std::make_unique<LinuxWatchdogWorld>("softdog");
}

std::unique_ptr<WatchdogWorld> make_chipset_watchdog_world() {
  return std::make_unique<LinuxWatchdogWorld>("wdat_wdt");
}

}  // namespace upbeat
