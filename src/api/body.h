// SPDX-License-Identifier: Apache-2.0
// Reads the bodies of requests, and puts what they ask for to the cluster. Inside src/api only.
#pragma once

#include <boost/json/fwd.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"

namespace upbeat::api {

/// The body as an object with no keys but `known`; nullopt after a 400. No body is an empty object.
[[nodiscard]] std::optional<boost::json::object> body_of(Call& call,
                                                         const std::vector<std::string>& known);

/// The member as a string, "" if it is not there; nullopt after a 400.
[[nodiscard]] std::optional<std::string> string_of(Call& call, const boost::json::object& body,
                                                   const char* name);

/// The same for words to people, which stand in every status and history from then on.
[[nodiscard]] std::optional<std::string> words_of(Call& call, const boost::json::object& body,
                                                  const char* name);

/// The member as a list of strings, empty if it is not there; nullopt after a 400.
[[nodiscard]] std::optional<std::vector<std::string>> strings_of(Call& call,
                                                                 const boost::json::object& body,
                                                                 const char* name);

/// The member as a yes or no, no if it is not there; nullopt after a 400.
[[nodiscard]] std::optional<bool> flag_of(Call& call, const boost::json::object& body,
                                          const char* name);

/// Puts the request to the cluster and answers with its verdict: `granted_status` and {"index": …},
/// or why it is refused.
void ask(Call call, const Event& event, unsigned granted_status);

}  // namespace upbeat::api
