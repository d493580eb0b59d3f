// SPDX-License-Identifier: Apache-2.0
// Copies files from outside the nodes, so that those of a node that is off are there as well.
#include "lab/demo_remains.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace upbeat::lab {
namespace {

namespace fs = std::filesystem;

void keep(const fs::path& from, const fs::path& to) {
  std::error_code left_out;
  fs::create_directories(to.parent_path(), left_out);
  // Sockets and pipes are no files that anybody wrote.
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::skip_symlinks, left_out);
}

std::string line_of(const HistoryEvent& event) {
  const auto seconds = static_cast<std::time_t>(event.wall_ms / 1000);
  return fmt::format("{:%H:%M:%S}.{:03} {}: {}\n", fmt::localtime(seconds), event.wall_ms % 1000,
                     event.subject, event.text);
}

}  // namespace

Result<fs::path> keep_remains(const Stage& stage, const fs::path& parent) {
  const auto& names = stage.lab.names();
  auto folder = (parent / ("upbeat-lab-" + names.lab() + ".XXXXXX")).string();
  if (::mkdtemp(folder.data()) == nullptr) {
    return fail("cannot keep what the lab wrote: no folder can be made in " + parent.string() +
                ": " + std::strerror(errno) + "; name another place in TMPDIR");
  }
  fs::path kept = folder;
  keep(names.logs(), kept / "logs");
  keep(names.consoles(), kept / "consoles");
  for (const auto& node : stage.lab.nodes()) {
    for (const char* written : {"corosync", "journal"}) {
      keep(names.node_data(node.name) / "upper/var/log" / written, kept / node.name / written);
    }
  }
  static constexpr std::size_t everything = 1000;  // the most that is told at once
  if (auto told = write_file(kept / "events", last_of_history(stage, everything)); !told) {
    return std::unexpected(told.error());
  }
  return kept;
}

std::string last_of_history(const Stage& stage, std::size_t lines) {
  const auto history = ask_history(stage, {});
  if (!history) return "nobody tells the history: " + history.error().text + "\n";
  std::string text;
  const auto skipped = history->size() > lines ? history->size() - lines : 0;
  for (auto at = skipped; at < history->size(); ++at) text += line_of((*history)[at]);
  return text;
}

}  // namespace upbeat::lab
