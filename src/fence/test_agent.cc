// SPDX-License-Identifier: Apache-2.0
// A small real fence agent for tests.
#include "fence/test_agent.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace upbeat {
namespace {

constexpr const char* script = R"AGENT(#!/bin/bash
while IFS= read -r line; do
  seen+="$line"$'\n'
  case $line in action=*) action=${line#*=} ;; plug=*) plug=${line#*=} ;; ip=*) cd "${line#*=}" ;; esac
done
{ printf 'input:\n%s' "$seen"; echo command line:; tr '\0' ' ' < /proc/$$/cmdline; echo
  echo environment:; tr '\0' '\n' < /proc/$$/environ; } > seen
runs=0 fault=
[ -f "fault.$plug" ] && read -r fault runs < "fault.$plug"
if [ "$fault" = lying ] && [ "$action" = status ]; then fault=; fi
if [ "${runs:-0}" -gt 0 ] && [ -n "$fault" ]; then
  echo "$fault $((runs - 1))" > "fault.$plug"
else
  fault=
fi
echo "$action" >> "runs.$plug"
case $fault in
  unreachable) echo "2026-01-01 00:00:00,000 ERROR: Connection timed out" >&2; exit 1 ;;
  lying) echo "Success: Powered ${action^^}"; exit 0 ;;
  garbage) echo '%$!?'; exit 0 ;;
  slow) sleep 60 ;;
  usage) echo "agent: unrecognised option" >&2; exit 2 ;;
  nothing) exit 2 ;;
  chatty) cat "chat" >&2; exit 1 ;;
esac
case $action in
  status) read -r state < "$plug"; echo "Status: ${state^^}"; [ "$state" = on ] && exit 0; exit 2 ;;
  on|off) read -r state < "$plug"; [ "$state" = "$action" ] && echo "Success: Already ${action^^}" && exit 0
    echo "$action" > "$plug"; echo "Success: Powered ${action^^}" ;;
  list) [ -f list ] || exit 1; cat list ;;
esac
)AGENT";

}  // namespace

TestAgent::TestAgent() {
  std::string name = (std::filesystem::temp_directory_path() / "upbeat-fence-XXXXXX").string();
  directory = ::mkdtemp(name.data());
  write("agent", script);
  ::chmod((directory + "/agent").c_str(), 0755);
}

TestAgent::~TestAgent() { std::filesystem::remove_all(directory); }

FenceDevice TestAgent::device(const std::string& node, const std::string& plug) const {
  return {.name = "strip-" + plug,
          .agent = directory + "/agent",
          .options = {{"ip", directory}},
          .plugs = {{node, {plug}}}};
}

void TestAgent::set(const std::string& plug, PowerState state) const {
  write(plug, state == PowerState::on ? "on\n" : "off\n");
}  // namespace

PowerState TestAgent::state(const std::string& plug) const {
  return read(plug) == "on\n" ? PowerState::on : PowerState::off;
}

void TestAgent::break_plug(const std::string& plug, const std::string& fault, int runs) const {
  write("fault." + plug, fault + " " + std::to_string(runs) + "\n");
}

void TestAgent::write(const std::string& file, const std::string& text) const {
  std::ofstream(directory + "/" + file) << text;
}

std::string TestAgent::read(const std::string& file) const {
  std::ifstream in(directory + "/" + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace upbeat
