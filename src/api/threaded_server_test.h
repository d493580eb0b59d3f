// SPDX-License-Identifier: Apache-2.0
// A real HTTP server in front of a ServiceTwin, on a socket of its own and on its own thread.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "api/http_server.h"
#include "api/service_twin.h"
#include "clock/asio_clock.h"

namespace upbeat {

/// A folder that goes with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "upbeat-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "cannot make " << pattern;
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

class ThreadedServer {
 public:
  explicit ThreadedServer(const TwinWorld& world = {})
      : service_(clock_, world), socket_path(folder_.file("api.sock")) {
    auto server = HttpServer::listen(io_, service_, socket_path);
    if (!server) {
      ADD_FAILURE() << server.error().text;
      return;
    }
    server_ = std::move(*server);
    thread_ = std::thread([this] { io_.run(); });
  }
  ThreadedServer(const ThreadedServer&) = delete;
  ThreadedServer& operator=(const ThreadedServer&) = delete;
  ~ThreadedServer() {
    stop_server();
    work_.reset();
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  /// Runs `call` with the service on the loop's thread and gives back what it gives.
  template <class Call>
  auto with_service(Call call) {
    std::packaged_task<decltype(call(service_))()> task([&] { return call(service_); });
    clock_.post([&] { task(); });
    return task.get_future().get();
  }
  void stop_server() {
    with_service([this](ServiceTwin&) { server_.reset(); });
  }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  AsioClock clock_{io_};
  TemporaryFolder folder_;
  ServiceTwin service_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;

 public:
  const std::string socket_path;
};

}  // namespace upbeat
