// SPDX-License-Identifier: Apache-2.0
// The handlers of drills.
#include <boost/json.hpp>
#include <memory>

#include "api/body.h"
#include "api/drill_view.h"

namespace upbeat::api {
namespace {

namespace json = boost::json;

unsigned status_of_refusal(const Call& call) { return call.service.daemon().quorate ? 409 : 503; }

}  // namespace

void begin_drill(Call call) {
  if (!body_of(call, {})) return;
  const auto begun = call.service.begin_drill();
  if (!begun) return reply_error(call, status_of_refusal(call), begun.error().text);
  reply(call, 202, json::object{{"drill", *begun}});
}

void show_drill(Call call) {
  if (!only_knows(call, {})) return;
  const auto* drill = call.service.drill();
  if (drill == nullptr) {
    return reply_error(call, 404,
                       "no drill was asked for on this node since its upbeatd began: `upbeat "
                       "drill` asks for one");
  }
  reply(call, 200, drill_view(call.service.state(), *drill));
}

void drill_watchdog(Call call) {
  if (!body_of(call, {})) return;
  const auto node = named_node(call);
  if (!node) return;
  const auto promised = call.service.state().nodes.at(*node).watchdog + watchdog_margin;
  Service& service = call.service;
  const auto kept = std::make_shared<Call>(std::move(call));
  service.drill_watchdog(*node, [kept, promised](const Result<void>& consent) {
    if (!consent) return reply_error(*kept, status_of_refusal(*kept), consent.error().text);
    reply(*kept, 202, json::object{{"within_ms", promised.count()}});
  });
}

}  // namespace upbeat::api
