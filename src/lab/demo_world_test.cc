// SPDX-License-Identifier: Apache-2.0
// A QEMU's command line names its guest and tells whether it waits for one.
#include "lab/demo_world.h"

#include <gtest/gtest.h>

namespace upbeat::lab {
namespace {

using namespace std::string_view_literals;

TEST(WorldWatch, ReadsTheGuestThatLibvirtStarted) {
  EXPECT_EQ(
      read_qemu_words("/usr/bin/qemu-system-x86_64\0-name\0guest=x3,debug-threads=on\0-S\0"sv),
      (QemuWords{"x3", Origin::booted}));
}

TEST(WorldWatch, TellsAQemuThatWaitsForAGuestFromOneThatBootsIt) {
  EXPECT_EQ(read_qemu_words("qemu-system-x86_64\0-name\0guest=x3\0-incoming\0defer\0"sv),
            (QemuWords{"x3", Origin::incoming}));
}

TEST(WorldWatch, LeavesOtherProgramsAlone) {
  EXPECT_FALSE(read_qemu_words(""sv));
  EXPECT_FALSE(read_qemu_words("libvirtd\0-name\0guest=x3\0"sv));
  EXPECT_FALSE(read_qemu_words("qemu-system-x86_64\0-machine\0none\0"sv));
}

}  // namespace
}  // namespace upbeat::lab
