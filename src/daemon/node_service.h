// SPDX-License-Identifier: Apache-2.0
// The node as the API sees it.
#pragma once

#include <string>

#include "api/service.h"
#include "node/node.h"

namespace upbeat {

/// Answers the API from a node and its journal, which outlive it. Belongs to the loop's thread.
class NodeService final : public Service {
 public:
  NodeService(Node& node, Journal& journal) : node_(node), journal_(journal) {}

  [[nodiscard]] const State& state() const override { return node_.state(); }
  [[nodiscard]] DaemonStatus daemon() const override;
  void request(const Event& event, std::function<void(Result<void>)> done) override;
  [[nodiscard]] Result<VmDefined> read_definition(const std::string& domain_xml,
                                                  std::int32_t priority) override;
  [[nodiscard]] Result<std::vector<HistoryLine>> history(EventIndex after, std::size_t limit,
                                                         const std::string& subject) override;
  [[nodiscard]] Result<std::uint64_t> begin_drill() override { return node_.drills().begin(); }
  [[nodiscard]] const DrillSoFar* drill() const override;
  void drill_watchdog(NodeId node, std::function<void(Result<void>)> done) override;
  [[nodiscard]] Timer follow(HistoryListener listener) override;

 private:
  Node& node_;
  Journal& journal_;
};

}  // namespace upbeat
