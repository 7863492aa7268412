// Runs the doctor for each slice of a span, to find out since when a finding applies.
#pragma once

#include <map>
#include <memory>

#include "account/namespace_views.h"
#include "aggregate/ports_held.h"
#include "doctor/observer.h"
#include "report/marks.h"

namespace twtrace {

class SliceDoctor {
  public:
    void add(const Event& event, std::uint64_t times) { observer_->add(event, times); }
    /// now_s: since the start. True: the slice is long enough to be judged.
    [[nodiscard]] bool is_due(double now_s) const { return now_s - begin_s_ >= marks_.slice_s(); }
    /// Ends the slice and begins the next. held: the ports held now.
    void judge(double now_s, NamespaceViews& namespaces, const PortsHeld& held);
    /// Judges the rest of the span, if it is long enough.
    void finish(double end_s, NamespaceViews& namespaces, const PortsHeld& held);
    [[nodiscard]] const Marks& marks() const { return marks_; }

  private:
    void fill_ports(doctor::Observations& seen, const PortsHeld& held);

    std::unique_ptr<doctor::Observer> observer_ = std::make_unique<doctor::Observer>();
    double begin_s_ = 0;
    std::map<HeldKey, PortCount> before_;
    Marks marks_;
};

} // namespace twtrace
