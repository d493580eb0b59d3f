// SPDX-License-Identifier: Apache-2.0
// The Debian that nodes boot: built once from the distribution's packages and kept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lab/files.h"

namespace upbeat::lab {

/// The packages that a node has besides Debian's minimal base.
[[nodiscard]] const std::vector<std::string>& node_packages();

/// Tells images apart: it changes with the packages and with what the recipe does to them.
[[nodiscard]] std::string image_key();

/// The one-line sources.list(5) entries for `suite`, its updates and its backports, from what
/// `apt-get indextargets` says of this machine's own sources (lines of
/// `CREATED_BY|REPO_URI|RELEASE| COMPONENT`).
[[nodiscard]] std::vector<std::string> sources_for(const std::string& suite,
                                                   const std::string& index_targets);

/// The folder of the image, built now if there is none yet: that takes about a minute and needs the
/// machine's package sources. Two that build at once wait for each other. A build that is killed
/// leaves nothing that is taken for an image, see clean_image_cache().
[[nodiscard]] Result<std::filesystem::path> node_image();
[[nodiscard]] bool node_image_is_cached();

/// Removes what killed builds left; never a finished image and never a build that is under way.
void clean_image_cache();

}  // namespace upbeat::lab
