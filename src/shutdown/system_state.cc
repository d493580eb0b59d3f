// SPDX-License-Identifier: Apache-2.0
// The second net: systemd's SystemState.
#include "shutdown/system_state.h"

#include <cstdlib>
#include <memory>
#include <string>

#include "shutdown/bus.h"

namespace upbeat {
namespace {

/// Where systemctl itself speaks with process 1 when no bus is there.
constexpr const char* systemd_socket = "unix:path=/run/systemd/private";

Result<bool> ask(int opened, sd_bus* raw) {
  const BusHandle bus(raw);
  if (opened < 0) return fail(bus_trouble(opened));
  sd_bus_set_method_call_timeout(bus.get(), system_state_timeout_ms * 1000ULL);
  sd_bus_error error = SD_BUS_ERROR_NULL;
  char* text = nullptr;
  const int code =
      sd_bus_get_property_string(bus.get(), "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                 "org.freedesktop.systemd1.Manager", "SystemState", &error, &text);
  const std::unique_ptr<char, decltype(&std::free)> state(text, &std::free);
  const std::string trouble = code < 0 ? bus_trouble(code, &error) : "";
  sd_bus_error_free(&error);
  if (code < 0) return fail(trouble);
  return std::string(state.get()) == "stopping";
}

Result<bool> ask_over_the_bus() {
  sd_bus* bus = nullptr;
  const int opened = sd_bus_open_system_with_description(&bus, "upbeat-state");
  return ask(opened, bus);
}

Result<bool> ask_directly() {
  sd_bus* bus = nullptr;
  int opened = sd_bus_new(&bus);
  if (opened >= 0) opened = sd_bus_set_address(bus, systemd_socket);
  if (opened >= 0) opened = sd_bus_start(bus);
  return ask(opened, bus);
}

}  // namespace

Result<bool> system_is_going_down() {
  auto answer = ask_over_the_bus();
  if (answer) return answer;
  auto direct = ask_directly();
  if (direct) return direct;
  return fail("cannot ask systemd whether this system goes down: " + answer.error().text +
              " on the system bus, " + direct.error().text +
              " on systemd's own socket; is process 1 systemd?");
}

}  // namespace upbeat
