// SPDX-License-Identifier: Apache-2.0
// JSON objects, one a line, over a UNIX socket: how QEMU's monitor and its guest agent speak.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <string>

#include "base/fd.h"
#include "lab/files.h"

namespace upbeat::lab {

/// One conversation. All of it has to end before its deadline; what comes later is an error.
class JsonSocket {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  static Result<JsonSocket> connect(const std::filesystem::path& path, Deadline deadline);

  [[nodiscard]] Done send(const boost::json::object& object);
  /// The next object; a line that holds none is skipped.
  [[nodiscard]] Result<boost::json::object> receive();
  /// The next object that has a key `return` or `error`. Anything else was not asked for.
  [[nodiscard]] Result<boost::json::object> answer();

 private:
  JsonSocket(Fd fd, Deadline deadline) : fd_(std::move(fd)), deadline_(deadline) {}

  Fd fd_;
  Deadline deadline_;
  std::string unread_;
};

}  // namespace upbeat::lab
