// SPDX-License-Identifier: Apache-2.0
// Upbeat's own package, installed in the nodes.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "lab/names.h"

namespace upbeat::lab {

/// The package to install: `given` if it is one; else the newest upbeat_*.deb beside the running
/// program or one folder above it.
[[nodiscard]] Result<std::filesystem::path> find_package(const std::filesystem::path& given,
                                                         const std::filesystem::path& program);

/// Installs the package over the image, as dpkg does it, in a layer that all nodes share; returns
/// the layer's folder. Its services are enabled as the package wants it and none is started.
[[nodiscard]] Result<std::filesystem::path> install_package(const Names& names,
                                                            const std::filesystem::path& image,
                                                            const std::filesystem::path& deb);

}  // namespace upbeat::lab
