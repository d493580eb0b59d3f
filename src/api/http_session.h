// SPDX-License-Identifier: Apache-2.0
// One connection of the HTTP server: reads requests one after another, or streams. In src/api only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/http_server.h"
#include "api/routes.h"

namespace upbeat::api {

/// Lives as long as something is under way on its socket. Belongs to the loop's thread.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  /// `streams` counts the streams of all sessions.
  HttpSession(Socket socket, Service& service, std::shared_ptr<std::size_t> streams);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;
  ~HttpSession();

  void read_request();
  /// Answers without having read anything, and closes.
  void turn_away(unsigned status, const std::string& why);
  /// Closes; nothing of the service is touched after this.
  void close();

 private:
  void on_request();
  void on_bad_request(const boost::system::error_code& error);
  void write(const ApiResponse& response, unsigned version, bool keep_alive);
  void begin_stream(const ApiStream& stream, unsigned version);
  void take_line(const std::string& line);
  void write_lines();
  void end_stream();
  void watch_for_end();
  void guard(std::chrono::seconds limit);

  Socket socket_;
  boost::asio::steady_timer deadline_;
  Service* service_;
  std::shared_ptr<std::size_t> streams_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;

  bool streaming_ = false;
  bool writing_ = false;
  bool cut_off_ = false;  ///< the reader was too slow: one more line, then the end
  std::string lines_;     ///< waiting to be written
  char drop_ = 0;
  Timer following_;
};

}  // namespace upbeat::api
