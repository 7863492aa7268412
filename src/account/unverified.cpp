#include "account/unverified.h"

namespace twtrace {

void Unverified::add(Unreadable why, std::uint64_t events) {
    switch (why) {
    case Unreadable::Ended:
        ended += events;
        break;
    case Unreadable::NotAllowed:
        not_allowed += events;
        break;
    case Unreadable::NoDescriptor:
        no_descriptor += events;
        break;
    }
}

} // namespace twtrace
