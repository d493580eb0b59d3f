// SPDX-License-Identifier: Apache-2.0
// Speaks to upbeatd: HTTP on its Unix socket, one connection a call. It blocks.
#pragma once

#include <boost/json/fwd.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <expected>
#include <memory>
#include <string>

#include "base/result.h"

namespace upbeat::cli {

inline constexpr const char* default_socket = "/run/upbeat/api.sock";
/// How long an answer may take: longer than the daemon itself waits for a quorum (30 s).
inline constexpr std::chrono::seconds answer_timeout{45};

/// Why there is no answer to be had.
struct Failure {
  int exit_status = 0;
  unsigned http_status = 0;  ///< 0 if the daemon did not answer
  std::string text;          ///< one sentence
};

template <class T>
using Outcome = std::expected<T, Failure>;

/// Why a wait on a stream was over.
enum class Wake {
  event,        ///< at least one line has come
  time,         ///< the time is up
  interrupted,  ///< SIGINT or SIGTERM
  ended,        ///< the daemon closed the stream
};

/// The lines of GET /v1/events?follow=true. While it lives, SIGINT and SIGTERM wake it up instead
/// of ending the program.
class EventStream {
 public:
  using Time = std::chrono::steady_clock::time_point;

  EventStream(EventStream&&) noexcept;
  EventStream& operator=(EventStream&&) = delete;
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  ~EventStream();
  /// Waits for a line, a signal, the end of the stream or `until`, whatever is first.
  [[nodiscard]] Wake wait(Time until);
  /// The lines that have come since the last call, parsed; lines that are no JSON are left out.
  [[nodiscard]] std::vector<boost::json::value> take();

 private:
  friend class Client;
  struct Inside;
  explicit EventStream(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

class Client {
 public:
  explicit Client(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  /// The answer's JSON; a Failure has the daemon's own sentence if it gave one.
  [[nodiscard]] Outcome<boost::json::value> get(const std::string& target) const;
  [[nodiscard]] Outcome<boost::json::value> send(const std::string& method,
                                                 const std::string& target,
                                                 const boost::json::object& body) const;
  /// Opens /v1/events?follow=true with `query` ("&after=3") added.
  [[nodiscard]] Outcome<EventStream> follow(const std::string& query) const;

 private:
  [[nodiscard]] Outcome<boost::json::value> call(const std::string& method,
                                                 const std::string& target,
                                                 const std::string& body) const;
  std::string socket_path_;
};

}  // namespace upbeat::cli
