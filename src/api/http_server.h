// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on a Unix socket: brings requests to the routes (api/routes.h) and answers back.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "api/service.h"
#include "base/result.h"

namespace boost::asio {
class io_context;
}

namespace upbeat {

/// A request's header, and its body.
inline constexpr std::size_t http_header_limit_bytes = 8U << 10U;
inline constexpr std::size_t http_body_limit_bytes = 512U << 10U;
/// Connections at once, and streams among them: a connection beyond gets 503 and is closed.
inline constexpr std::size_t http_connection_limit = 64;
inline constexpr std::size_t http_stream_limit = 32;
/// Bytes that may wait for one reader of a stream before it is cut off.
inline constexpr std::size_t http_stream_backlog_bytes = 512U << 10U;
/// How long a connection may wait for its next request, and how long one piece of an answer may
/// wait for its reader; then it is closed.
inline constexpr std::chrono::seconds http_read_timeout{60};
inline constexpr std::chrono::seconds http_write_timeout{30};

/// Serves the API until it is destroyed; belongs to the loop's thread. Its connections are closed
/// with it, and the socket's file goes.
class HttpServer {
 public:
  /// Listens on `socket_path`, for root alone (mode 0600). The socket of a daemon that is gone is
  /// replaced. Errors: a live daemon answers there, the path is no socket, the folder is missing.
  /// `io` and `service` outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(boost::asio::io_context& io,
                                                                  Service& service,
                                                                  const std::string& socket_path);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

 private:
  class Door;
  explicit HttpServer(std::shared_ptr<Door> door);
  std::shared_ptr<Door> door_;
};

}  // namespace upbeat
