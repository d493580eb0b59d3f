// SPDX-License-Identifier: Apache-2.0
// Owners for libvirt's handles, and what libvirt said last.
#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <memory>
#include <optional>
#include <string>

namespace upbeat {

struct CloseConnection {
  void operator()(virConnectPtr connection) const { virConnectClose(connection); }
};
struct FreeDomain {
  void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};

/// Closing may block: never on the loop's thread.
using Connection = std::unique_ptr<virConnect, CloseConnection>;
using Domain = std::unique_ptr<virDomain, FreeDomain>;

/// libvirt's "typed parameters", by name: https://libvirt.org/html/libvirt-libvirt-common.html
class TypedParameters {
 public:
  TypedParameters() = default;
  TypedParameters(const TypedParameters&) = delete;
  TypedParameters& operator=(const TypedParameters&) = delete;
  ~TypedParameters() { virTypedParamsFree(items_, count_); }

  [[nodiscard]] virTypedParameterPtr* items() { return &items_; }
  [[nodiscard]] int* count() { return &count_; }
  bool add(const char* name, const std::string& value) {
    return virTypedParamsAddString(&items_, &count_, &capacity_, name, value.c_str()) == 0;
  }
  bool add(const char* name, int value) {
    return virTypedParamsAddInt(&items_, &count_, &capacity_, name, value) == 0;
  }

 private:
  virTypedParameterPtr items_ = nullptr;
  int count_ = 0;
  int capacity_ = 0;
};

/// A number among parameters that somebody else owns; nothing if it is not there.
inline std::optional<unsigned long long> unsigned_long(virTypedParameterPtr items, int count,
                                                       const char* name) {
  unsigned long long value = 0;
  if (virTypedParamsGetULLong(items, count, name, &value) != 1) return std::nullopt;
  return value;
}
inline std::optional<int> signed_int(virTypedParameterPtr items, int count, const char* name) {
  int value = 0;
  if (virTypedParamsGetInt(items, count, name, &value) != 1) return std::nullopt;
  return value;
}

/// The last libvirt error of this thread.
inline int last_error_code() {
  const virError* const error = virGetLastError();
  return error == nullptr ? VIR_ERR_OK : error->code;
}
inline std::string last_error_text() { return virGetLastErrorMessage(); }

}  // namespace upbeat
