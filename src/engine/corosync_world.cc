// SPDX-License-Identifier: Apache-2.0
// For tests: the contract's cluster out of three real Corosyncs and a peer program on each.
#include <poll.h>
#include <signal.h>

#include <chrono>
#include <map>
#include <sstream>
#include <stdexcept>

#include "engine/corosync_lab.h"
#include "engine/engine_contract.h"

namespace upbeat {
namespace {

constexpr int node_count = 3;
constexpr int token_ms = 1000;
constexpr std::chrono::seconds patience{20};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// One for all worlds: a Corosync takes seconds to find its ring.
CorosyncLab& the_lab() {
  static const std::unique_ptr<CorosyncLab> lab = must(CorosyncLab::make(node_count, token_ms));
  return *lab;
}

/// "1,2,3," -> the words before the commas.
std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> out;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) out.push_back(word);
  return out;
}

NodeId node_of(const std::string& text) {
  return NodeId(static_cast<std::uint32_t>(std::stoul(text)));
}

EngineView view_of(std::istringstream& in) {
  std::string sequence;
  std::string leader;
  std::string quorate;
  std::string nodes;
  std::string members;
  in >> sequence >> leader >> quorate >> nodes >> members;
  EngineView view{.ring = {std::stoull(sequence), node_of(leader)}, .quorate = quorate == "1"};
  for (const auto& word : words(nodes)) view.nodes.push_back(node_of(word));
  for (const auto& word : words(members)) {
    const auto sign = word.find('=');
    view.members.push_back({node_of(word.substr(0, sign)), std::stoull(word.substr(sign + 1))});
  }
  return view;
}

class CorosyncWorld final : public ContractWorld {
 public:
  CorosyncWorld() {
    heal();
    for (int node = 1; node <= node_count; ++node) must(the_lab().start_corosync(node));
  }

  void start_daemon(NodeId node) override {
    lives_.push_back(std::make_unique<Life>(Life{node, {}}));
    peers_[node] = {lives_.back().get(),
                    must(the_lab().start_program(number(node), {ENGINE_CONTRACT_PEER})),
                    {}};
  }
  void stop_daemon(NodeId node) override {
    hear();
    peers_.at(node).program.reset();
  }
  void crash_engine(NodeId node) override { the_lab().kill_corosync(number(node)); }
  void start_engine(NodeId node) override { must(the_lab().start_corosync(number(node))); }
  void stall_engine(NodeId node) override { signal(node, SIGSTOP); }
  void let_engine_go_on(NodeId node) override { signal(node, SIGCONT); }
  void partition(const std::vector<std::vector<NodeId>>& sets) override {
    std::vector<std::vector<int>> numbers;
    for (const auto& set : sets) {
      numbers.emplace_back();
      for (const NodeId node : set) numbers.back().push_back(number(node));
    }
    must(the_lab().partition(numbers));
  }
  void heal() override { must(the_lab().partition({{1, 2, 3}})); }

  Result<void> send(NodeId node, const std::string& text) override {
    return ok(ask(node, "send " + text));
  }
  Result<void> send_bytes(NodeId node, std::size_t count) override {
    return ok(ask(node, "send_bytes " + std::to_string(count)));
  }
  std::size_t flood(NodeId node, std::size_t count, std::size_t bytes) override {
    const auto answer =
        must(ask(node, "flood " + std::to_string(count) + " " + std::to_string(bytes)));
    return std::stoul(answer.substr(answer.find(' ')));
  }
  Result<NodeId> self(NodeId node) override {
    const auto answer = ask(node, "self");
    if (!answer) return std::unexpected(answer.error());
    return node_of(answer->substr(answer->find(' ')));
  }
  Result<std::vector<ConfiguredNode>> configured_nodes(NodeId node) override {
    const auto answer = ask(node, "nodes");
    if (!answer) return std::unexpected(answer.error());
    std::vector<ConfiguredNode> nodes;
    for (const auto& word : words(answer->substr(answer->find(' ')))) {
      const auto sign = word.find('=');
      nodes.push_back({node_of(word.substr(0, sign)), word.substr(sign + 1)});
    }
    return nodes;
  }

  Result<RingTiming> ring_timing(NodeId node) override {
    const auto answer = ask(node, "timing");
    if (!answer) return std::unexpected(answer.error());
    std::istringstream in(*answer);
    std::string word;
    std::int64_t token = 0;
    std::int64_t consensus = 0;
    in >> word >> token >> consensus;
    return RingTiming{std::chrono::milliseconds(token), std::chrono::milliseconds(consensus)};
  }

  [[nodiscard]] const Life& life(NodeId node) const override { return *peers_.at(node).life; }
  [[nodiscard]] const std::vector<std::unique_ptr<Life>>& lives() const override { return lives_; }

  bool await(const std::function<bool()>& holds) override {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left.count() <= 0) return false;
      std::vector<pollfd> waits;
      for (const auto& [node, peer] : peers_) {
        if (peer.program) waits.push_back({peer.program->out(), POLLIN, 0});
      }
      ::poll(waits.data(), waits.size(),
             static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
      hear();
    }
    return true;
  }

 private:
  struct Peer {
    Life* life = nullptr;
    std::unique_ptr<Child> program;
    std::vector<std::string> answers;
  };

  static void signal(NodeId node, int number_of_signal) {
    if (::kill(the_lab().corosync_pid(number(node)), number_of_signal) != 0) {
      throw std::runtime_error("cannot signal the Corosync of a node");
    }
  }

  static int number(NodeId node) { return static_cast<int>(node.get()); }

  void hear() {
    for (auto& [node, peer] : peers_) {
      if (!peer.program) continue;
      for (const auto& line : peer.program->lines()) note(peer, line);
    }
  }

  static void note(Peer& peer, const std::string& line) {
    std::istringstream in(line);
    std::string word;
    in >> word;
    if (word == "view") {
      peer.life->heard.push_back({.what = Heard::What::view, .view = view_of(in)});
    } else if (word == "message") {
      in >> word;
      std::string text;
      std::getline(in.ignore(), text);
      peer.life->heard.push_back(
          {.what = Heard::What::message, .from = node_of(word), .text = text});
    } else if (word == "lost") {
      peer.life->heard.push_back({.what = Heard::What::lost, .text = line.substr(5)});
    } else {
      peer.answers.push_back(line);
    }
  }

  Result<std::string> ask(NodeId node, const std::string& command) {
    Peer& peer = peers_.at(node);
    peer.program->tell(command);
    if (!await([&] { return !peer.answers.empty(); })) {
      throw std::runtime_error("the peer does not answer: " + the_lab().log(number(node)));
    }
    std::string answer = peer.answers.front();
    peer.answers.erase(peer.answers.begin());
    if (answer.starts_with("error ")) return fail(answer.substr(6));
    return answer;
  }

  static Result<void> ok(const Result<std::string>& answer) {
    if (!answer) return std::unexpected(answer.error());
    return {};
  }

  std::vector<std::unique_ptr<Life>> lives_;
  std::map<NodeId, Peer> peers_;
};

}  // namespace

std::unique_ptr<ContractWorld> make_corosync_world(std::uint64_t /*seed*/) {
  return std::make_unique<CorosyncWorld>();
}

}  // namespace upbeat
