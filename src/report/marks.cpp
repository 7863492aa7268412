#include "report/marks.h"

namespace twtrace {

Marks::Key Marks::key_of(const doctor::Finding& finding) {
    return {std::string(finding.id), finding.netns, finding.service, finding.remote,
            finding.service_port};
}

void Marks::add(const Span& slice, const doctor::Findings& findings) {
    for (const doctor::Finding& finding : findings) {
        const Key key = key_of(finding);
        if (spans_.size() >= max_findings && !spans_.contains(key))
            continue;
        std::vector<Span>& spans = spans_[key];
        if (!spans.empty() && spans.back().to_s >= slice.from_s)
            spans.back().to_s = slice.to_s;
        else
            spans.push_back(slice);
    }
    if (++slices_ == slices_of_a_width) {
        slices_ = 0;
        slice_s_ *= 2;
    }
}

std::vector<Marks::Span> Marks::of(const doctor::Finding& finding) const {
    const auto found = spans_.find(key_of(finding));
    return found == spans_.end() ? std::vector<Span>{} : found->second;
}

} // namespace twtrace
