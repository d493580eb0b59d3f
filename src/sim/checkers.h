// SPDX-License-Identifier: Apache-2.0
// What must never happen, and what must happen in the end. Each checker looks at the simulated
// world, not at Upbeat's opinion of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/world.h"

namespace upbeat {

/// Something that must not be.
struct Violation {
  std::string checker;  ///< "runs-once"
  std::chrono::milliseconds at{0};
  std::string text;

  bool operator==(const Violation&) const = default;
};

/// Watches a world for one kind of wrong; the first finding is enough.
class Checker : public WorldWatcher {
 public:
  Checker(World& world, std::string name) : world_(world), name_(std::move(name)) {}
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;
  ~Checker() override = default;

  [[nodiscard]] const std::vector<Violation>& found() const { return found_; }
  /// Faults have ended, and the time in which all has to be well again is over.
  virtual void on_settled() {}

 protected:
  void violated(const std::string& text);
  World& world_;

 private:
  std::string name_;
  std::vector<Violation> found_;
};

/// The names of all checkers, with what each holds, for people.
struct CheckerFacts {
  const char* name;
  const char* promise;
  std::unique_ptr<Checker> (*make)(World& world);
};
[[nodiscard]] const std::vector<CheckerFacts>& all_checkers();

/// Whose part it is to be well.
enum class Concerned : std::uint8_t { nodes_that_are_on, all_nodes };

/// Whether every guest that should run does, every such node is a member, and nothing is under way:
/// what the end of a story is waited for.
[[nodiscard]] bool is_repaired(const World& world, Concerned concerned);

}  // namespace upbeat
