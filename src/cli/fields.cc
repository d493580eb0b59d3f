// SPDX-License-Identifier: Apache-2.0
// Reads members of the API's JSON.
#include "cli/fields.h"

#include <boost/json.hpp>

#include "base/printable.h"

namespace upbeat::cli {

namespace json = boost::json;

const json::value* part_of(const json::value& object, const char* member) {
  const json::object* members = object.if_object();
  const json::value* part = members == nullptr ? nullptr : members->if_contains(member);
  return part == nullptr || part->is_null() ? nullptr : part;
}

std::string text_of(const json::value& value) {
  const json::string* text = value.if_string();
  return text == nullptr ? "" : printable({text->data(), text->size()});
}

std::string text_in(const json::value& object, const char* member) {
  const json::value* part = part_of(object, member);
  return part == nullptr ? "" : text_of(*part);
}

std::string verbatim_in(const json::value& object, const char* member) {
  const json::value* part = part_of(object, member);
  const json::string* text = part == nullptr ? nullptr : part->if_string();
  return text == nullptr ? "" : std::string(text->data(), text->size());
}

std::int64_t number_in(const json::value& object, const char* member) {
  const json::value* part = part_of(object, member);
  if (part == nullptr) return 0;
  boost::system::error_code error;
  const auto number = part->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

bool is_true(const json::value& object, const char* member) {
  const json::value* part = part_of(object, member);
  return part != nullptr && part->is_bool() && part->get_bool();
}

const json::array& list_in(const json::value& object, const char* member) {
  static const json::array none;
  const json::value* part = part_of(object, member);
  return part != nullptr && part->is_array() ? part->get_array() : none;
}

std::string joined(const json::value& object, const char* member) {
  std::string all;
  for (const json::value& element : list_in(object, member))
    if (element.is_string()) all += (all.empty() ? "" : ", ") + text_of(element);
  return all;
}

const json::value* named_in(const json::array& list, const std::string& name) {
  for (const json::value& element : list)
    if (text_in(element, "name") == name) return &element;
  return nullptr;
}

}  // namespace upbeat::cli
