// SPDX-License-Identifier: Apache-2.0
// One live migration between two simulated hosts: pre-copy, as QEMU does it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hypervisor/simulated_hosts.h"

namespace upbeat {

/// Preparing (the target gets ready) → copying (rounds, until what is left fits the downtime limit)
/// → switching (the guest stands still: outgoing here, incoming there) → gone. Each step looks at
/// both ends anew: an end that does not answer is waited for, then given up.
struct SimulatedMigration : std::enable_shared_from_this<SimulatedMigration> {
  enum class Phase : std::uint8_t { preparing, copying, switching, ended };
  using Answer = std::function<void(Result<MigrationSummary>)>;

  SimulatedMigration(SimulatedHost& from, std::string to, VmId guest, std::uint64_t number,
                     Answer answer);

  SimulatedHosts& world;
  SimulatedHost& source;
  std::string target_name;
  VmId vm;
  std::uint64_t id;
  Answer done;

  Phase phase = Phase::preparing;
  SimulatedHost* target = nullptr;
  std::uint64_t source_life = 0;
  std::uint64_t target_life = 0;
  MonotonicTime begin{};
  std::int64_t waited_ms = 0;   ///< for an end that does not answer
  std::uint64_t left_kib = 0;   ///< of this round
  std::uint64_t dirty_kib = 0;  ///< for the next
  std::uint32_t rounds = 0;
  std::uint64_t rate_kib_per_s = 0;

  void start();
  [[nodiscard]] Result<void> hasten(MoveStep wanted);
  /// Ends it: the guest runs on at the source, if there is one.
  void abort(const std::string& why);
  [[nodiscard]] MigrationProgress progress() const;

 private:
  enum class Ends : std::uint8_t { well, silent, refused };
  [[nodiscard]] Ends ends() const;
  [[nodiscard]] std::uint64_t memory_kib() const;
  [[nodiscard]] std::uint64_t rate() const;
  /// What the guest writes, throttled or standing still as it may be.
  [[nodiscard]] std::uint64_t dirty_rate() const;
  /// Runs `next` after a while if both ends are well then; else waits and at last gives up.
  void step(std::int64_t delay_ms, void (SimulatedMigration::*next)());
  void prepared();
  void copy();
  void switch_over();
  void switched();
  void finished(std::optional<std::uint64_t> instance);

  void begin_anew();

  MoveStep step_ = MoveStep::live;
  std::uint32_t throttled_percent_ = 0;
  std::optional<MonotonicTime> stands_still_since_;
  std::int64_t pause_ms_ = 0;
};

}  // namespace upbeat
