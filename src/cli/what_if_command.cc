// SPDX-License-Identifier: Apache-2.0
// `upbeat simulate --from-cluster`: asks the daemon for its state, and never for anything else.
#include "cli/what_if_command.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>

#include "api/snapshot.h"
#include "cli/exit_status.h"
#include "cli/fields.h"
#include "cli/what_if_text.h"
#include "sim/run.h"
#include "sim/what_if.h"

namespace upbeat::cli {
namespace {

/// The state of a daemon that is in step with a quorate view: what another one knows may be old.
State live_state(const ApiOptions& options) {
  const auto answer = or_end(options.client().get("/v1/state"), options.format());
  if (!is_true(answer, "quorate")) {
    const auto trouble = text_in(answer, "trouble");
    end_with(Failure{.exit_status = exit_refused,
                     .text = "cannot tell what would happen: this node does not know how the "
                             "cluster stands now" +
                             (trouble.empty() ? "" : " (" + trouble + ")") +
                             "; ask on a node that has quorum"},
             options.format());
  }
  auto state = read_snapshot(verbatim_in(answer, "snapshot"));
  if (!state) {
    end_with(Failure{.exit_status = exit_refused, .text = state.error().text}, options.format());
  }
  return std::move(*state);
}

}  // namespace

void simulate_cluster(const ApiOptions& options, const std::vector<std::string>& whats,
                      ShowLog show_log) {
  const auto commands = split_commands(whats);
  const State live = live_state(options);
  if (const auto sense = check_what(live, commands); !sense) {
    end_with(Failure{.exit_status = exit_usage, .text = sense.error().text}, options.format());
  }
  const auto story = what_if(live, commands);
  if (!story) {
    end_with(Failure{.exit_status = exit_refused, .text = story.error().text}, options.format());
  }
  if (options.json) {
    print_json(what_if_view(*story));
  } else {
    if (show_log == ShowLog::yes) std::cout << format_log(story->log) << "\n";
    std::cout << what_if_text(*story, colours_of_stdout()) << std::flush;
  }
  if (leaves_some_down(*story)) throw CLI::RuntimeError(exit_would_be_down);
}

}  // namespace upbeat::cli
