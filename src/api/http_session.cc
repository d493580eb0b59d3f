// SPDX-License-Identifier: Apache-2.0
// Boost.Beast at work: one connection of the API.
#include "api/http_session.h"

#include <boost/asio/write.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

namespace upbeat::api {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

HttpSession::HttpSession(Socket socket, Service& service, std::shared_ptr<std::size_t> streams)
    : socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      service_(&service),
      streams_(std::move(streams)) {}

HttpSession::~HttpSession() {
  if (streaming_) --*streams_;
}

void HttpSession::close() {
  service_ = nullptr;
  following_.cancel();
  deadline_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

/// From now on the connection is closed unless something happens within `limit`. One deadline at a
/// time: a new one takes the old one's place.
void HttpSession::guard(std::chrono::seconds limit) {
  deadline_.expires_after(limit);
  deadline_.async_wait([self = weak_from_this()](const error_code& error) {
    if (error) return;
    if (const auto session = self.lock()) session->close();
  });
}

void HttpSession::read_request() {
  parser_.emplace();
  parser_->header_limit(http_header_limit_bytes);
  parser_->body_limit(http_body_limit_bytes);
  guard(http_read_timeout);
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](const error_code& error, std::size_t /*bytes*/) {
                     if (self->service_ == nullptr) return;
                     if (error) return self->on_bad_request(error);
                     self->on_request();
                   });
}

void HttpSession::on_bad_request(const error_code& error) {
  if (error == http::error::body_limit)
    return turn_away(413, "the request's body is longer than " +
                              std::to_string(http_body_limit_bytes >> 10U) +
                              " KiB: a VM's definition must be shorter");
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return turn_away(431, "the request's header is longer than " +
                              std::to_string(http_header_limit_bytes >> 10U) + " KiB: shorten it");
  if (error.category() == http::make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message)
    return turn_away(400, "the request is not HTTP/1.1 (" + error.message() + ")");
  close();
}

void HttpSession::turn_away(unsigned status, const std::string& why) {
  write(error_response(status, why), 11, false);
}

void HttpSession::on_request() {
  Request request = parser_->release();
  // No deadline while the cluster agrees: Service::request sees to it that it is answered.
  deadline_.cancel();
  const unsigned version = request.version();
  const bool keep_alive = request.keep_alive();
  answer(*service_,
         {.method = std::string(request.method_string()),
          .target = std::string(request.target()),
          .body = std::move(request.body())},
         [self = shared_from_this(), version, keep_alive](const ApiAnswer& given) {
           if (self->service_ == nullptr) return;
           if (const auto* stream = std::get_if<ApiStream>(&given))
             return self->begin_stream(*stream, version);
           self->write(std::get<ApiResponse>(given), version, keep_alive);
         });
}

void HttpSession::write(const ApiResponse& given, unsigned version, bool keep_alive) {
  const auto response = std::make_shared<http::response<http::string_body>>(
      static_cast<http::status>(given.status), version);
  response->set(http::field::content_type, "application/json");
  response->set(http::field::cache_control, "no-store");
  if (!given.allow.empty()) response->set(http::field::allow, given.allow);
  response->keep_alive(keep_alive);
  response->body() = given.body;
  response->prepare_payload();
  guard(http_write_timeout);
  http::async_write(socket_, *response,
                    [self = shared_from_this(), response](const error_code& error, std::size_t) {
                      if (self->service_ == nullptr) return;
                      if (error || response->need_eof()) return self->close();
                      self->read_request();
                    });
}

void HttpSession::begin_stream(const ApiStream& stream, unsigned version) {
  if (*streams_ >= http_stream_limit)
    return write(error_response(503, "too many follow the events already, " +
                                         std::to_string(http_stream_limit) +
                                         " is the limit: end one of them"),
                 version, false);
  ++*streams_;
  streaming_ = true;
  const auto header = std::make_shared<http::response<http::empty_body>>(http::status::ok, version);
  header->set(http::field::content_type, "application/x-ndjson");
  header->set(http::field::cache_control, "no-store");
  header->chunked(true);
  const auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*header);
  writing_ = true;
  following_ = stream.begin([self = weak_from_this()](const std::string& line) {
    if (const auto session = self.lock()) session->take_line(line);
  });
  guard(http_write_timeout);
  http::async_write_header(
      socket_, *serializer,
      [self = shared_from_this(), header, serializer](const error_code& error, std::size_t) {
        if (self->service_ == nullptr) return;
        if (error) return self->close();
        self->writing_ = false;
        self->write_lines();
      });
  watch_for_end();
}

/// Called from within the loop's turn that applied an event, so it only queues.
void HttpSession::take_line(const std::string& line) {
  if (cut_off_ || service_ == nullptr) return;
  if (lines_.size() + line.size() > http_stream_backlog_bytes) {
    cut_off_ = true;
    lines_ = error_response(503,
                            "you were too slow and are cut off here: go on with the parameter "
                            "after=<index of the last line>")
                 .body;
  } else {
    lines_ += line;
  }
  write_lines();
}

void HttpSession::write_lines() {
  if (writing_) return;
  if (lines_.empty()) {
    if (cut_off_) return end_stream();
    deadline_.cancel();
    return;
  }
  writing_ = true;
  guard(http_write_timeout);
  const auto batch = std::make_shared<std::string>(std::exchange(lines_, {}));
  const auto written = [self = shared_from_this(), batch](const error_code& error, std::size_t) {
    if (self->service_ == nullptr) return;
    if (error) return self->close();
    self->writing_ = false;
    self->write_lines();
  };
  asio::async_write(socket_, http::make_chunk(asio::buffer(*batch)), written);
}

void HttpSession::end_stream() {
  writing_ = true;
  guard(http_write_timeout);
  asio::async_write(socket_, http::make_chunk_last(),
                    [self = shared_from_this()](const error_code&, std::size_t) { self->close(); });
}

/// A reader that goes away says so only by closing: whatever it sends meanwhile is dropped.
void HttpSession::watch_for_end() {
  socket_.async_read_some(asio::buffer(&drop_, 1),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                            if (self->service_ == nullptr) return;
                            if (error) return self->close();
                            self->watch_for_end();
                          });
}

}  // namespace upbeat::api
