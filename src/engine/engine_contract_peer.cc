// SPDX-License-Identifier: Apache-2.0
// A member of a test cluster: an engine on the local Corosync, worked by lines on standard input.
//
//   > send TEXT      < ok | error SENTENCE
//   > send_bytes N   < ok | error SENTENCE
//   > flood N SIZE < flooded HOW_MANY_WERE_TAKEN
//   > self           < self ID | error SENTENCE
//   > nodes          < nodes ID=NAME,... | error SENTENCE
//   > timing         < timing TOKEN_MS CONSENSUS_MS | error SENTENCE
//                    < view SEQUENCE LEADER QUORATE NODES MEMBERS      (1,2,3 and
//                    1=INCARNATION,...) < message FROM TEXT < lost SENTENCE
// It ends with its standard input.
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <iostream>
#include <sstream>

#include "engine/corosync_engine.h"

namespace upbeat {
namespace {

void tell(const std::string& line) { std::cout << line << std::endl; }

class Printer final : public EngineListener {
 public:
  void on_view(const EngineView& view) override {
    std::string nodes;
    for (const NodeId node : view.nodes) nodes += std::to_string(node.get()) + ",";
    std::string members;
    for (const Member& member : view.members) {
      members += std::to_string(member.node.get()) + "=" + std::to_string(member.incarnation) + ",";
    }
    tell("view " + std::to_string(view.ring.sequence) + " " +
         std::to_string(view.ring.leader.get()) + (view.quorate ? " 1 " : " 0 ") + nodes + " " +
         members);
  }
  void on_message(NodeId from, const std::string& bytes) override {
    tell("message " + std::to_string(from.get()) + " " + bytes.substr(0, 200));
  }
  void on_engine_lost(const Error& why) override { tell("lost " + why.text); }
};

template <class T, class Show>
void answer(const Result<T>& result, Show show) {
  tell(result ? show() : "error " + result.error().text);
}

std::string numbered(std::size_t number, std::size_t bytes) {
  std::string text = std::to_string(number);
  text.resize(bytes, '.');
  return text;
}

void obey(Engine& engine, const std::string& line) {
  const auto ok = [] { return std::string("ok"); };
  if (line.starts_with("send ")) {
    answer(engine.send(line.substr(5)), ok);
  } else if (line.starts_with("send_bytes ")) {
    answer(engine.send(std::string(std::stoul(line.substr(11)), 'x')), ok);
  } else if (line.starts_with("flood ")) {
    std::istringstream in(line.substr(6));
    std::size_t count = 0;
    std::size_t bytes = 0;
    in >> count >> bytes;
    std::size_t taken = 0;
    while (taken < count && engine.send(numbered(taken, bytes))) ++taken;
    tell("flooded " + std::to_string(taken));
  } else if (line == "self") {
    const auto self = engine.self();
    answer(self, [&] { return "self " + std::to_string(self->get()); });
  } else if (line == "nodes") {
    const auto nodes = engine.configured_nodes();
    answer(nodes, [&] {
      std::string list = "nodes ";
      for (const auto& node : *nodes) list += std::to_string(node.id.get()) + "=" + node.name + ",";
      return list;
    });
  } else if (line == "timing") {
    const auto timing = engine.ring_timing();
    answer(timing, [&] {
      return "timing " + std::to_string(timing->token.count()) + " " +
             std::to_string(timing->consensus.count());
    });
  } else {
    tell("error Unknown command: " + line);
  }
}

class Commands {
 public:
  Commands(boost::asio::io_context& io, Engine& engine)
      : io_(io), engine_(engine), in_(io, ::dup(STDIN_FILENO)) {}

  void read() {
    boost::asio::async_read_until(in_, buffer_, '\n', [this](const auto& error, std::size_t) {
      if (error) return io_.stop();
      std::string line;
      std::istream stream(&buffer_);
      std::getline(stream, line);
      obey(engine_, line);
      read();
    });
  }

 private:
  boost::asio::io_context& io_;
  Engine& engine_;
  boost::asio::posix::stream_descriptor in_;
  boost::asio::streambuf buffer_;
};

}  // namespace
}  // namespace upbeat

int main() {
  boost::asio::io_context io;
  upbeat::Printer printer;
  upbeat::CorosyncEngine engine(io);
  upbeat::Commands commands(io, engine);
  engine.start(printer);
  commands.read();
  io.run();
  return 0;
}
