// SPDX-License-Identifier: Apache-2.0
// The handlers about rules.
#include <boost/json.hpp>

#include "api/body.h"
#include "api/view.h"

namespace upbeat::api {
namespace {

namespace json = boost::json;

std::optional<RuleKind> kind_of(Call& call, const std::string& word) {
  for (const auto kind : {RuleKind::together, RuleKind::apart, RuleKind::on, RuleKind::off})
    if (word == kind_word(kind)) return kind;
  reply_error(call, 400, "'kind' in the request's body must be together, apart, on or off");
  return std::nullopt;
}

std::optional<Strictness> strictness_of(Call& call, const std::string& word) {
  if (word.empty()) return Strictness::strict;
  for (const auto strictness : {Strictness::strict, Strictness::best_effort})
    if (word == strictness_word(strictness)) return strictness;
  reply_error(call, 400, "'strictness' in the request's body must be strict or best-effort");
  return std::nullopt;
}

/// Fills the guests and nodes of the rule; false after a 400 or 404.
bool read_names(Call& call, const json::object& body, Rule& rule) {
  const auto vms = strings_of(call, body, "vms");
  if (!vms) return false;
  const auto nodes = strings_of(call, body, "nodes");
  if (!nodes) return false;
  for (const std::string& name : *vms) {
    call.names = {name};
    const auto vm = named_vm(call);
    if (!vm) return false;
    rule.vms.push_back(*vm);
  }
  for (const std::string& name : *nodes) {
    call.names = {name};
    const auto node = named_node(call);
    if (!node) return false;
    rule.nodes.push_back(*node);
  }
  return true;
}

}  // namespace

void define_rule(Call call) {
  Rule rule{.name = RuleId{call.names.front()}};
  const auto body = body_of(call, {"kind", "strictness", "vms", "nodes"});
  if (!body) return;
  const auto kind_text = string_of(call, *body, "kind");
  if (!kind_text) return;
  const auto kind = kind_of(call, *kind_text);
  if (!kind) return;
  const auto strictness_text = string_of(call, *body, "strictness");
  if (!strictness_text) return;
  const auto strictness = strictness_of(call, *strictness_text);
  if (!strictness) return;
  rule.kind = *kind;
  rule.strictness = *strictness;
  if (read_names(call, *body, rule)) ask(std::move(call), RuleDefined{std::move(rule)}, 202);
}

void remove_rule(Call call) {
  if (!body_of(call, {})) return;
  if (const auto rule = named_rule(call)) ask(std::move(call), RuleRemoved{*rule}, 202);
}

}  // namespace upbeat::api
