// SPDX-License-Identifier: Apache-2.0
// What the API answers to good and bad requests, without a socket.
#include "api/routes_test.h"

#include "api/snapshot.h"

namespace upbeat {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

TEST_F(Routes, DoNotShowTheCluster) {
  const ApiResponse response = ask("GET", "/v1/status");
  EXPECT_EQ(response.status, 200U);
  const json::value status = json::parse(response.body);
  EXPECT_EQ(status.at("nodes").as_array().size(), 3U);
  EXPECT_EQ(status.at("vms").at(0).at("phase"), "running");
}

TEST_F(Routes, DoNotListOrShowVmsAndNodes) {
  EXPECT_EQ(json::parse(ask("GET", "/v1/vms").body).at("vms").at(0).at("name"), "x0");
  EXPECT_EQ(json::parse(ask("GET", "/v1/nodes").body).at("nodes").at(2).at("name"), "node3");
  EXPECT_EQ(json::parse(ask("GET", "/v1/nodes/node2").body).at("name"), "node2");
  EXPECT_TRUE(json::parse(ask("GET", "/v1/vms/x0").body)
                  .at("domain_xml")
                  .as_string()
                  .starts_with("<domain>"));
}

TEST_F(Routes, GiveAnotherStateThanTheClustersOrItsSecrets) {
  ASSERT_NE(x0().spec.domain_xml, "");  // where a user may have put a password
  const ApiResponse response = ask("GET", "/v1/state");
  EXPECT_EQ(response.status, 200U);
  const json::value answer = json::parse(response.body);
  EXPECT_EQ(answer.at("quorate"), true);
  const auto state = read_snapshot(std::string(answer.at("snapshot").as_string()));
  ASSERT_TRUE(state) << state.error().text;
  State expected = service.state();
  expected.log.clear();
  expected.refused.clear();
  for (const auto& [id, vm] : service.state().vms) {
    expected.vms.edit(id).spec.domain_xml.clear();
  }
  EXPECT_EQ(*state, expected);
}

TEST_F(Routes, DoNotExplain) {
  for (const char* target : {"/v1/explain/vms/x0", "/v1/explain/nodes/node1"}) {
    const ApiResponse response = ask("GET", target);
    EXPECT_EQ(response.status, 200U);
    EXPECT_FALSE(json::parse(response.body).at("sentences").as_array().empty());
  }
}

TEST_F(Routes, AnswerForNamesThatAreNotThere) {
  for (const char* target : {"/v1/vms/x9", "/v1/explain/vms/x9"}) {
    EXPECT_EQ(error(ask("GET", target)),
              "there is no VM 'x9': `upbeat vm list` shows those there are");
  }
  for (const char* target : {"/v1/nodes/node9", "/v1/explain/nodes/node9"}) {
    EXPECT_EQ(error(ask("GET", target)),
              "there is no node 'node9': the cluster has node1, node2, node3");
  }
  EXPECT_EQ(ask("POST", "/v1/vms/x9/start").status, 404U);
  EXPECT_EQ(ask("DELETE", "/v1/vms/x9").status, 404U);
  EXPECT_EQ(ask("POST", "/v1/nodes/node9/drain").status, 404U);
  EXPECT_EQ(ask("POST", "/v1/vms/x0/migrate", R"({"to": "node9"})").status, 404U);
}

TEST_F(Routes, AnswerAtAddressesThatAreNotThere) {
  for (const char* target : {"/", "/v1", "/v1/statuses", "/v1/vms/x0/fly", "/v1/vms/x0/start/now"})
    EXPECT_EQ(ask("GET", target).status, 404U) << target;
}

TEST_F(Routes, HideWhichMethodsWouldDo) {
  const ApiResponse response = ask("PUT", "/v1/vms/x0");
  EXPECT_EQ(response.status, 405U);
  EXPECT_EQ(response.allow, "GET, DELETE");
}

TEST_F(Routes, DefineNoVm) {
  const ApiResponse response = ask("POST", "/v1/vms", R"({"domain_xml":
      "<domain><name>x1</name><memory>128</memory></domain>", "priority": -3})");
  EXPECT_EQ(response.status, 201U);
  EXPECT_EQ(service.state().vms.at(VmId{"x1"}).spec.priority, -3);
  EXPECT_EQ(json::parse(response.body).at("index"), service.state().index.get());
}

TEST_F(Routes, TakeBadDefinitions) {
  for (const char* body :
       {"", "[]", "{", "{}", R"({"domain_xml": 3})", R"({"domain_xml": "<broken"})",
        R"({"domain_xml": "<name>a</name><memory>1</memory>", "priority": "high"})",
        R"({"domain_xml": "<name>a</name><memory>1</memory>", "priority": 3000000000})",
        R"({"domain_xml": "<name>a</name><memory>1</memory>", "colour": "red"})"}) {
    const ApiResponse response = ask("POST", "/v1/vms", body);
    EXPECT_EQ(response.status, 400U) << body;
    EXPECT_FALSE(error(response).empty());
  }
  EXPECT_EQ(service.state().vms.size(), 1U);
}

TEST_F(Routes, DefineAVmTwice) {
  const ApiResponse response = ask(
      "POST", "/v1/vms",
      R"({"domain_xml": "<domain><name>x0</name><memory>128</memory></domain>", "priority": 0})");
  EXPECT_EQ(response.status, 409U);
  EXPECT_TRUE(error(response).contains("defined already")) << error(response);
}

TEST_F(Routes, StopWithoutOrWithForceAlike) {
  EXPECT_EQ(ask("POST", "/v1/vms/x0/stop").status, 202U);
  EXPECT_EQ(x0().stop_force, StopForce::ask);
  EXPECT_EQ(ask("POST", "/v1/vms/x0/stop", R"({"force": true})").status, 202U);
  EXPECT_EQ(x0().stop_force, StopForce::power_off);
  EXPECT_EQ(ask("POST", "/v1/vms/x0/stop", R"({"force": "yes"})").status, 400U);
}

TEST_F(Routes, DoNotStartStopOrRemoveAVm) {
  ask("POST", "/v1/vms/x0/stop");
  clock.advance(1s);
  EXPECT_TRUE(std::holds_alternative<Stopped>(x0().phase));
  EXPECT_EQ(ask("POST", "/v1/vms/x0/start").status, 202U);
  clock.advance(1s);
  EXPECT_TRUE(std::holds_alternative<Running>(x0().phase));
  EXPECT_EQ(ask("DELETE", "/v1/vms/x0").status, 202U);
  clock.advance(1s);
  EXPECT_FALSE(service.state().vms.contains(VmId{"x0"}));
}

TEST_F(Routes, MoveAVmAnywhereButWhereItIsAskedTo) {
  EXPECT_EQ(ask("POST", "/v1/vms/x0/migrate", R"({"to": "node3"})").status, 202U);
  clock.advance(1s);
  EXPECT_EQ(std::get<Running>(x0().phase).on, NodeId{3});
  EXPECT_EQ(ask("POST", "/v1/vms/x0/migrate").status, 202U);
  clock.advance(1s);
  EXPECT_NE(std::get<Running>(x0().phase).on, NodeId{3});
}

TEST_F(Routes, ForgetByWhenANodeHasToBeEmpty) {
  EXPECT_EQ(ask("POST", "/v1/nodes/node1/maintenance", R"({"within_s": 300})").status, 202U);
  const auto& drain = *service.state().nodes.at(NodeId{1}).drain;
  ASSERT_TRUE(drain.deadline);
  EXPECT_EQ(drain.deadline->at - drain.deadline->set_at, std::chrono::seconds(300));
  for (const auto* wrong : {R"({"within_s": 0})", R"({"within_s": "soon"})",
                            R"({"within_s": 2592001})", R"({"within_s": null})"}) {
    const ApiResponse answer = ask("POST", "/v1/nodes/node2/drain", wrong);
    EXPECT_EQ(answer.status, 400U) << wrong;
    EXPECT_EQ(error(answer),
              "'within_s' in the request's body must be a number of seconds from 1 to 2592000");
  }
  EXPECT_FALSE(service.state().nodes.at(NodeId{2}).drain);
}

TEST_F(Routes, DrainOrUndrainNoNode) {
  EXPECT_EQ(ask("POST", "/v1/nodes/node1/drain", R"({"why": "new fan"})").status, 202U);
  EXPECT_EQ(service.state().nodes.at(NodeId{1}).drain->why, "new fan");
  EXPECT_EQ(ask("POST", "/v1/nodes/node1/undrain").status, 202U);
  EXPECT_FALSE(service.state().nodes.at(NodeId{1}).drain);
}

TEST_F(Routes, DefineShowOrRemoveNoRule) {
  EXPECT_EQ(
      ask("PUT", "/v1/rules/gpu",
          R"({"kind": "off", "strictness": "best-effort", "vms": ["x0"], "nodes": ["node1"]})")
          .status,
      202U);
  EXPECT_EQ(json::parse(ask("GET", "/v1/rules/gpu").body), json::parse(R"({"name": "gpu",
    "kind": "off", "strictness": "best-effort", "vms": ["x0"], "nodes": ["node1"],
    "text": "keeps x0 off node1 where that can be", "broken": "x0 may be on node1"})"));
  EXPECT_EQ(json::parse(ask("GET", "/v1/rules").body).at("rules").as_array().size(), 1U);
  EXPECT_EQ(ask("DELETE", "/v1/rules/gpu").status, 202U);
  EXPECT_TRUE(service.state().rules.empty());
}

TEST_F(Routes, TakeBadRules) {
  for (const char* body :
       {"", R"({"kind": "near", "vms": ["x0"]})", R"({"kind": "on", "vms": "x0"})",
        R"({"kind": "on", "vms": ["x0", 3]})", R"({"kind": "on", "strictness": "very"})",
        R"({"kind": "on", "vms": ["x0"], "hosts": []})"})
    EXPECT_EQ(ask("PUT", "/v1/rules/r", body).status, 400U) << body;
  EXPECT_EQ(ask("PUT", "/v1/rules/r", R"({"kind": "on", "vms": ["x9"]})").status, 404U);
  EXPECT_EQ(
      ask("PUT", "/v1/rules/r", R"({"kind": "on", "vms": ["x0"], "nodes": ["node9"]})").status,
      404U);
  EXPECT_EQ(ask("PUT", "/v1/rules/r", R"({"kind": "on", "vms": ["x0"]})").status, 409U);
  EXPECT_EQ(ask("DELETE", "/v1/rules/r").status, 404U);
}

TEST_F(Routes, BeginOrEndNoMaintenance) {
  EXPECT_EQ(ask("POST", "/v1/nodes/node1/maintenance", R"({"why": "new fan"})").status, 202U);
  EXPECT_EQ(json::parse(ask("GET", "/v1/nodes/node1").body).at("drain").at("cause"), "maintenance");
  EXPECT_EQ(ask("DELETE", "/v1/nodes/node1/maintenance").status, 202U);
  const ApiResponse again = ask("DELETE", "/v1/nodes/node1/maintenance");
  EXPECT_EQ(again.status, 409U);
  EXPECT_TRUE(error(again).starts_with("cannot end the maintenance of node1: it is not in"));
  ask("POST", "/v1/nodes/node1/drain");
  EXPECT_TRUE(error(ask("DELETE", "/v1/nodes/node1/maintenance"))
                  .contains("`upbeat undrain node1` ends that"));
}

TEST_F(Routes, ShowOrSetNoPolicy) {
  EXPECT_EQ(ask("PATCH", "/v1/policy", R"({"failback": "return", "restart_tries_here": 0})").status,
            202U);
  EXPECT_EQ(json::parse(ask("GET", "/v1/policy").body), json::parse(R"({"restart_tries_here": 0,
    "restart_tries_elsewhere": 2, "failback": "return", "on_shutdown": "migrate",
    "quarantine_losses": 3, "quarantine_window_s": 3600})"));
  for (const char* body : {R"({"failback": "perhaps"})", R"({"restart_tries_here": -1})",
                           R"({"restart_tries_here": "2"})", R"({"on_failure": "stop"})"})
    EXPECT_EQ(ask("PATCH", "/v1/policy", body).status, 400U) << body;
  EXPECT_EQ(ask("PATCH", "/v1/policy", R"({"restart_tries_here": 101})").status, 409U);
}

TEST_F(Routes, GiveAVmNoFailbackOfItsOwn) {
  EXPECT_EQ(ask("POST", "/v1/vms/x0/failback", R"({"failback": "return"})").status, 202U);
  EXPECT_EQ(x0().failback, Failback::go_home);
  EXPECT_EQ(ask("POST", "/v1/vms/x0/failback").status, 202U);
  EXPECT_EQ(x0().failback, std::nullopt);
  EXPECT_EQ(ask("POST", "/v1/vms/x0/failback", R"({"failback": "now"})").status, 400U);
  EXPECT_EQ(ask("POST", "/v1/vms/x9/failback").status, 404U);
}

TEST_F(Routes, GrantWhatTheCoreRefuses) {
  const ApiResponse undrain = ask("POST", "/v1/nodes/node1/undrain");
  EXPECT_EQ(undrain.status, 409U);
  EXPECT_EQ(error(undrain), "cannot undrain node1: it is neither draining nor quarantined");
  EXPECT_EQ(ask("POST", "/v1/nodes/node1/confirm-off", R"({"who": "anna"})").status, 409U);
}

TEST_F(Routes, TakeNobodysWordThatANodeIsOff) {
  EXPECT_EQ(ask("POST", "/v1/nodes/node1/confirm-off").status, 400U);
  EXPECT_EQ(ask("POST", "/v1/nodes/node1/confirm-off", R"({"who": ""})").status, 400U);
}

TEST_F(Routes, BlameTheRequestForALackOfQuorum) {
  service.daemon_status.quorate = false;
  service.refusal = "cannot start x0: there is no quorum";
  const ApiResponse response = ask("POST", "/v1/vms/x0/start");
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(error(response), service.refusal);
}

TEST_F(Routes, ReadParametersOrMembersThatTheyDoNotKnow) {
  EXPECT_EQ(error(ask("GET", "/v1/status?verbose=1")),
            "this request does not know the parameter 'verbose': leave it out");
  EXPECT_EQ(error(ask("POST", "/v1/nodes/node1/drain", R"({"reason": "x"})")),
            "the request's body has an unknown member 'reason': it takes why, within_s");
  EXPECT_EQ(ask("POST", "/v1/vms/x0/start", R"({"force": true})").status, 400U);
}

TEST_F(Routes, MisreadTheParametersOfEvents) {
  for (const char* query : {"after=-1", "after=x", "after=", "limit=1001", "follow=1", "every=no"})
    EXPECT_EQ(ask("GET", std::string("/v1/events?") + query).status, 400U) << query;
}

TEST_F(Routes, GiveOtherEventsThanAskedFor) {
  const auto all = json::parse(ask("GET", "/v1/events").body).at("events").as_array();
  ASSERT_GT(all.size(), 3U);
  const auto last = json::parse(ask("GET", "/v1/events?limit=1").body).at("events").as_array();
  EXPECT_EQ(last, json::array({all.back()}));
  const auto of_x0 = json::parse(ask("GET", "/v1/events?subject=x0").body).at("events").as_array();
  for (const auto& line : of_x0) EXPECT_EQ(line.at("subject"), "x0");
  EXPECT_FALSE(of_x0.empty());
  const auto first = all.front().at("index").as_int64();
  const auto later =
      json::parse(ask("GET", "/v1/events?after=" + std::to_string(first)).body).at("events");
  for (const auto& line : later.as_array()) EXPECT_GT(line.at("index").as_int64(), first);
}

TEST_F(Routes, GiveAnAnswerThatIsNoJsonWhereANameIsNoUtf8) {
  EXPECT_EQ(error(ask("GET", "/v1/vms/a%ff")),
            "there is no VM 'a\uFFFD': `upbeat vm list` shows those there are");
  service.apply(DrainRequested{.node = NodeId{1}, .why = "fan\xff"});
  const json::value status = json::parse(ask("GET", "/v1/status").body);
  EXPECT_EQ(status.at("nodes").at(0).at("drain").at("why"), "fan\uFFFD");
}

TEST_F(Routes, QuoteControlCharactersOrAWholeBookInAnError) {
  EXPECT_EQ(error(ask("GET", "/v1/nodes/a%0a%1b[31m")),
            "there is no node 'a  [31m': the cluster has node1, node2, node3");
  const std::string text = error(ask("GET", "/" + std::string(8000, 'x')));
  EXPECT_LT(text.size(), 400U);
  EXPECT_TRUE(text.ends_with("see docs/api/openapi.yaml for what there is")) << text;
}

TEST_F(Routes, TakeABookForAReason) {
  const auto body = [](std::size_t size) {
    return json::serialize(json::object{{"why", std::string(size, 'x')}});
  };
  EXPECT_EQ(error(ask("POST", "/v1/nodes/node1/drain", body(words_limit_bytes + 1))),
            "'why' in the request's body is longer than 500 bytes: shorten it");
  EXPECT_EQ(ask("POST", "/v1/nodes/node1/drain", body(words_limit_bytes)).status, 202U);
}

TEST_F(Routes, BreakOverADefinitionThatMakesNoSense) {
  for (const char* memory : {"", "lots", "-1", "99999999999999999999"}) {
    const std::string xml =
        "<domain><name>x1</name><memory>" + std::string(memory) + "</memory></domain>";
    const auto body = json::serialize(json::object{{"domain_xml", xml}});
    EXPECT_EQ(ask("POST", "/v1/vms", body).status, 400U) << memory;
  }
}

}  // namespace
}  // namespace upbeat
