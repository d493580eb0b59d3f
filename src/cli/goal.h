// SPDX-License-Identifier: Apache-2.0
// What a command waits for, judged by what /v1/status says. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <functional>
#include <string>

namespace upbeat::cli {

enum class Judgement : std::uint8_t { goes_on, done, failed };

struct Verdict {
  Judgement judgement = Judgement::goes_on;
  std::string text;  ///< one sentence for people, if it is over
};

/// Something asked for that takes its time. The functions get the JSON of the API.
struct Goal {
  std::string subject;   ///< the node or VM that was named
  std::string on_leave;  ///< what to say when somebody stops waiting: "the drain goes on; …"
  /// Whether it is reached, by the whole of /v1/status.
  std::function<Verdict(const boost::json::value& status)> judge;
  /// Whether this VM's progress belongs to it now; from then on it does.
  std::function<bool(const boost::json::value& vm)> concerns;
};

[[nodiscard]] Goal drain_goal(const std::string& node);
/// All guests have left; those that find no place are waited for.
[[nodiscard]] Goal maintenance_goal(const std::string& node);
/// The VMs of a host that goes down have left, or it stays after all.
[[nodiscard]] Goal handover_goal(const std::string& node);
[[nodiscard]] Goal start_goal(const std::string& vm);
[[nodiscard]] Goal stop_goal(const std::string& vm);
[[nodiscard]] Goal remove_goal(const std::string& vm);
/// `from` is the node where it runs before; `to` is where it shall go, or "" for anywhere.
[[nodiscard]] Goal migrate_goal(const std::string& vm, const std::string& from,
                                const std::string& to);

/// One line on how far the VM is, without its name.
[[nodiscard]] std::string vm_progress_text(const boost::json::value& vm);

}  // namespace upbeat::cli
