// SPDX-License-Identifier: Apache-2.0
// Rehearsals on the live cluster. Whatever they ask for they take back in the end.
#include "cli/rehearsal.h"

#include <boost/json.hpp>
#include <chrono>
#include <optional>

#include "cli/fields.h"
#include "cli/rehearsal_run.h"
#include "cli/terminal.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// So long after a host's end the others see it in the worst case that is usual (Corosync's
/// time-outs): what is measured here is longer than the truth by that.
constexpr std::chrono::seconds notice_time{15};

/// Why the node cannot be emptied; empty: it can.
std::string why_stranded(const json::value& node) {
  const json::value* outlook = part_of(node, "outlook");
  if (outlook == nullptr) return "it is not online";
  const auto& stranded = list_in(*outlook, "stranded");
  return stranded.empty() ? "" : text_in(stranded.front(), "why");
}

/// Waits for the host to go; how long after `strike` it was seen to be gone, or nothing.
std::optional<milliseconds> wait_until_gone(RehearsalRun& rehearsal, const std::string& node,
                                            milliseconds promised) {
  const auto strike = SteadyClock::now();
  std::optional<milliseconds> gone;
  rehearsal.wait([&](const json::value& status) {
    const json::value* record = named_in(list_in(status, "nodes"), node);
    const std::string standing = record == nullptr ? "left" : text_in(*record, "standing");
    const auto since = std::chrono::duration_cast<milliseconds>(SteadyClock::now() - strike);
    if (standing == "left" || standing == "lost" || standing == "off") {
      gone = since;
      return true;
    }
    // It takes back its good-bye when it finds that it is still there.
    return (standing != "leaving" && since > promised) || since > promised + notice_time;
  });
  return gone;
}

void wait_until_back(RehearsalRun& rehearsal, const std::string& node) {
  rehearsal.wait([&](const json::value& status) {
    const json::value* record = named_in(list_in(status, "nodes"), node);
    if (record == nullptr) return false;
    const std::string standing = text_in(*record, "standing");
    return standing == "online" || standing == "drained";
  });
}

}  // namespace

void rehearse_drain(const ApiOptions& api, const RehearsalOptions& options,
                    const std::string& node) {
  RehearsalRun rehearsal(api, options, node);
  const json::value before = rehearsal.examine();
  if (rehearsal.drained_before())
    rehearsal.refuse(node + " is drained already: nothing to rehearse");
  if (const auto why = why_stranded(before); !why.empty()) {
    rehearsal.refuse(node + " cannot be emptied: " + why);
  }
  const std::int64_t foretold = number_in(*part_of(before, "outlook"), "empties_in_ms");
  rehearsal.ask_for_consent(node + " is drained now: " + rehearsal.guests() +
                            "; none is shut down");
  const auto took = rehearsal.empty();
  rehearsal.restore();
  rehearsal.say(node + " was empty after " + duration_text(took) + ", foretold were " +
                duration_text(milliseconds(foretold)));
  rehearsal.finish(json::object{{"empty_ms", took.count()}, {"foretold_ms", foretold}});
}

void rehearse_watchdog(const ApiOptions& api, const RehearsalOptions& options,
                       const std::string& node) {
  RehearsalRun rehearsal(api, options, node);
  const json::value before = rehearsal.examine();
  if (number_in(before, "watchdog_ms") <= 0) {
    rehearsal.refuse(node +
                     " has no armed watchdog: give it one by [watchdog] in "
                     "/etc/upbeat/upbeat.toml there");
  }
  if (rehearsal.self() == node) {
    rehearsal.refuse("the host that you type on would be reset: ask on another node");
  }
  if (const auto why = why_stranded(before); !why.empty()) {
    rehearsal.refuse(node + " cannot be emptied: " + why);
  }
  rehearsal.ask_for_consent("The watchdog of " + node +
                            " resets its host now, with all that runs on it besides VMs; first " +
                            rehearsal.guests());
  rehearsal.empty();
  const milliseconds promised(number_in(rehearsal.ask("/watchdog-drill"), "within_ms"));
  rehearsal.say("nothing feeds the watchdog of " + node + " any more: its host is reset within " +
                duration_text(promised));
  const auto gone = wait_until_gone(rehearsal, node, promised);
  const auto went = SteadyClock::now();
  json::object view{{"promised_ms", promised.count()}, {"gone_ms", nullptr}, {"back_ms", nullptr}};
  if (gone) {
    view["gone_ms"] = gone->count();
    rehearsal.say(node + " was seen to be gone " + duration_text(*gone) +
                  " after its watchdog was fed last");
    wait_until_back(rehearsal, node);
    const auto back = std::chrono::duration_cast<milliseconds>(SteadyClock::now() - went);
    view["back_ms"] = back.count();
    rehearsal.say(node + " is back after " + duration_text(back));
  } else {
    rehearsal.complain("the watchdog of " + node + " has NOT reset its host within " +
                       duration_text(promised) +
                       ": do not count on it; `upbeat status` there says more");
    wait_until_back(rehearsal, node);
  }
  rehearsal.restore();
  rehearsal.finish(std::move(view));
}

}  // namespace upbeat::cli
