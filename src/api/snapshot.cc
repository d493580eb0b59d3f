// SPDX-License-Identifier: Apache-2.0
// The whole state for a program that goes on with it.
#include "api/snapshot.h"

#include <boost/algorithm/hex.hpp>
#include <boost/json.hpp>
#include <iterator>

#include "wire/wire.h"

namespace upbeat {

namespace json = boost::json;

json::object snapshot_view(const State& state, const DaemonStatus& daemon) {
  State open = state;
  for (const auto& [id, vm] : state.vms) open.vms.edit(id).spec.domain_xml.clear();
  const auto digits = boost::algorithm::hex_lower(encode(open));
  return {{"quorate", daemon.quorate},
          {"trouble", daemon.trouble.empty() ? json::value(nullptr) : json::value(daemon.trouble)},
          {"snapshot", digits}};
}

Result<State> read_snapshot(const std::string& snapshot) {
  std::string bytes;
  try {
    boost::algorithm::unhex(snapshot, std::back_inserter(bytes));
  } catch (const boost::algorithm::hex_decode_error&) {
    return fail("cannot read the cluster's state: it is no line of hexadecimal digits");
  }
  return decode_state(bytes);
}

}  // namespace upbeat
