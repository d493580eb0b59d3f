// SPDX-License-Identifier: Apache-2.0
// Looks at this host again and again, and tells when its guests had better leave.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "clock/workers.h"
#include "health/finding.h"
#include "health/health_watch.h"
#include "ports/clock.h"
#include "ports/shutdown_source.h"

namespace upbeat {

/// Whether a look may stand still for a while, and so belongs to a worker.
enum class LookBlocks : std::uint8_t { yes, no };

/// One thing that is looked at.
struct HealthCheck {
  std::string name;                   ///< "memory"; no two checks share one
  std::chrono::seconds interval{10};  ///< from the end of one look to the next
  std::chrono::seconds ill_for{20};   ///< how long a part has to be ill until it counts
  std::chrono::seconds patience{60};  ///< a look that takes longer is a trouble
  LookBlocks blocks = LookBlocks::yes;
  /// Looks once. One look at a time, but not always on the same thread. The descriptor turns
  /// readable when nobody waits for the look any more.
  std::function<Seen(int stop_fd)> look;
};

/// Looks that are under way at once; more wait their turn.
inline constexpr std::size_t health_worker_limit = 4;
/// Checks of one host.
inline constexpr std::size_t health_check_limit = 64;

/// Announces Going::failing while a part of the host counts as ill, with what ails it, and takes it
/// back when all count as well (health_watch.h). It holds nothing back. A look that cannot be made,
/// or takes too long, is told as a trouble and changes nothing else.
class HealthSource final : public ShutdownSource {
 public:
  /// `clock` outlives the source. `trouble` is told, on the loop's thread, why a check cannot see
  /// all it should, by the check's name, and "" when it can.
  HealthSource(Clock& clock, std::vector<HealthCheck> checks, std::chrono::seconds well_for,
               std::function<void(const std::string& check, const std::string& text)> trouble);
  HealthSource(const HealthSource&) = delete;
  HealthSource& operator=(const HealthSource&) = delete;
  ~HealthSource() override;

  [[nodiscard]] Result<void> start(ShutdownListener& listener) override;
  void let_go() override {}
  [[nodiscard]] bool undecided() const override { return watch_.undecided(); }

 private:
  struct Running;
  class StopSign;

  void look(std::size_t at);
  void seen(std::size_t at, const Seen& what);

  Clock& clock_;
  std::function<void(const std::string&, const std::string&)> trouble_;
  HealthWatch watch_;
  std::vector<std::shared_ptr<Running>> checks_;
  std::shared_ptr<StopSign> stop_;
  std::shared_ptr<Home> home_;
  Workers workers_;
  ShutdownListener* listener_ = nullptr;
};

}  // namespace upbeat
