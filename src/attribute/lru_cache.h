// A map that evicts the least recently used entry when it is full. Any process that opens sockets
// adds entries, so without a bound many short-lived processes would exhaust memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <list>
#include <utility>

#include <tsl/robin_map.h>

namespace twtrace {

/// Holds at most `capacity` entries (at least one). Not for use by several threads.
template <typename Key, typename Value, typename Hash = std::hash<Key>>
class LruCache {
  public:
    explicit LruCache(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {}

    /// Returns the entry, which becomes the most recently used one, or nullptr. Valid until the
    /// next put().
    Value* find(const Key& key) {
        // Repeated lookups of one key need no hashing and no reordering.
        if (!entries_.empty() && entries_.front().first == key)
            return &entries_.front().second;
        const auto at = index_.find(key);
        if (at == index_.end())
            return nullptr;
        entries_.splice(entries_.begin(), entries_, at->second);
        return &at->second->second;
    }

    /// Valid until the next put().
    Value& put(const Key& key, Value value) {
        if (Value* present = find(key))
            return *present = std::move(value);
        if (entries_.size() == capacity_) {
            index_.erase(entries_.back().first);
            entries_.pop_back();
        }
        entries_.emplace_front(key, std::move(value));
        index_.emplace(key, entries_.begin());
        return entries_.front().second;
    }

    bool full() const { return entries_.size() == capacity_; }
    std::size_t size() const { return entries_.size(); }

  private:
    using Entries = std::list<std::pair<Key, Value>>;

    std::size_t capacity_;
    Entries entries_; // most recent first
    tsl::robin_map<Key, typename Entries::iterator, Hash> index_;
};

} // namespace twtrace
