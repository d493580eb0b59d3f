// SPDX-License-Identifier: Apache-2.0
// Looks at this host again and again, and tells when its guests had better leave.
#include "health/health_source.h"

#include <sys/eventfd.h>

#include <utility>

#include "base/fd.h"

namespace upbeat {
namespace {

std::vector<std::string> names_of(const std::vector<HealthCheck>& checks) {
  std::vector<std::string> names;
  for (const auto& check : checks) names.push_back(check.name);
  return names;
}

}  // namespace

/// A check, and what waits for it. A worker that hangs in a look keeps the check alive.
struct HealthSource::Running {
  HealthCheck check;
  Timer next;
  Timer patience;
};

/// Readable once the source has gone: ends the programs that its looks have begun.
class HealthSource::StopSign {
 public:
  void give() const { ::eventfd_write(fd_.get(), 1); }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Fd fd_{::eventfd(0, EFD_CLOEXEC)};
};

HealthSource::HealthSource(Clock& clock, std::vector<HealthCheck> checks,
                           std::chrono::seconds well_for,
                           std::function<void(const std::string&, const std::string&)> trouble)
    : clock_(clock),
      trouble_(std::move(trouble)),
      watch_(names_of(checks), well_for),
      stop_(std::make_shared<StopSign>()),
      home_(std::make_shared<Home>(clock)),
      workers_(health_worker_limit, health_check_limit) {
  for (auto& check : checks) {
    checks_.push_back(
        std::make_shared<Running>(Running{.check = std::move(check), .next = {}, .patience = {}}));
  }
}

HealthSource::~HealthSource() {
  home_->close();
  stop_->give();
}

Result<void> HealthSource::start(ShutdownListener& listener) {
  listener_ = &listener;
  for (std::size_t at = 0; at < checks_.size(); ++at) look(at);
  return {};
}

void HealthSource::look(std::size_t at) {
  const auto running = checks_[at];
  if (running->check.blocks == LookBlocks::no) {
    // In a turn of its own: the one that starts the source may not be ready to be told.
    running->next = clock_.after(std::chrono::nanoseconds(0),
                                 [this, at] { seen(at, checks_[at]->check.look(stop_->fd())); });
    return;
  }
  running->patience = clock_.after(running->check.patience, [this, at] {
    const auto& check = checks_[at]->check;
    trouble_(check.name, "cannot tell how this host is by its check '" + check.name +
                             "': it has not ended for " + std::to_string(check.patience.count()) +
                             " s; Upbeat goes on waiting");
  });
  const bool queued = workers_.run([this, at, running, stop = stop_, home = home_] {
    home->post([this, at, what = running->check.look(stop->fd())] { seen(at, what); });
  });
  if (!queued)
    seen(at, {.findings = {}, .trouble = "cannot look at this host: too many looks wait"});
}

void HealthSource::seen(std::size_t at, const Seen& what) {
  auto& running = *checks_[at];
  const auto& check = running.check;
  running.patience.cancel();
  running.next = clock_.after(check.interval, [this, at] { look(at); });
  trouble_(check.name, what.trouble);
  const auto change = watch_.judge(check.name, what, check.ill_for, clock_.now());
  if (!change) return;
  if (change->notice) {
    listener_->on_shutdown(*change->notice);
  } else {
    listener_->on_shutdown_cancelled();
  }
}

}  // namespace upbeat
