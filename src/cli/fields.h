// SPDX-License-Identifier: Apache-2.0
// Reads members of the API's JSON; what is missing or null reads as nothing.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace upbeat::cli {

/// The text, on one line (base/printable.h: what a hypervisor or a device says goes through here);
/// "" if it is none.
[[nodiscard]] std::string text_of(const boost::json::value& value);
/// The member's text, likewise; "" if it is null or not there.
[[nodiscard]] std::string text_in(const boost::json::value& object, const char* member);
/// The member's text to the byte, for what is no sentence but a file; "" if it is null or not
/// there.
[[nodiscard]] std::string verbatim_in(const boost::json::value& object, const char* member);
/// The member's number, 0 if it is null or not there.
[[nodiscard]] std::int64_t number_in(const boost::json::value& object, const char* member);
/// Whether the member is there and is true.
[[nodiscard]] bool is_true(const boost::json::value& object, const char* member);
/// The member, or nullptr if it is null or not there.
[[nodiscard]] const boost::json::value* part_of(const boost::json::value& object,
                                                const char* member);
/// The member's elements, none if it is no array.
[[nodiscard]] const boost::json::array& list_in(const boost::json::value& object,
                                                const char* member);
/// The member's texts, likewise, with ", " in between.
[[nodiscard]] std::string joined(const boost::json::value& object, const char* member);
/// The element of `list` (an array of objects) that has this name, or nullptr.
[[nodiscard]] const boost::json::value* named_in(const boost::json::array& list,
                                                 const std::string& name);

}  // namespace upbeat::cli
