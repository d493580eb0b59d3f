// SPDX-License-Identifier: Apache-2.0
// GET /v1/events: history, and the stream for those who follow it.
#include <boost/json.hpp>
#include <charconv>

#include "api/call.h"
#include "api/view.h"

namespace upbeat::api {
namespace {

namespace json = boost::json;

/// What is asked for.
struct Wish {
  std::optional<EventIndex> after;
  std::optional<std::size_t> limit;
  std::string subject;
  bool follow = false;
  bool every = false;
};

std::optional<std::uint64_t> number_in(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<bool> flag_in(const Call& call, const char* name) {
  const auto found = call.query.find(name);
  if (found == call.query.end() || found->second == "false") return false;
  if (found->second == "true") return true;
  return fail("the parameter '" + std::string(name) + "' must be true or false");
}

Result<Wish> read_wish(const Call& call) {
  Wish wish;
  if (const auto after = call.query.find("after"); after != call.query.end()) {
    const auto number = number_in(after->second);
    if (!number) return fail("the parameter 'after' must be the index of an event, 0 or more");
    wish.after = EventIndex{*number};
  }
  if (const auto limit = call.query.find("limit"); limit != call.query.end()) {
    const auto number = number_in(limit->second);
    if (!number || *number > events_limit)
      return fail("the parameter 'limit' must be a number from 0 to " +
                  std::to_string(events_limit));
    wish.limit = number;
  }
  if (const auto subject = call.query.find("subject"); subject != call.query.end())
    wish.subject = subject->second;
  const Result<bool> follow = flag_in(call, "follow");
  if (!follow) return std::unexpected(follow.error());
  const Result<bool> every = flag_in(call, "every");
  if (!every) return std::unexpected(every.error());
  wish.follow = *follow;
  wish.every = *every;
  return wish;
}

/// Sends what concerns `wish` of one applied event.
void pass_on(const Wish& wish, const Service& service, const std::vector<HistoryLine>& lines,
             const LineSink& sink) {
  bool said = false;
  for (const HistoryLine& line : lines) {
    if (!wish.subject.empty() && line.subject != wish.subject) continue;
    sink(json_line(history_view(line)));
    said = true;
  }
  if (wish.every && !said) sink(json_line(json::object{{"index", service.state().index.get()}}));
}

/// Without `after` and `limit` a follower sees only what is to come.
std::size_t backlog_limit(const Wish& wish) {
  if (wish.limit) return *wish.limit;
  return wish.after ? events_limit : 0;
}

void stream(Call& call, const Wish& wish) {
  const std::size_t limit = backlog_limit(wish);
  std::vector<HistoryLine> backlog;
  if (limit > 0) {
    auto lines = call.service.history(wish.after.value_or(EventIndex{}), limit, wish.subject);
    if (!lines) return reply_error(call, 503, lines.error().text);
    backlog = std::move(*lines);
  }
  Service& service = call.service;
  call.done(ApiStream{[wish, &service, backlog = std::move(backlog)](const LineSink& sink) {
    for (const HistoryLine& line : backlog) sink(json_line(history_view(line)));
    return service.follow([wish, &service, sink](const std::vector<HistoryLine>& lines) {
      pass_on(wish, service, lines, sink);
    });
  }});
}

}  // namespace

void events(Call call) {
  if (!only_knows(call, {"after", "limit", "subject", "follow", "every"})) return;
  const Result<Wish> wish = read_wish(call);
  if (!wish) return reply_error(call, 400, wish.error().text);
  if (wish->follow) return stream(call, *wish);
  const auto lines = call.service.history(wish->after.value_or(EventIndex{}),
                                          wish->limit.value_or(events_default), wish->subject);
  if (!lines) return reply_error(call, 503, lines.error().text);
  reply(call, 200, json::object{{"events", history_view(*lines)}});
}

}  // namespace upbeat::api
