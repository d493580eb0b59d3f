// SPDX-License-Identifier: Apache-2.0
// Shows on the host itself how its VMs leave it.
#include "daemon/status_display.h"

#include <utility>

namespace upbeat {

StatusDisplay::StatusDisplay(Clock& clock, std::function<Look()> look,
                             std::function<void(const std::string&)> tell,
                             std::function<void()> begin_job)
    : clock_(clock),
      look_(std::move(look)),
      tell_(std::move(tell)),
      begin_job_(std::move(begin_job)) {
  wait();
}

void StatusDisplay::update() {
  const auto before = std::exchange(shown_, look_());
  if (shown_.line != before.line) tell_(shown_.line);
  if (shown_.course == Course::goes_down && before.course == Course::stays) begin_job_();
}

void StatusDisplay::wait() {
  next_ = clock_.after(status_interval, [this] {
    update();
    wait();
  });
}

}  // namespace upbeat
