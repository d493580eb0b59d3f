// SPDX-License-Identifier: Apache-2.0
// The node as the API sees it.
#include "daemon/node_service.h"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "core/requests.h"
#include "hypervisor/domain_xml.h"

namespace upbeat {

DaemonStatus NodeService::daemon() const {
  return {.self = node_.self(),
          .quorate = node_.in_step(),
          .trouble = node_.trouble(),
          .alarms = node_.alarms()};
}

void NodeService::request(const Event& event, std::function<void(Result<void>)> done) {
  // What is plainly impossible is told at once; the order has the last word on the rest.
  if (node_.in_step()) {
    if (auto granted = check_request(node_.state(), event); !granted) {
      done(std::move(granted));
      return;
    }
  }
  node_.request(event, std::move(done));
}

Result<VmDefined> NodeService::read_definition(const std::string& domain_xml,
                                               std::int32_t priority) {
  const auto facts = read_domain(domain_xml);
  if (!facts) return std::unexpected(facts.error());
  VmDefined defined{.vm = VmId(facts->name)};
  defined.spec = {.uuid = facts->uuid,
                  .memory_kib = facts->memory_kib,
                  .cores = facts->vcpus,
                  .priority = priority,
                  .domain_xml = domain_xml};
  if (facts->uuid.empty()) {
    defined.spec.uuid = boost::uuids::to_string(boost::uuids::random_generator()());
    auto named = with_uuid(domain_xml, defined.spec.uuid);
    if (!named) return std::unexpected(named.error());
    defined.spec.domain_xml = std::move(*named);
  }
  return defined;
}

Result<std::vector<HistoryLine>> NodeService::history(EventIndex after, std::size_t limit,
                                                      const std::string& subject) {
  return journal_.history(after, limit, subject);
}

const DrillSoFar* NodeService::drill() const {
  const auto& drill = node_.drills().so_far();
  return drill ? &*drill : nullptr;
}

void NodeService::drill_watchdog(NodeId node, std::function<void(Result<void>)> done) {
  node_.drills().ask_for_reset(node, std::move(done));
}

Timer NodeService::follow(HistoryListener listener) { return node_.follow(std::move(listener)); }

}  // namespace upbeat
