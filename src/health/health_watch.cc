// SPDX-License-Identifier: Apache-2.0
// When what was found of a host means that its guests had better leave, and when no longer.
#include "health/health_watch.h"

#include <algorithm>

#include "base/printable.h"

namespace upbeat {

void HealthWatch::found(Part& part, Health health, std::chrono::seconds ill_for,
                        MonotonicTime now) const {
  if (health == Health::unknown) return;
  if ((health == Health::ill) == part.counts_as_ill) {
    part.changed.reset();
    return;
  }
  if (!part.changed) part.changed = now;
  const auto patience = part.counts_as_ill ? well_for_ : ill_for;
  if (now - *part.changed < patience) return;
  part.counts_as_ill = !part.counts_as_ill;
  part.changed.reset();
}

std::optional<HealthChange> HealthWatch::judge(const std::string& check, const Seen& seen,
                                               std::chrono::seconds ill_for, MonotonicTime now) {
  unheard_.erase(check);
  std::set<PartKey> named;
  for (const auto& finding : seen.findings) {
    const PartKey key{check, finding.part};
    named.insert(key);
    auto& part = parts_[key];
    if (finding.health == Health::ill) part.why = finding.why;
    found(part, finding.health, ill_for, now);
  }
  for (auto& [key, part] : parts_) {
    if (key.first != check || named.contains(key) || !seen.trouble.empty()) continue;
    found(part, Health::well, ill_for, now);
  }
  std::erase_if(parts_, [&](const auto& entry) {
    return entry.first.first == check && seen.trouble.empty() && !named.contains(entry.first) &&
           !entry.second.counts_as_ill;
  });

  std::set<PartKey> ill;
  for (const auto& [key, part] : parts_) {
    if (part.counts_as_ill) ill.insert(key);
  }
  // The figures in the reasons change with every look: that is no news.
  if (ill == announced_) return std::nullopt;
  announced_ = std::move(ill);
  if (announced_.empty()) return HealthChange{};
  return HealthChange{ShutdownNotice{.why = sentence(), .budget = {}, .going = Going::failing}};
}

bool HealthWatch::undecided() const {
  return !unheard_.empty() || std::ranges::any_of(parts_, [](const auto& entry) {
    return !entry.second.counts_as_ill && entry.second.changed;
  });
}

std::string HealthWatch::sentence() const {
  std::string text;
  std::size_t told = 0;
  for (const auto& key : announced_) {
    if (told++ == named_illness_limit) break;
    text += (text.empty() ? "" : "; ") + parts_.at(key).why;
  }
  if (announced_.size() > named_illness_limit) {
    text += "; and " + std::to_string(announced_.size() - named_illness_limit) + " more";
  }
  return printable(text, illness_limit_bytes);
}

}  // namespace upbeat
