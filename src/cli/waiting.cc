// SPDX-License-Identifier: Apache-2.0
// The wait: the stream of events wakes it, /v1/status tells it how things are.
#include "cli/waiting.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <set>
#include <utility>

#include "cli/exit_status.h"
#include "cli/fields.h"
#include "cli/progress_block.h"
#include "cli/terminal.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The status is read at most this often, however many events there are.
constexpr milliseconds status_interval{50};
/// Where no block is drawn, a VM's progress is told at most this often.
constexpr std::chrono::seconds spoken_interval{5};
/// A wait without a time-out; far from where time points overflow.
constexpr std::chrono::hours forever{24 * 365};

class Wait {
 public:
  Wait(const ApiOptions& api, const WaitOptions& options, const Goal& goal)
      : client_(api.client()),
        format_(api.format()),
        goal_(goal),
        terminal_(stdout_is_terminal()),
        begin_(SteadyClock::now()),
        end_(begin_ + (options.timeout_s
                           ? milliseconds(static_cast<std::int64_t>(*options.timeout_s * 1000))
                           : milliseconds(forever))) {}

  /// The stream is opened and the VMs are looked at before anything is asked for, so nothing is
  /// missed.
  void run(const std::optional<Asked>& asked) {
    EventStream stream = or_end(client_.follow("&every=true"), format_);
    static_cast<void>(read_status());
    if (asked) or_end(client_.send(asked->method, asked->target, asked->body), format_);
    Verdict verdict;
    while (true) {
      const json::value status = read_status();
      const std::vector<json::value> lines = stream.take();
      show(status, lines);
      verdict = goal_.judge(status);
      if (verdict.judgement != Judgement::goes_on) break;
      wait(stream);
    }
    finish(verdict);
  }

 private:
  json::value read_status() {
    json::value status = or_end(client_.get("/v1/status"), format_);
    read_at_ = SteadyClock::now();
    for (const json::value& vm : list_in(status, "vms"))
      if (goal_.concerns(vm)) concerned_.insert(text_in(vm, "name"));
    return status;
  }

  void wait(EventStream& stream) {
    Wake wake = stream.wait(end_);
    // More events may come at once: they are looked at together.
    if (wake == Wake::event) {
      pause_until(stream, read_at_ + status_interval);
      return;
    }
    give_up(wake);
  }

  /// Lets lines pile up until `until`, but not signals.
  void pause_until(EventStream& stream, SteadyClock::time_point until) {
    while (SteadyClock::now() < std::min(until, end_)) {
      auto lines = stream.take();
      pending_.insert(pending_.end(), std::make_move_iterator(lines.begin()),
                      std::make_move_iterator(lines.end()));
      const Wake wake = stream.wait(std::min(until, end_));
      if (wake == Wake::interrupted || wake == Wake::ended) give_up(wake);
    }
  }

  [[noreturn]] void give_up(Wake wake) const {
    if (wake == Wake::interrupted) {
      std::cerr << "\nupbeat: " << goal_.on_leave << "\n";
      throw CLI::RuntimeError(exit_interrupted);
    }
    if (wake == Wake::time)
      end_with({.exit_status = exit_timeout,
                .http_status = 0,
                .text = "it is not done after " + duration_text(elapsed()) + ": " + goal_.on_leave},
               format_);
    end_with({.exit_status = exit_unreachable,
              .http_status = 0,
              .text = "the connection to upbeatd broke off, " + goal_.on_leave},
             format_);
  }

  void show(const json::value& status, const std::vector<json::value>& lines) {
    pending_.insert(pending_.end(), lines.begin(), lines.end());
    const std::vector<json::value> news = std::exchange(pending_, {});
    if (format_ == Format::json) return;
    if (terminal_) return draw(status);
    for (const json::value& line : news) speak(line);
    speak_waits(status);
    speak_progress(status);
  }

  void draw(const json::value& status) {
    std::size_t width = 0;
    for (const std::string& name : concerned_) width = std::max(width, name.size());
    std::vector<std::string> lines;
    for (const json::value& vm : list_in(status, "vms")) {
      const std::string name = text_in(vm, "name");
      if (!concerned_.contains(name)) continue;
      lines.push_back("  " + name + std::string(width - name.size() + 2, ' ') +
                      vm_progress_text(vm));
    }
    block_.draw(lines, terminal_width());
  }

  void speak(const json::value& line) const {
    const std::string subject = text_in(line, "subject");
    if (subject.empty() || (subject != goal_.subject && !concerned_.contains(subject))) return;
    std::cout << subject << " " << text_in(line, "text") << "\n" << std::flush;
  }

  /// What had to wait already before it was asked for, and so is no news.
  void speak_waits(const json::value& status) {
    if (std::exchange(waits_spoken_, true)) return;
    for (const json::value& vm : list_in(status, "vms"))
      if (part_of(vm, "waits_for") != nullptr && concerned_.contains(text_in(vm, "name")))
        std::cout << text_in(vm, "name") << " " << vm_progress_text(vm) << "\n" << std::flush;
  }

  void speak_progress(const json::value& status) {
    if (SteadyClock::now() < spoken_at_ + spoken_interval) return;
    spoken_at_ = SteadyClock::now();
    for (const json::value& vm : list_in(status, "vms"))
      if (part_of(vm, "progress") != nullptr && concerned_.contains(text_in(vm, "name")))
        std::cout << text_in(vm, "name") << " " << vm_progress_text(vm) << "\n" << std::flush;
  }

  void finish(const Verdict& verdict) const {
    const bool done = verdict.judgement == Judgement::done;
    if (format_ == Format::json)
      print_json(
          json::object{{"done", done}, {"text", verdict.text}, {"waited_ms", elapsed().count()}});
    if (!done) {
      std::cerr << "upbeat: " << verdict.text << "\n";
      throw CLI::RuntimeError(exit_refused);
    }
    if (format_ == Format::text)
      std::cout << verdict.text << " (" << duration_text(elapsed()) << ")\n";
  }

  [[nodiscard]] milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(SteadyClock::now() - begin_);
  }

  Client client_;
  Format format_;
  const Goal& goal_;
  bool terminal_;
  bool waits_spoken_ = false;
  SteadyClock::time_point begin_;
  SteadyClock::time_point end_;
  SteadyClock::time_point read_at_;
  SteadyClock::time_point spoken_at_ = SteadyClock::now();
  std::set<std::string> concerned_;
  std::vector<json::value> pending_;
  ProgressBlock block_;
};

}  // namespace

void add_wait_options(CLI::App& command, WaitOptions& options) {
  command.add_flag("--no-wait", options.no_wait, "Return as soon as it is granted");
  command
      .add_option("--timeout", options.timeout_s,
                  "Wait at most so many seconds, then end with status 4; the work goes on")
      ->check(CLI::NonNegativeNumber)
      ->check(CLI::Range(0.0, 1e9));
}

void watch(const ApiOptions& api, const Goal& goal) { Wait(api, {}, goal).run(std::nullopt); }

void ask_and_wait(const ApiOptions& api, const WaitOptions& options, const Asked& asked,
                  const Goal& goal) {
  if (!options.no_wait) return Wait(api, options, goal).run(asked);
  const json::value answer =
      or_end(api.client().send(asked.method, asked.target, asked.body), api.format());
  if (api.json) print_json(answer);
}

}  // namespace upbeat::cli
