// SPDX-License-Identifier: Apache-2.0
// Makes the network follow a guest that has migrated in, and remembers what its guests answer to.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/announcer.h"
#include "ports/clock.h"
#include "ports/hypervisor.h"

namespace upbeat {

/// A guest that came in is announced at once and then again, after a pause that doubles each time
/// from the first to the longest, until it is heard itself; for no longer than the patience.
inline constexpr std::chrono::milliseconds first_announcement_pause{50};
inline constexpr std::chrono::milliseconds longest_announcement_pause{5'000};
inline constexpr std::chrono::milliseconds announcement_patience{60'000};
/// One frame may be lost: so often it is announced even if it is heard before.
inline constexpr int least_announcements = 2;
/// How long what was learned is gathered before it is noted with the guest; and before that is
/// tried again, after it was refused.
inline constexpr std::chrono::milliseconds note_pause{1'000};
inline constexpr std::chrono::milliseconds note_retry{10'000};
/// How old what is known of a guest's interfaces may become: some are plugged in while it runs.
inline constexpr std::chrono::milliseconds interfaces_age_limit{60'000};

/// How a guest that is seen here for the first time came.
enum class Arrival : std::uint8_t { migrated_in, was_here };

/// What this node does for its guests' networks. A guest's addresses are learned where it runs and
/// kept as a note with it (Hypervisor::keep_note), so that the node to which it migrates knows
/// them. Belongs to the loop's thread.
class Announcements final : private AnnouncerListener {
 public:
  /// All outlive it; `say` tells, in a sentence, what was done.
  Announcements(Hypervisor& hypervisor, Announcer& announcer, Clock& clock,
                std::function<void(const std::string&)> say);

  /// Begins. Once.
  void start() { announcer_.start(*this); }
  /// `vm` runs here; how it came counts only if that is news.
  void seen(const VmId& vm, Arrival arrival);
  /// It does so no longer.
  void gone(const VmId& vm);
  /// All guests of this host: who is not among them is gone.
  void keep_only(const std::vector<Guest>& guests);

 private:
  struct Interface {
    VmId vm;
    std::string known;  ///< the announcer's line
    bool heard = false;
  };
  struct Campaign {
    MonotonicTime begun{};
    int rounds = 0;
    std::chrono::milliseconds pause = first_announcement_pause;
    Timer next;
  };
  struct Here {
    std::uint64_t visit = 0;  ///< tells two stays of a guest apart
    Arrival arrival = Arrival::was_here;
    MonotonicTime arrived{};
    bool asking = false;
    std::optional<MonotonicTime> read_at;
    std::vector<std::string> devices;
    std::string note;
    bool note_pending = false;
    Timer noting;
    std::optional<Campaign> campaign;
  };

  void on_heard(const std::string& device) override;
  void on_learned(const std::string& device, const std::string& known) override;

  void ask(const VmId& vm);
  void answered(const VmId& vm, Here& here, const GuestNetwork& network);
  void announce(const VmId& vm);
  [[nodiscard]] bool all_heard(const Here& here) const;
  void end_campaign(const VmId& vm, Here& here);
  void note_after(const VmId& vm, std::chrono::milliseconds pause);
  void note(const VmId& vm);
  void watch(const VmId& vm, Here& here, const GuestInterface& interface);
  void forget(const VmId& vm, Here& here, const std::vector<GuestInterface>& but);

  Hypervisor& hypervisor_;
  Announcer& announcer_;
  Clock& clock_;
  std::function<void(const std::string&)> say_;
  std::map<VmId, Here> guests_;
  std::map<std::string, Interface> interfaces_;  ///< watched ones, by device
  std::uint64_t visits_ = 0;
};

}  // namespace upbeat
