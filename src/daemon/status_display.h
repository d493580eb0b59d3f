// SPDX-License-Identifier: Apache-2.0
// Shows on the host itself how its VMs leave it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "ports/clock.h"

namespace upbeat {

/// How often the line is made anew, besides when something happened.
inline constexpr std::chrono::milliseconds status_interval{1000};

/// Tells the service manager how the host stands, whenever that changed; and when the host begins
/// to go down with VMs on it, begins a job that people at its console see. Belongs to the loop's
/// thread.
class StatusDisplay {
 public:
  enum class Course : std::uint8_t { stays, goes_down };
  struct Look {
    std::string line;
    Course course = Course::stays;
  };

  /// `look` says how the host stands; `tell` is given a line that is new, `begin_job` is called
  /// once for each time that the host begins to go down.
  StatusDisplay(Clock& clock, std::function<Look()> look,
                std::function<void(const std::string&)> tell, std::function<void()> begin_job);

  /// Something may have changed.
  void update();

 private:
  void wait();

  Clock& clock_;
  std::function<Look()> look_;
  std::function<void(const std::string&)> tell_;
  std::function<void()> begin_job_;
  Look shown_;
  Timer next_;
};

}  // namespace upbeat
