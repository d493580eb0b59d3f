// SPDX-License-Identifier: Apache-2.0
// For tests: a cluster in memory that is asked through the API, without a socket.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <string>
#include <variant>

#include "api/routes.h"
#include "api/service_twin.h"
#include "clock/simulated_clock.h"

namespace upbeat {

class Routes : public testing::Test {
 protected:
  Routes() {
    clock.advance(std::chrono::milliseconds(100));
    service.run_vm("x0", 256);
    clock.advance(std::chrono::seconds(1));
  }

  ApiResponse ask(const std::string& method, const std::string& target,
                  const std::string& body = "") {
    ApiResponse response;
    int answers = 0;
    answer(service, {.method = method, .target = target, .body = body},
           [&](const ApiAnswer& given) {
             ++answers;
             response = std::get<ApiResponse>(given);
           });
    clock.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(answers, 1);
    return response;
  }

  std::string error(const ApiResponse& response) {
    return std::string(boost::json::parse(response.body).at("error").as_string());
  }

  const VmRecord& x0() { return service.state().vms.at(VmId{"x0"}); }

  SimulatedClock clock;
  ServiceTwin service{clock};
};

}  // namespace upbeat
