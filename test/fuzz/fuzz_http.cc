// SPDX-License-Identifier: Apache-2.0
// The API from its connection to the core: whatever comes, each answer is HTTP with JSON in it.
// An input is "!" and the bytes of a connection, or "METHOD TARGET\n" and a body.
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json.hpp>
#include <set>

#include "api/target.h"
#include "api_connection.h"
#include "promise.h"

namespace upbeat {
namespace {

namespace http = boost::beast::http;
namespace json = boost::json;
using boost::system::error_code;

const std::set<unsigned> known_statuses{200, 201, 202, 400, 404, 405, 409, 413, 431, 503};

std::string request_of(const std::string& input) {
  if (input.starts_with('!')) return input.substr(1);
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string body = input.substr(std::min(end + 1, input.size()));
  return input.substr(0, end) +
         " HTTP/1.1\r\nHost: upbeat\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

void promise_json(unsigned status, const std::string& body) {
  error_code error;
  fuzz::promise(body.ends_with('\n'), "an answer is a line", body);
  const json::value answer = json::parse(body, error);
  fuzz::promise(!error && answer.is_object(), "an answer is a JSON object", body);
  if (status < 400) return;
  const json::value* text = answer.get_object().if_contains("error");
  fuzz::promise(text != nullptr && text->is_string(), "an error has words", body);
  fuzz::promise_sentence(std::string(text->get_string()));
}

/// Takes one answer off the front; nothing is left after a stream, which has no end.
void take_answer(std::string& rest) {
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(rest), error);
  fuzz::promise(parser.is_header_done(), "an answer has a header", rest);
  const unsigned status = parser.get().result_int();
  fuzz::promise(known_statuses.contains(status), "the status is one of ours", rest);
  const std::string& body = parser.get().body();
  if (parser.chunked()) {
    for (std::size_t at = 0; at < body.size(); at = body.find('\n', at) + 1)
      promise_json(200, body.substr(at, body.find('\n', at) + 1 - at));
    return rest.clear();
  }
  fuzz::promise(!error && parser.is_done(), "an answer is whole", rest);
  promise_json(status, body);
  rest.erase(0, used);
}

void try_target(const std::string& bytes) {
  const auto target = parse_target(bytes);
  if (!target) return fuzz::promise_sentence(target.error().text);
  const auto again = parse_target("/" + percent_encode(bytes));
  fuzz::promise(again && (bytes.empty() || again->segments.at(0) == bytes),
                "what is encoded comes back", bytes);
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace upbeat;
  const std::string input = fuzz::text_of(data, size);
  try_target(input);
  std::string answers = fuzz::answers_to(request_of(input));
  while (!answers.empty()) take_answer(answers);
  return 0;
}
