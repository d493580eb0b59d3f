// SPDX-License-Identifier: Apache-2.0
// What rehearsals share: the node, its guests, their way out, and their way back.
#include "cli/rehearsal_run.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "api/target.h"
#include "cli/exit_status.h"
#include "cli/fields.h"
#include "cli/goal.h"
#include "cli/terminal.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The status is read at most this often, however many events there are.
constexpr milliseconds status_interval{50};
/// And that often if there are none.
constexpr milliseconds idle_interval{500};

EventStream::Time end_of(const RehearsalOptions& options) {
  if (!options.timeout_s) return SteadyClock::now() + rehearsal_limit;
  return SteadyClock::now() + milliseconds(static_cast<std::int64_t>(*options.timeout_s * 1000));
}

std::string span(std::int64_t ms) { return duration_text(milliseconds(ms)); }

}  // namespace

RehearsalRun::RehearsalRun(const ApiOptions& api, const RehearsalOptions& options, std::string node)
    : client_(api.client()),
      format_(api.format()),
      yes_(options.yes),
      node_(std::move(node)),
      stream_(or_end(client_.follow("&every=true"), format_)),
      end_(end_of(options)) {}

json::value RehearsalRun::examine() {
  const json::value status = read();
  const json::value* node = named_in(list_in(status, "nodes"), node_);
  if (node == nullptr) refuse("there is no node " + node_);
  if (const auto* daemon = part_of(status, "daemon")) self_ = text_in(*daemon, "self");
  const std::string standing = text_in(*node, "standing");
  drained_before_ = standing == "drained";
  if (standing != "online" && !drained_before_) {
    refuse(node_ + " is " + standing + ", and a rehearsal begins with a node that is online");
  }
  for (const json::value& vm : list_in(status, "vms")) take_note(vm);
  return *node;
}

void RehearsalRun::ask_for_consent(const std::string& what) const {
  if (yes_) return;
  if (::isatty(STDIN_FILENO) != 1) {
    end_with({.exit_status = exit_usage,
              .http_status = 0,
              .text = "will not begin without consent (" + what + "): add --yes"},
             format_);
  }
  std::cerr << what << ".\nType the node's name to go on: " << std::flush;
  std::string typed;
  std::getline(std::cin, typed);
  if (typed != node_) refuse("nothing was begun");
}

void RehearsalRun::refuse(const std::string& why) const {
  end_with({.exit_status = exit_refused, .http_status = 0, .text = why}, format_);
}

milliseconds RehearsalRun::empty() {
  if (drained_before_) return milliseconds(0);
  const auto begun = SteadyClock::now();
  or_end(client_.send("POST", target("/drain"), json::object{{"why", "drill"}}), format_);
  drained_by_us_ = true;
  say(node_ + " is being drained");
  const Goal goal = drain_goal(node_);
  wait([&](const json::value& status) {
    note_moves(status);
    const Verdict verdict = goal.judge(status);
    if (verdict.judgement == Judgement::failed) fall_back(exit_refused, verdict.text);
    return verdict.judgement == Judgement::done;
  });
  const auto took = std::chrono::duration_cast<milliseconds>(SteadyClock::now() - begun);
  say(node_ + " is empty after " + duration_text(took));
  return took;
}

void RehearsalRun::restore() {
  if (!drained_by_us_) return;
  or_end(client_.send("POST", target("/undrain"), {}), format_);
  drained_by_us_ = false;
  say(node_ + " takes VMs again");
  wait([&](const json::value& status) {
    const json::value* node = named_in(list_in(status, "nodes"), node_);
    return node != nullptr && text_in(*node, "standing") == "online";
  });
  for (const auto& [vm, move] : moves_) {
    const auto sent = client_.send("POST", "/v1/vms/" + percent_encode(vm) + "/migrate",
                                   json::object{{"to", node_}});
    if (sent) continue;
    complain(vm + " cannot be moved back: " + sent.error().text);
    at_rest_.insert(vm);
  }
  wait([&](const json::value& status) {
    for (const auto& [vm, move] : moves_) {
      if (!at_rest_.contains(vm) && came_to_rest(status, vm)) at_rest_.insert(vm);
    }
    return at_rest_.size() == moves_.size();
  });
}

void RehearsalRun::wait(const std::function<bool(const json::value&)>& enough) {
  while (true) {
    const auto read_at = SteadyClock::now();
    if (enough(read())) return;
    Wake wake = stream_.wait(std::min(end_, read_at + idle_interval));
    while (wake == Wake::event && SteadyClock::now() < read_at + status_interval) {
      static_cast<void>(stream_.take());
      wake = stream_.wait(read_at + status_interval);
    }
    static_cast<void>(stream_.take());
    if (wake == Wake::interrupted) fall_back(exit_interrupted, "it was interrupted");
    if (wake == Wake::ended) fall_back(exit_unreachable, "the connection to upbeatd broke off");
    if (SteadyClock::now() >= end_) fall_back(exit_timeout, "its time is over");
  }
}

void RehearsalRun::fall_back(int exit_status, const std::string& why) const {
  std::string text = "the rehearsal ends: " + why;
  if (drained_by_us_) {
    const auto undrained = client_.send("POST", target("/undrain"), {});
    text += undrained ? "; " + node_ + " takes VMs again"
                      : "; the drain of " + node_ + " could not be ended (" +
                            undrained.error().text + "): `upbeat undrain " + node_ + "` does that";
  }
  if (const auto away = still_away(); !away.empty()) {
    text += "; elsewhere now: " + away + " (`upbeat vm migrate VM " + node_ + "` brings a VM back)";
  }
  end_with({.exit_status = exit_status, .http_status = 0, .text = text}, format_);
}

json::value RehearsalRun::ask(const std::string& verb) {
  auto answer = client_.send("POST", target(verb), {});
  if (!answer) fall_back(answer.error().exit_status, answer.error().text);
  return *answer;
}

void RehearsalRun::say(const std::string& text) const {
  if (format_ == Format::text) std::cout << text << "\n" << std::flush;
}

void RehearsalRun::complain(const std::string& text) {
  complaints_ += (complaints_.empty() ? "" : "; ") + text;
  std::cerr << "upbeat: " << text << "\n";
}

void RehearsalRun::finish(json::object view) const {
  if (format_ == Format::json) {
    view["node"] = node_;
    view["done"] = complaints_.empty();
    view["text"] = complaints_;
    view["vms"] = moves_view();
    print_json(view);
  } else if (!moves_.empty()) {
    std::cout << "\n" << moves_table() << std::flush;
  }
  if (!complaints_.empty()) throw CLI::RuntimeError(exit_refused);
}

std::string RehearsalRun::guests() const {
  if (moves_.empty()) return "no VM is on it";
  std::string names;
  for (const auto& [vm, move] : moves_) names += (names.empty() ? "" : ", ") + vm;
  return "its VMs (" + names + ") move, live, and back again";
}

json::value RehearsalRun::read() const { return or_end(client_.get("/v1/status"), format_); }

std::string RehearsalRun::target(const std::string& verb) const {
  return "/v1/nodes/" + percent_encode(node_) + verb;
}

void RehearsalRun::take_note(const json::value& vm) {
  const std::string name = text_in(vm, "name");
  const bool is_here = std::ranges::any_of(
      list_in(vm, "may_run_on"), [&](const json::value& place) { return text_of(place) == node_; });
  if (!is_here) return;
  if (text_in(vm, "phase") != "running") {
    refuse(name + " on " + node_ + " is " + text_in(vm, "phase") + ": try again when it runs");
  }
  moves_[name] = {};
}

void RehearsalRun::note_moves(const json::value& status) {
  for (auto& [name, move] : moves_) {
    const json::value* vm = named_in(list_in(status, "vms"), name);
    if (vm == nullptr || move.left || text_in(*vm, "phase") != "running") continue;
    const std::string now_on = text_in(*vm, "node");
    if (now_on.empty() || now_on == node_) continue;
    move.left = true;
    move.other = now_on;
    if (const json::value* last = part_of(*vm, "last_move")) {
      move.out_ms = number_in(*last, "total_ms");
      move.out_pause_ms = number_in(*last, "downtime_ms");
    }
    say(name + " moved to " + now_on + " in " + span(move.out_ms) + ", paused for " +
        span(move.out_pause_ms));
  }
}

bool RehearsalRun::came_to_rest(const json::value& status, const std::string& name) {
  const Verdict verdict = migrate_goal(name, "", node_).judge(status);
  if (verdict.judgement == Judgement::goes_on) return false;
  auto& move = moves_.at(name);
  move.back = verdict.judgement == Judgement::done;
  if (!move.back) {
    complain(verdict.text);
    return true;
  }
  const json::value* vm = named_in(list_in(status, "vms"), name);
  const json::value* last = vm == nullptr ? nullptr : part_of(*vm, "last_move");
  if (last != nullptr && move.left) {
    move.back_ms = number_in(*last, "total_ms");
    move.back_pause_ms = number_in(*last, "downtime_ms");
  }
  say(name + " is back in " + span(move.back_ms) + ", paused for " + span(move.back_pause_ms));
  return true;
}

std::string RehearsalRun::still_away() const {
  std::string names;
  for (const auto& [vm, move] : moves_) {
    if (move.left && !move.back) names += (names.empty() ? "" : ", ") + vm;
  }
  return names;
}

json::array RehearsalRun::moves_view() const {
  json::array list;
  for (const auto& [vm, move] : moves_) {
    list.push_back(json::object{{"name", vm},
                                {"to", move.other},
                                {"out_ms", move.out_ms},
                                {"out_pause_ms", move.out_pause_ms},
                                {"back_ms", move.back_ms},
                                {"back_pause_ms", move.back_pause_ms},
                                {"back", move.back}});
  }
  return list;
}

std::string RehearsalRun::moves_table() const {
  Table rows({{"VM"},
              {"WENT TO"},
              {"OUT IN", Align::right},
              {"PAUSED", Align::right},
              {"BACK IN", Align::right},
              {"PAUSED", Align::right}});
  for (const auto& [vm, move] : moves_) {
    rows.add({vm, move.other, span(move.out_ms), span(move.out_pause_ms),
              move.back ? span(move.back_ms) : "not back",
              move.back ? span(move.back_pause_ms) : ""});
  }
  return rows.text(colours_of_stdout());
}

}  // namespace upbeat::cli
