#include "account/accounting.h"

#include <algorithm>

#include <fmt/format.h>

#include "util/counter.h"

namespace twtrace {

namespace {

void explain_unverified(const Accounting::Inputs& inputs, Accounting& result) {
    if (inputs.unverified.ended > 0)
        result.reasons.push_back(
            fmt::format("{} were in network namespaces whose counters could not be read in time",
                        inputs.unverified.ended));
    if (inputs.unverified.not_allowed > 0)
        result.reasons.push_back(
            fmt::format("{} were in network namespaces whose counters twtrace may not read: "
                        "it lacks CAP_SYS_PTRACE, or CAP_SYS_ADMIN for one without processes",
                        inputs.unverified.not_allowed));
    if (inputs.unverified.no_descriptor > 0)
        result.reasons.push_back(fmt::format(
            "{} were in network namespaces for which no file descriptor was left: raise "
            "the limit (ulimit -n, LimitNOFILE=)",
            inputs.unverified.no_descriptor));
    if (inputs.unverified.after_last_sample > 0)
        result.reasons.push_back(fmt::format(
            "{} happened after the counters were last recorded: the recording was cut off",
            inputs.unverified.after_last_sample));
}

void explain(const Accounting::Inputs& inputs, Accounting& result) {
    if (inputs.overflow > 0)
        result.reasons.push_back(
            fmt::format("{} closes found tcp_max_tw_buckets reached and made no time-wait socket",
                        inputs.overflow));
    explain_unverified(inputs, result);
    if (inputs.unwritten > 0)
        result.reasons.push_back(
            fmt::format("{} are not in the recording: the disk was full, or the file is damaged",
                        inputs.unwritten));
    if (inputs.ambiguous > 0)
        result.reasons.push_back(
            fmt::format("{} closes within microseconds of the start or end may fall on either side",
                        inputs.ambiguous));
    if (inputs.counted_at_end && result.unaccounted < 0)
        result.reasons.emplace_back(
            "this kernel counts an entry only when it ends, and not at all if a reset "
            "or a new connection ends it");
    if (inputs.between)
        result.reasons.emplace_back(
            "a close at the moment when the counters were read may be counted "
            "in the interval before or after it");
    if (result.reasons.empty())
        result.reasons.emplace_back("the cause is not known: please report it");
}

} // namespace

Accounting::Inputs Accounting::Inputs::since(const Inputs& earlier) const {
    Inputs inputs;
    inputs.captured = rise(captured, earlier.captured);
    inputs.filtered = rise(filtered, earlier.filtered);
    inputs.lost = rise(lost, earlier.lost);
    inputs.recursion_misses = rise(recursion_misses, earlier.recursion_misses);
    inputs.caught = rise(caught, earlier.caught);
    inputs.overflow = rise(overflow, earlier.overflow);
    inputs.unverified.ended = rise(unverified.ended, earlier.unverified.ended);
    inputs.unverified.not_allowed = rise(unverified.not_allowed, earlier.unverified.not_allowed);
    inputs.unverified.no_descriptor =
        rise(unverified.no_descriptor, earlier.unverified.no_descriptor);
    inputs.unverified.after_last_sample =
        rise(unverified.after_last_sample, earlier.unverified.after_last_sample);
    inputs.unwritten = rise(unwritten, earlier.unwritten);
    inputs.without_closer = rise(without_closer, earlier.without_closer);
    inputs.untracked = rise(untracked, earlier.untracked);
    inputs.ambiguous = rise(ambiguous, earlier.ambiguous);
    if (kernel)
        inputs.kernel = rise(*kernel, earlier.kernel.value_or(0));
    inputs.between = true;
    return inputs;
}

Accounting::Inputs Accounting::Inputs::plus(const Inputs& later) const {
    Inputs sum = later;
    sum.captured += captured;
    sum.filtered += filtered;
    sum.lost += lost;
    sum.recursion_misses += recursion_misses;
    sum.caught += caught;
    sum.overflow += overflow;
    sum.unwritten += unwritten;
    sum.without_closer += without_closer;
    sum.untracked += untracked;
    sum.unverified.ended += unverified.ended;
    sum.unverified.not_allowed += unverified.not_allowed;
    sum.unverified.no_descriptor += unverified.no_descriptor;
    sum.unverified.after_last_sample += unverified.after_last_sample;
    sum.ambiguous += ambiguous;
    if (kernel)
        sum.kernel = *kernel + later.kernel.value_or(0);
    sum.between = between || later.between;
    return sum;
}

Accounting Accounting::of(const Inputs& inputs) {
    Accounting result;
    result.captured = inputs.captured - std::min(inputs.unwritten, inputs.captured);
    result.filtered = inputs.filtered;
    result.lost = inputs.lost + inputs.unwritten;
    result.without_closer = inputs.without_closer;
    result.untracked = inputs.untracked;
    result.kernel = inputs.kernel;
    result.unverified = std::min(inputs.unverified.all(), result.captured + result.lost);
    if (!inputs.kernel) {
        explain_unverified(inputs, result);
        if (result.reasons.empty())
            result.reasons.emplace_back("the kernel's counters could not be read");
        return result;
    }
    // Recursion may skip the tracepoint at any transition: only the gap shows the skipped entries.
    const std::uint64_t seen = result.captured + result.lost - result.unverified;
    const std::uint64_t uncaught =
        inputs.recursion_misses - std::min(inputs.recursion_misses, inputs.caught);
    if (*inputs.kernel > seen)
        result.missed = std::min(uncaught, *inputs.kernel - seen);
    result.unaccounted =
        static_cast<std::int64_t>(*inputs.kernel) - static_cast<std::int64_t>(seen + result.missed);
    result.exact = result.unaccounted == 0 && result.unverified == 0;
    if (!result.exact)
        explain(inputs, result);
    return result;
}

} // namespace twtrace
