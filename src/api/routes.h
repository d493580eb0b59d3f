// SPDX-License-Identifier: Apache-2.0
// What the API answers to what: docs/api/openapi.yaml as code. Knows no sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "api/service.h"

namespace upbeat {

/// A request as HTTP brings it (RFC 9110): "GET", "/v1/events?limit=3", body.
struct ApiRequest {
  std::string method;
  std::string target;
  std::string body;
};

/// One JSON value, with its line end.
struct ApiResponse {
  unsigned status = 200;
  std::string body;
  std::string allow;  ///< for 405: the methods that would do, as for the header field `Allow`
};

/// Takes one line of JSON, with its line end.
using LineSink = std::function<void(std::string line)>;

/// A stream of lines (application/x-ndjson) that goes on until the Timer goes.
struct ApiStream {
  std::function<Timer(LineSink)> begin;  ///< calls the sink from within for what is there already
};

using ApiAnswer = std::variant<ApiResponse, ApiStream>;

/// History lines of one answer, at most.
inline constexpr std::size_t events_limit = 1000;
/// And where the request names no limit.
inline constexpr std::size_t events_default = 100;

/// Bytes of a `why` or a `who` that somebody gives, at most.
inline constexpr std::size_t words_limit_bytes = 500;

/// A row of the routing table. In `pattern` a segment in braces takes any one segment.
struct Route {
  std::string_view method;
  std::string_view pattern;
};
[[nodiscard]] std::span<const Route> api_routes();

/// Answers `request` out of `service`, now or, for a request that has to be agreed on, later; once,
/// on the loop's thread. Whatever is wrong with the request is an answer: {"error": "one sentence"}
/// with 400 malformed, 404 unknown name, 405, 409 cannot be granted, 503 no quorum.
void answer(Service& service, const ApiRequest& request, std::function<void(ApiAnswer)> done);

/// {"error": text} as a response.
[[nodiscard]] ApiResponse error_response(unsigned status, const std::string& text);

}  // namespace upbeat
