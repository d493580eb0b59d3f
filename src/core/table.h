// SPDX-License-Identifier: Apache-2.0
// A sorted map whose copies share everything in which they do not differ.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace upbeat {

/// Copying costs the same for any size; a change copies the one value and the short lists on the
/// way to it, unless nobody shares them. So an older version of a state may be kept while the newer
/// one is made of it, and what differs between the two is found without looking at the rest.
///
/// It reads like a std::map. A value to be changed is asked for with `edit`; that reference is good
/// until the table is copied. One thread owns a table and its copies.
template <class Key, class Value>
class Table {
  struct Slot {
    Key key;
    std::shared_ptr<Value> value;
  };
  using Leaf = std::vector<Slot>;  // sorted, never empty
  struct Branch {
    Key first;
    std::shared_ptr<Leaf> leaf;
  };
  using Root = std::vector<Branch>;

 public:
  struct Row {
    const Key& first;
    const Value& second;
  };

  class Iterator {
    struct Arrow {
      Row row;
      const Row* operator->() const { return &row; }
    };

   public:
    using iterator_concept = std::bidirectional_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using reference = Row;
    using pointer = Arrow;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Row operator*() const {
      const Slot& here = slot();
      return {here.key, *here.value};
    }
    Arrow operator->() const { return {**this}; }
    Iterator& operator++() {
      if (++slot_ == (*root_)[leaf_].leaf->size()) skip_leaf();
      return *this;
    }
    Iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    Iterator& operator--() {
      if (slot_ == 0) slot_ = (*root_)[--leaf_].leaf->size();
      --slot_;
      return *this;
    }
    Iterator operator--(int) {
      auto before = *this;
      --*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    friend class Table;
    Iterator(const Root* root, std::size_t leaf, std::size_t slot)
        : root_(root), leaf_(leaf), slot_(slot) {}
    [[nodiscard]] const Slot& slot() const { return (*(*root_)[leaf_].leaf)[slot_]; }
    [[nodiscard]] const Leaf* whole_leaf() const {
      return slot_ == 0 ? (*root_)[leaf_].leaf.get() : nullptr;
    }
    void skip_leaf() {
      ++leaf_;
      slot_ = 0;
    }

    const Root* root_ = nullptr;
    std::size_t leaf_ = 0;
    std::size_t slot_ = 0;
  };
  using const_iterator = Iterator;

  [[nodiscard]] Iterator begin() const { return {root_.get(), 0, 0}; }
  [[nodiscard]] Iterator end() const { return {root_.get(), root_ ? root_->size() : 0, 0}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool contains(const Key& key) const { return find(key) != end(); }

  [[nodiscard]] Iterator find(const Key& key) const {
    if (!root_) return end();
    const auto at = lower_bound(key);
    return at != end() && at.slot().key == key ? at : end();
  }
  [[nodiscard]] const Value& at(const Key& key) const {
    const auto found = find(key);
    if (found == end()) throw std::out_of_range("a table has no such key");
    return *found.slot().value;
  }

  /// The value of a key that is there, to be changed.
  [[nodiscard]] Value& edit(const Key& key) {
    const auto found = find(key);
    if (found == end()) throw std::out_of_range("a table has no such key");
    return own(own_leaf(found.leaf_)[found.slot_].value);
  }
  /// The same; a key that is not there gets a value first.
  Value& operator[](const Key& key) {
    if (!contains(key)) insert(key, Value{});
    return edit(key);
  }
  void emplace(const Key& key, Value value) {
    if (!contains(key)) insert(key, std::move(value));
  }
  std::size_t erase(const Key& key) {
    const auto found = find(key);
    if (found == end()) return 0;
    Leaf& leaf = own_leaf(found.leaf_);
    leaf.erase(leaf.begin() + static_cast<std::ptrdiff_t>(found.slot_));
    --size_;
    if (leaf.empty()) {
      root_->erase(root_->begin() + static_cast<std::ptrdiff_t>(found.leaf_));
    } else {
      (*root_)[found.leaf_].first = leaf.front().key;
    }
    return 1;
  }

  /// Calls `tell(key, before, after)` in the order of the keys for each value that may have become
  /// another one; a null pointer stands for a value that is not there. Values that the two share
  /// are passed over.
  template <class Tell>
  static void differences(const Table& before, const Table& after, const Tell& tell) {
    auto old = before.begin();
    auto now = after.begin();
    if (before.root_ == after.root_) return;
    while (old != before.end() || now != after.end()) {
      if (now == after.end() || (old != before.end() && old.slot().key < now.slot().key)) {
        tell(old.slot().key, old.slot().value.get(), static_cast<const Value*>(nullptr));
        ++old;
      } else if (old == before.end() || now.slot().key < old.slot().key) {
        tell(now.slot().key, static_cast<const Value*>(nullptr), now.slot().value.get());
        ++now;
      } else if (old.whole_leaf() != nullptr && old.whole_leaf() == now.whole_leaf()) {
        old.skip_leaf();
        now.skip_leaf();
      } else {
        if (old.slot().value != now.slot().value) {
          tell(old.slot().key, old.slot().value.get(), now.slot().value.get());
        }
        ++old;
        ++now;
      }
    }
  }

  friend bool operator==(const Table& left, const Table& right) {
    if (left.size_ != right.size_) return false;
    bool same = true;
    differences(left, right, [&](const Key&, const Value* a, const Value* b) {
      same = same && a != nullptr && b != nullptr && *a == *b;
    });
    return same;
  }

 private:
  static constexpr std::size_t leaf_limit = 48;

  /// Makes it ours alone to change.
  template <class T>
  static T& own(std::shared_ptr<T>& shared) {
    if (shared.use_count() != 1) shared = std::make_shared<T>(std::as_const(*shared));
    return *shared;
  }
  Leaf& own_leaf(std::size_t leaf) { return own(own(root_)[leaf].leaf); }

  /// The leaf that has the key, if any has it.
  [[nodiscard]] std::size_t leaf_for(const Key& key) const {
    const auto next = std::ranges::upper_bound(*root_, key, {}, &Branch::first);
    return next == root_->begin() ? 0 : static_cast<std::size_t>(next - root_->begin()) - 1;
  }
  [[nodiscard]] Iterator lower_bound(const Key& key) const {
    if (root_->empty()) return end();
    const auto leaf = leaf_for(key);
    const Leaf& slots = *(*root_)[leaf].leaf;
    const auto at = std::ranges::lower_bound(slots, key, {}, &Slot::key);
    if (at == slots.end()) return {root_.get(), leaf + 1, 0};
    return {root_.get(), leaf, static_cast<std::size_t>(at - slots.begin())};
  }
  void insert(const Key& key, Value value) {
    if (!root_) root_ = std::make_shared<Root>();
    Slot slot{key, std::make_shared<Value>(std::move(value))};
    ++size_;
    if (root_->empty()) {
      own(root_).push_back({key, std::make_shared<Leaf>(1, std::move(slot))});
      return;
    }
    const auto at = leaf_for(key);
    Leaf& leaf = own_leaf(at);
    leaf.insert(std::ranges::lower_bound(leaf, key, {}, &Slot::key), std::move(slot));
    (*root_)[at].first = leaf.front().key;
    if (leaf.size() <= leaf_limit) return;
    const auto middle = leaf.begin() + static_cast<std::ptrdiff_t>(leaf.size() / 2);
    auto upper = std::make_shared<Leaf>(middle, leaf.end());
    leaf.erase(middle, leaf.end());
    const Key first = upper->front().key;
    root_->insert(root_->begin() + static_cast<std::ptrdiff_t>(at) + 1, {first, std::move(upper)});
  }

  std::shared_ptr<Root> root_;  // null: nothing was ever in it
  std::size_t size_ = 0;
};

}  // namespace upbeat
