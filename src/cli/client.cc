// SPDX-License-Identifier: Apache-2.0
// Boost.Beast on the client's side.
#include "cli/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <optional>
#include <vector>

#include "cli/exit_status.h"
#include "cli/fields.h"

namespace upbeat::cli {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using asio::local::stream_protocol;
using boost::system::error_code;

namespace {

/// An answer is never longer than this.
constexpr std::uint64_t answer_limit_bytes = 64U << 20U;

std::unexpected<Failure> unreachable(const std::string& path, const std::string& why) {
  return std::unexpected(Failure{.exit_status = exit_unreachable,
                                 .http_status = 0,
                                 .text = "cannot reach upbeatd on " + path + ": " + why});
}

std::unexpected<Failure> not_connected(const std::string& path, const error_code& error) {
  if (error == boost::system::errc::permission_denied)
    return unreachable(path, "only root may speak to it; try sudo");
  if (error == boost::system::errc::no_such_file_or_directory ||
      error == boost::system::errc::connection_refused)
    return unreachable(path, "no daemon answers there; `systemctl start upbeatd` starts it");
  return unreachable(path, error.message());
}

http::request<http::string_body> request_of(const std::string& method, const std::string& target,
                                            const std::string& body) {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(method);
  request.target(target);
  request.set(http::field::host, "upbeat");
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  return request;
}

Failure refusal(unsigned status, const std::string& body) {
  Failure failure{.exit_status = exit_refused, .http_status = status, .text = {}};
  error_code error;
  const json::value answer = json::parse(body, error);
  const json::value* text =
      !error && answer.is_object() ? answer.get_object().if_contains("error") : nullptr;
  failure.text = text != nullptr && text->is_string()
                     ? text_of(*text)
                     : "upbeatd answered with HTTP status " + std::to_string(status);
  return failure;
}

}  // namespace

Outcome<json::value> Client::call(const std::string& method, const std::string& target,
                                  const std::string& body) const {
  asio::io_context io(1);
  stream_protocol::socket socket(io);
  error_code error;
  socket.connect(stream_protocol::endpoint(socket_path_), error);
  if (error) return not_connected(socket_path_, error);
  const auto request = request_of(method, target, body);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(answer_limit_bytes);
  bool answered = false;
  // The answer counts even if the daemon did not read the request to its end.
  http::async_write(socket, request, [](const error_code&, std::size_t) {});
  http::async_read(socket, buffer, parser, [&](const error_code& result, std::size_t) {
    error = result;
    answered = true;
  });
  io.run_for(answer_timeout);
  if (!answered)
    return unreachable(socket_path_, "it has not answered for " +
                                         std::to_string(answer_timeout.count()) +
                                         " s; see `journalctl -u upbeatd`");
  if (error)
    return unreachable(socket_path_, "it went away before it had answered (" + error.message() +
                                         "); see `journalctl -u upbeatd`");
  const unsigned status = parser.get().result_int();
  if (status >= 300) return std::unexpected(refusal(status, parser.get().body()));
  json::value answer = json::parse(parser.get().body(), error);
  if (error) return unreachable(socket_path_, "its answer is no JSON (" + error.message() + ")");
  return answer;
}

Outcome<json::value> Client::get(const std::string& target) const {
  return call("GET", target, "");
}

Outcome<json::value> Client::send(const std::string& method, const std::string& target,
                                  const json::object& body) const {
  return call(method, target, body.empty() ? "" : json::serialize(body));
}

struct EventStream::Inside {
  asio::io_context io{1};
  stream_protocol::socket socket{io};
  asio::signal_set signals{io};
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  std::vector<json::value> lines;
  bool ended = false;
  bool interrupted = false;

  Inside() {
    parser.body_limit(boost::none);
    parser.eager(true);
  }

  void listen_for_signals() {
    signals.add(SIGINT);
    signals.add(SIGTERM);
    signals.async_wait([this](const error_code& error, int) { interrupted = !error; });
  }

  void read_on() {
    http::async_read_some(socket, buffer, parser, [this](const error_code& error, std::size_t) {
      split_lines();
      if (error || parser.is_done()) {
        ended = true;
        return;
      }
      read_on();
    });
  }

  void split_lines() {
    std::string& text = parser.get().body();
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      error_code error;
      json::value line = json::parse(std::string_view(text).substr(begin, end - begin), error);
      if (!error) lines.push_back(std::move(line));
    }
    text.erase(0, begin);
  }
};

EventStream::EventStream(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
EventStream::EventStream(EventStream&&) noexcept = default;
EventStream::~EventStream() = default;

Wake EventStream::wait(Time until) {
  Inside& inside = *inside_;
  while (inside.lines.empty() && !inside.interrupted && !inside.ended)
    if (inside.io.run_one_until(until) == 0) return Wake::time;
  if (inside.interrupted) return Wake::interrupted;
  return inside.lines.empty() ? Wake::ended : Wake::event;
}

std::vector<json::value> EventStream::take() { return std::exchange(inside_->lines, {}); }

Outcome<EventStream> Client::follow(const std::string& query) const {
  auto inside = std::make_unique<EventStream::Inside>();
  error_code error;
  inside->socket.connect(stream_protocol::endpoint(socket_path_), error);
  if (error) return not_connected(socket_path_, error);
  http::write(inside->socket, request_of("GET", "/v1/events?follow=true" + query, ""), error);
  if (!error) http::read_header(inside->socket, inside->buffer, inside->parser, error);
  if (error)
    return unreachable(socket_path_, "it does not let us follow its events (" + error.message() +
                                         "); see `journalctl -u upbeatd`");
  if (const unsigned status = inside->parser.get().result_int(); status >= 300) {
    http::read(inside->socket, inside->buffer, inside->parser, error);
    return std::unexpected(refusal(status, inside->parser.get().body()));
  }
  inside->split_lines();
  inside->listen_for_signals();
  inside->read_on();
  return EventStream(std::move(inside));
}

}  // namespace upbeat::cli
