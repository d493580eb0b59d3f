// SPDX-License-Identifier: Apache-2.0
// Reading what upsd says.
#include "shutdown/nut_answer.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

using std::chrono::seconds;

std::string wrong(std::string_view line) {
  const auto value = read_nut_variable(line, "rack1", "ups.status");
  return value ? "" : value.error().text;
}

TEST(NutAnswer, GivesTheValue) {
  EXPECT_EQ(read_nut_variable("VAR rack1 ups.status \"OL CHRG\"", "rack1", "ups.status"),
            "OL CHRG");
  EXPECT_EQ(read_nut_variable("VAR rack1 ups.status \"\"", "rack1", "ups.status"), "");
  EXPECT_EQ(read_nut_variable(R"(VAR rack1 ups.model "a \"b\" \\")", "rack1", "ups.model"),
            R"(a "b" \)");
}

TEST(NutAnswer, GivesUpsdsOwnWordForAnError) {
  EXPECT_EQ(wrong("ERR DATA-STALE"), "DATA-STALE");
  EXPECT_EQ(wrong("ERR UNKNOWN-UPS"), "UNKNOWN-UPS");
}

TEST(NutAnswer, OfAnotherQuestionOrOutOfShapeIsNone) {
  for (const auto* line :
       {"", "VAR", "VAR rack2 ups.status \"OL\"", "VAR rack1 ups.load \"3\"",
        "VAR rack1 ups.status OL", "VAR rack1 ups.status \"OL", "VAR rack1 ups.status \"OL\" x",
        "VAR rack1 ups.status \"OL\\", "var rack1 ups.status \"OL\"", "HTTP/1.1 400 Bad Request"}) {
    EXPECT_EQ(wrong(line), "'" + std::string(line) + "' is no answer to that") << line;
  }
}

TEST(UpsReading, KnowsTheWordsThatMatter) {
  EXPECT_EQ(read_ups("OL", ""), UpsReading());
  EXPECT_EQ(read_ups("OL CHRG LB", ""), (UpsReading{.battery_low = true}));
  EXPECT_EQ(read_ups("OB DISCHRG", "540"),
            (UpsReading{.on_battery = true, .runtime = seconds(540)}));
  EXPECT_EQ(read_ups("FSD OB LB", "60.00"),
            (UpsReading{.on_battery = true, .battery_low = true, .runtime = seconds(60)}));
  EXPECT_EQ(read_ups("BOB LBX OFF", ""), UpsReading()) << "words, not parts of them";
}

TEST(UpsReading, DoesNotBelieveARuntimeThatIsNoNumber) {
  for (const auto* runtime : {"", "-1", "soon", "99999999999", "5x"}) {
    EXPECT_EQ(read_ups("OB", runtime).runtime, std::nullopt) << runtime;
  }
}

TEST(UpsPlace, IsReadAsUpscWritesIt) {
  EXPECT_EQ(read_ups_place("rack1"), (UpsPlace{.ups = "rack1"}));
  EXPECT_EQ(read_ups_place("rack1@nut"), (UpsPlace{.ups = "rack1", .host = "nut"}));
  EXPECT_EQ(read_ups_place("rack1@nut:35"),
            (UpsPlace{.ups = "rack1", .host = "nut", .port = "35"}));
  for (const auto* text :
       {"", "@nut", "rack1@", "rack1@nut:", "rack1@nut:x", "ra ck@nut", "r\n", "rack1@\x94\xa1"}) {
    EXPECT_FALSE(read_ups_place(text)) << text;
  }
}

}  // namespace
}  // namespace upbeat
