// SPDX-License-Identifier: Apache-2.0
// The server's door: the socket's file, and who may come in.
#include "api/http_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "api/http_session.h"

namespace upbeat {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

namespace {

/// How long the door stays shut when a connection cannot be taken in (no descriptors left).
constexpr std::chrono::milliseconds accept_pause{200};
constexpr mode_t socket_mode = S_IRUSR | S_IWUSR;

std::unexpected<Error> cannot_listen(const std::string& path, const std::string& why) {
  return fail("cannot serve the API on " + path + ": " + why);
}

/// Removes the socket that a daemon left behind; an error if one lives, or it is something else.
Result<void> clear_way(asio::io_context& io, const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode))
    return cannot_listen(path, "there is something else that is no socket: move it away");
  stream_protocol::socket probe(io);
  error_code error;
  probe.connect(stream_protocol::endpoint(path), error);
  if (!error)
    return cannot_listen(path, "another daemon answers there: stop it first, or set another path");
  if (error != asio::error::connection_refused)
    return cannot_listen(path, "the socket there does not say whether it is in use (" +
                                   error.message() + "): remove it");
  if (::unlink(path.c_str()) != 0)
    return cannot_listen(path, std::string("the socket of a daemon that is gone cannot be "
                                           "removed (") +
                                   std::strerror(errno) + ")");
  return {};
}

Result<stream_protocol::acceptor> open_door(asio::io_context& io, const std::string& path) {
  constexpr std::size_t path_limit = 107;  // unix(7): sun_path with its closing zero is 108 bytes
  if (path.empty() || path.size() > path_limit)
    return cannot_listen(path, "a socket's path has 1 to 107 bytes: set another one");
  if (auto clear = clear_way(io, path); !clear) return std::unexpected(clear.error());
  error_code error;
  stream_protocol::acceptor acceptor(io);
  acceptor.open(stream_protocol(), error);
  // Before bind: so the file never exists with a wider mode (unix(7) on Linux takes it from here).
  if (!error && ::fchmod(acceptor.native_handle(), socket_mode) != 0)
    error = error_code(errno, boost::system::system_category());
  if (!error) acceptor.bind(stream_protocol::endpoint(path), error);
  if (!error) acceptor.listen(static_cast<int>(http_connection_limit), error);
  if (error)
    return cannot_listen(path, error.message() + ": see that its folder exists and can be written");
  return acceptor;
}

}  // namespace

class HttpServer::Door : public std::enable_shared_from_this<Door> {
 public:
  Door(stream_protocol::acceptor acceptor, Service& service, std::string path)
      : acceptor_(std::move(acceptor)),
        pause_(acceptor_.get_executor()),
        service_(service),
        path_(std::move(path)) {}

  void accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const error_code& error, stream_protocol::socket socket) {
          if (!self->acceptor_.is_open()) return;
          if (error) return self->accept_later();
          self->welcome(std::move(socket));
          self->accept();
        });
  }

  void shut() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const auto& entry : sessions_)
      if (const auto session = entry.lock()) session->close();
    ::unlink(path_.c_str());
  }

 private:
  void accept_later() {
    pause_.expires_after(accept_pause);
    pause_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && self->acceptor_.is_open()) self->accept();
    });
  }

  void welcome(stream_protocol::socket socket) {
    std::erase_if(sessions_, [](const auto& session) { return session.expired(); });
    const bool full = sessions_.size() >= http_connection_limit;
    const auto session = std::make_shared<api::HttpSession>(std::move(socket), service_, streams_);
    sessions_.push_back(session);
    if (full)
      return session->turn_away(503, "the API has " + std::to_string(http_connection_limit) +
                                         " connections, its limit: close one and try again");
    session->read_request();
  }

  stream_protocol::acceptor acceptor_;
  asio::steady_timer pause_;
  Service& service_;
  std::string path_;
  std::shared_ptr<std::size_t> streams_ = std::make_shared<std::size_t>(0);
  std::vector<std::weak_ptr<api::HttpSession>> sessions_;
};

HttpServer::HttpServer(std::shared_ptr<Door> door) : door_(std::move(door)) {}

HttpServer::~HttpServer() { door_->shut(); }

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::io_context& io, Service& service,
                                                       const std::string& socket_path) {
  auto acceptor = open_door(io, socket_path);
  if (!acceptor) return std::unexpected(acceptor.error());
  auto door = std::make_shared<Door>(std::move(*acceptor), service, socket_path);
  door->accept();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(door)));
}

}  // namespace upbeat
