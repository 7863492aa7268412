#include "aggregate/ends.h"

#include <algorithm>

namespace twtrace {

namespace {

void decrement(std::uint64_t& count) {
    count -= std::min<std::uint64_t>(count, 1);
}

void remove_present(Ends& from, Stage stage) {
    decrement(from.present);
    if (stage == Stage::FinWait2)
        decrement(from.fin_wait2);
}

} // namespace

void Ends::add(const Event& event, Ends& from) {
    switch (event.type) {
    case EventType::TimeWait:
        ++present;
        fin_wait2 += event.stage == Stage::FinWait2 ? 1 : 0;
        return;
    case EventType::TimeWaitStart:
        ++started;
        decrement(from.fin_wait2);
        return;
    case EventType::TimeWaitEnd:
        ++ended.at(static_cast<std::size_t>(event.reason));
        remove_present(from, event.stage);
        if (const auto held_us = event.held_us(); held_us) {
            if (event.reason == Reason::ReusedConnect)
                connect_us.add(*held_us);
            if (event.reason == Reason::ReusedSyn)
                syn_us.add(*held_us);
        }
        return;
    case EventType::Aborted: // retracts an entry, which was in FIN_WAIT2
        remove_present(from, Stage::FinWait2);
        return;
    case EventType::PassiveClose:
    case EventType::PortExhausted:
        return;
    }
}

void Ends::add(const Ends& ends) {
    carry(ends);
    started += ends.started;
    for (std::size_t index = 0; index < ended.size(); ++index)
        ended[index] += ends.ended[index];
    connect_us.add(ends.connect_us);
    syn_us.add(ends.syn_us);
}

void Ends::carry(const Ends& before) {
    present += before.present;
    fin_wait2 += before.fin_wait2;
}

} // namespace twtrace
