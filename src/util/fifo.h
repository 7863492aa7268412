// A queue with many insertions and removals. A std::deque allocates and frees memory for every 512
// bytes; this one keeps a segment for the next elements.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace twtrace {

template <typename T, std::size_t segment_size = 64>
class Fifo {
  public:
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Valid until the element is removed.
    T& operator[](std::size_t index) {
        const std::size_t at = first_ + index;
        return (*segments_[at / segment_size])[at % segment_size];
    }
    T& front() { return (*this)[0]; }

    void push_back(const T& element) {
        if (first_ + size_ == segments_.size() * segment_size)
            segments_.push_back(spare_ ? std::move(spare_) : std::make_unique<Segment>());
        ++size_;
        (*this)[size_ - 1] = element;
    }
    void pop_front() {
        --size_;
        if (++first_ < segment_size)
            return;
        first_ = 0;
        spare_ = std::move(segments_.front());
        segments_.pop_front();
    }

  private:
    using Segment = std::array<T, segment_size>;
    std::deque<std::unique_ptr<Segment>> segments_;
    std::unique_ptr<Segment> spare_;
    std::size_t first_ = 0; // in the first segment
    std::size_t size_ = 0;
};

} // namespace twtrace
