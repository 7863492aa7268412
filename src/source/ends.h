// The extra for hosts that allow fentry: what becomes of time-wait minisocks (bpf/ends.bpf.c).
#pragma once

#include <cstdint>
#include <memory>

#include "twtrace/wire.h"
#include "util/result.h"

namespace twtrace {

/// Nothing if it would work here, else which function of the kernel's can't be traced, and what the
/// kernel says. Attaches a program that does nothing, for a moment; only one, because the kernel
/// waits for a grace period with each.
Result<void> probe_ends();

class EndsSource {
  public:
    /// Of the main object.
    struct Shared {
        int ring;     ///< the records go into it
        int sleeping; ///< its .bss, which begins with reader_sleeps
    };
    /// Loads and attaches. Only the network namespaces of the gate are told about: who closed is
    /// not known elsewhere.
    static Result<EndsSource> open(Shared shared, const twtrace_config& gate);

    EndsSource(EndsSource&&) noexcept;
    EndsSource& operator=(EndsSource&&) noexcept;
    EndsSource(const EndsSource&) = delete;
    EndsSource& operator=(const EndsSource&) = delete;
    ~EndsSource();

    void detach();
    /// Records that found the ring full, and runs that the kernel skipped.
    [[nodiscard]] std::uint64_t lost() const;

  private:
    struct Impl;
    explicit EndsSource(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace twtrace
