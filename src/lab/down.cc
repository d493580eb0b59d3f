// SPDX-License-Identifier: Apache-2.0
// The way down: whatever there is of a lab, found by records, namespaces and mounts, goes.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <map>

#include "base/process.h"
#include "lab/control_group.h"
#include "lab/network.h"
#include "lab/node.h"
#include "lab/node_image.h"
#include "lab/overlay.h"
#include "lab/up.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto end_limit = 10s;

/// Records of services by name, those of the power strip first, so that nobody switches a node on
/// while the nodes go.
std::vector<fs::path> records_in_order(const Names& names) {
  std::vector<fs::path> order;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(names.records(), error)) {
    const bool first = entry.path().filename().string().starts_with("power-strip");
    order.insert(first ? order.begin() : order.end(), entry.path());
  }
  return order;
}

Done end_recorded(const Names& names) {
  for (const auto& path : records_in_order(names)) {
    const auto record = read_record(path);
    if (record && !kill_and_wait(*record, end_limit)) {
      return fail("cannot end process " + std::to_string(record->pid) + " of the lab (" +
                  path.filename().string() + "): it survives SIGKILL");
    }
  }
  return {};
}

/// Ends what is still in the lab's namespaces: processes whose record was not yet written when
/// their starter was killed, and what they started.
Done end_inhabitants(const Names& names) {
  for (const auto& netns : namespaces_of(names)) {
    const std::string of = netns.substr(names.namespace_prefix().size());
    for (const pid_t pid : processes_in(names, of)) {
      const auto stat = stat_of(pid);
      if (pid == ::getpid() || !stat || stat->state == 'Z') continue;
      if (!kill_and_wait(stat->record, end_limit)) {
        return fail("cannot end process " + std::to_string(pid) + " in " + netns +
                    ": it survives SIGKILL");
      }
    }
  }
  return {};
}

/// systemd-nspawn keeps a folder per machine for passing mounts into it; SIGKILL leaves it.
void remove_container_leftovers(const Names& names) {
  std::error_code error;
  for (const char* folder : {"propagate", "unix-export"}) {
    for (const auto& entry :
         fs::directory_iterator(fs::path("/run/systemd/nspawn") / folder, error)) {
      if (entry.path().filename().string().starts_with(names.namespace_prefix())) {
        (void)unmount_below(entry.path());
        (void)remove_folder(entry.path());
      }
    }
  }
}

}  // namespace

bool anything_left(const Names& names) {
  return fs::exists(names.run()) || fs::exists(names.data()) || !namespaces_of(names).empty();
}

Done take_down(const Names& names) {
  for (auto* step : {end_recorded, end_inhabitants}) {
    if (auto done = step(names); !done) return done;
  }
  for (const auto& folder : {names.data(), names.run()}) {
    if (auto done = unmount_below(folder); !done) return done;
  }
  if (auto done = remove_network(names); !done) return done;
  remove_control_groups(names);
  remove_container_leftovers(names);
  for (const auto& folder : {names.data(), names.run()}) {
    if (auto done = remove_folder(folder); !done) return done;
  }
  clean_image_cache();
  ::rmdir(data_root().c_str());  // only if no other lab has anything in it
  return {};
}

}  // namespace upbeat::lab
