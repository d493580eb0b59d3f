// SPDX-License-Identifier: Apache-2.0
// The guest's program (guest/guestd.cc) as bytes, so that `upbeat` needs no file beside it.
#pragma once

#include <string>

namespace upbeat::lab {

/// The statically linked ELF file.
[[nodiscard]] std::string guest_program();

}  // namespace upbeat::lab
