// SPDX-License-Identifier: Apache-2.0
// The words of scenarios for what the core has enumerations for; the same as operators type.
#pragma once

#include <map>
#include <string>

#include "core/policy.h"
#include "core/policy_text.h"
#include "core/rule.h"
#include "engine/simulated_network.h"

namespace upbeat {

[[nodiscard]] inline const std::map<std::string, RuleKind>& rule_kind_words() {
  static const std::map<std::string, RuleKind> words{{"together", RuleKind::together},
                                                     {"apart", RuleKind::apart},
                                                     {"on", RuleKind::on},
                                                     {"off", RuleKind::off}};
  return words;
}

[[nodiscard]] inline const std::map<std::string, QuorumRule>& quorum_words() {
  static const std::map<std::string, QuorumRule> words{{"majority", QuorumRule::majority},
                                                       {"two_node", QuorumRule::two_node},
                                                       {"qdevice", QuorumRule::qdevice}};
  return words;
}

[[nodiscard]] inline const std::map<std::string, Failback>& failback_words() {
  static const std::map<std::string, Failback> words{
      {failback_word(Failback::stay), Failback::stay},
      {failback_word(Failback::go_home), Failback::go_home}};
  return words;
}

[[nodiscard]] inline const std::map<std::string, OnShutdown>& on_shutdown_words() {
  static const std::map<std::string, OnShutdown> words{
      {on_shutdown_word(OnShutdown::migrate), OnShutdown::migrate},
      {on_shutdown_word(OnShutdown::restart), OnShutdown::restart},
      {on_shutdown_word(OnShutdown::hold), OnShutdown::hold}};
  return words;
}

}  // namespace upbeat
