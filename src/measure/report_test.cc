// SPDX-License-Identifier: Apache-2.0
// Tables line up.
#include "measure/report.h"

#include <gtest/gtest.h>

namespace upbeat::measure {
namespace {

TEST(Report, WordsAreFlushLeftAndNumbersFlushRight) {
  Table table({"VM", "how", "blackout"});
  table.add({"x0", "live", "40 ms"});
  table.add({"x10", "cold boot", "141 ms"});

  EXPECT_EQ(table.text(),
            "VM   how        blackout\n"
            "x0   live          40 ms\n"
            "x10  cold boot    141 ms\n");
}

}  // namespace
}  // namespace upbeat::measure
