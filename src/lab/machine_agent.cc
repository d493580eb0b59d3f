// SPDX-License-Identifier: Apache-2.0
// The guest agent's protocol (qemu-ga-ref(7)). It hears one caller at a time, so each question is a
// conversation of its own and a program that runs for long keeps nobody out.
#include "lab/machine_agent.h"

#include <atomic>
#include <optional>
#include <thread>

#include "lab/json_socket.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr auto look_again = 100ms;
constexpr const char* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// An id that no earlier caller has used: an answer to somebody who did not wait for it may still
/// be on its way.
std::int64_t fresh_id() {
  static std::atomic<std::int64_t> count{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return (std::chrono::duration_cast<std::chrono::microseconds>(now).count() + ++count) &
         0x7fffffffffffLL;
}

Result<json::object> ask(const std::filesystem::path& socket, const json::object& question,
                         JsonSocket::Deadline deadline) {
  auto agent = JsonSocket::connect(socket, deadline);
  if (!agent) return std::unexpected(agent.error());
  const auto id = fresh_id();
  if (auto sent = agent->send({{"execute", "guest-sync"}, {"arguments", {{"id", id}}}}); !sent) {
    return std::unexpected(sent.error());
  }
  while (true) {
    auto answer = agent->answer();
    if (!answer) return answer;
    const auto* echo = answer->if_contains("return");
    if (echo != nullptr && echo->is_int64() && echo->as_int64() == id) break;
  }
  if (auto sent = agent->send(question); !sent) return std::unexpected(sent.error());
  auto answer = agent->answer();
  if (!answer) return answer;
  if (const auto* result = answer->if_contains("return"); result && result->is_object()) {
    return result->as_object();
  }
  return fail("the guest agent says " + json::serialize(*answer));
}

std::int64_t number(const json::object& from, const char* key) {
  const auto* found = from.if_contains(key);
  return found != nullptr && found->is_int64() ? found->as_int64() : 0;
}

std::string output(const json::object& from, const char* key) {
  const auto* found = from.if_contains(key);
  return found != nullptr && found->is_string() ? from_base64(std::string(found->as_string())) : "";
}

/// What the agent's answer tells of a program that has ended.
std::optional<Finished> finished(const json::object& status) {
  const auto* exited = status.if_contains("exited");
  if (exited == nullptr || !exited->is_bool() || !exited->as_bool()) return {};
  const auto signal = number(status, "signal");
  return Finished{
      .exit_status = static_cast<int>(signal != 0 ? 128 + signal : number(status, "exitcode")),
      .out = output(status, "out-data"),
      .err = output(status, "err-data")};
}

}  // namespace

Result<Finished> run_by_agent(const std::filesystem::path& socket, const Command& command) {
  const auto deadline = std::chrono::steady_clock::now() + command.timeout;
  json::array words;
  for (std::size_t at = 1; at < command.argv.size(); ++at) words.emplace_back(command.argv[at]);
  json::object arguments{
      {"path", command.argv.at(0)}, {"arg", std::move(words)}, {"capture-output", true}};
  if (!command.input.empty()) arguments["input-data"] = to_base64(command.input);
  const auto started =
      ask(socket, {{"execute", "guest-exec"}, {"arguments", std::move(arguments)}}, deadline);
  if (!started) return std::unexpected(started.error());
  const json::object question{{"execute", "guest-exec-status"},
                              {"arguments", {{"pid", number(*started, "pid")}}}};
  while (true) {
    const auto status = ask(socket, question, deadline);
    if (!status) return std::unexpected(status.error());
    if (auto end = finished(*status)) return std::move(*end);
    std::this_thread::sleep_for(look_again);
  }
}

std::string to_base64(const std::string& bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    unsigned group = 0;
    for (std::size_t part = 0; part < 3; ++part) {
      group = group << 8U |
              (at + part < bytes.size() ? static_cast<unsigned char>(bytes[at + part]) : 0U);
    }
    for (std::size_t part = 0; part < 4; ++part) {
      text += at + part > bytes.size() ? '=' : alphabet[group >> (18 - 6 * part) & 63U];
    }
  }
  return text;
}

std::string from_base64(const std::string& text) {
  const std::string digits(alphabet);
  std::string bytes;
  unsigned group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == std::string::npos) break;
    group = (group << 6U | static_cast<unsigned>(digit)) & 0xffffU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xffU);
  }
  return bytes;
}

}  // namespace upbeat::lab
