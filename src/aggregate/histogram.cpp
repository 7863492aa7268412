#include "aggregate/histogram.h"

#include <algorithm>
#include <cmath>

namespace twtrace {

void Histogram::add_to_sparse(std::size_t index, std::uint64_t times) {
    const auto at = std::lower_bound(
        sparse_.begin(), sparse_.end(), index,
        [](const Bucket& bucket, std::size_t wanted) { return bucket.index < wanted; });
    if (at != sparse_.end() && at->index == index) {
        at->count += times;
        return;
    }
    if (sparse_.size() < max_sparse) {
        sparse_.insert(at, {index, times});
        return;
    }
    dense_.resize(buckets);
    for (const Bucket& bucket : sparse_)
        dense_[bucket.index] = bucket.count;
    sparse_ = {};
    dense_[index] += times;
}

void Histogram::add(const Histogram& other) {
    for (const Bucket& bucket : other.sparse_)
        add_to(bucket.index, bucket.count);
    for (std::size_t index = 0; index < other.dense_.size(); ++index)
        if (other.dense_[index] != 0)
            add_to(index, other.dense_[index]);
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
}

void Histogram::remove(std::uint64_t value) {
    const std::size_t index = index_of(value);
    if (at(index) == 0)
        return;
    add_to(index, ~std::uint64_t{0}); // one less, modulo 2^64
    --count_;
}

std::uint64_t Histogram::at(std::size_t index) const {
    if (!dense_.empty())
        return dense_[index];
    const auto found = std::find_if(sparse_.begin(), sparse_.end(),
                                    [&](const Bucket& bucket) { return bucket.index == index; });
    return found == sparse_.end() ? 0 : found->count;
}

std::optional<std::uint64_t> Histogram::quantile(double share) const {
    if (count_ == 0)
        return std::nullopt;
    const auto rank = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
    std::uint64_t seen = 0;
    for (const Bucket& bucket : sparse_) {
        seen += bucket.count;
        if (seen >= rank)
            return std::min(upper_end(bucket.index), max_);
    }
    for (std::size_t index = 0; index < dense_.size(); ++index) {
        seen += dense_[index];
        if (seen >= rank)
            return std::min(upper_end(index), max_);
    }
    return max_;
}

} // namespace twtrace
