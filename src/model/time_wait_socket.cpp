#include "model/time_wait_socket.h"

namespace twtrace {

std::string_view name_of(OwnerSource source) {
    switch (source) {
    case OwnerSource::Inferred:
        return "inferred";
    case OwnerSource::Seen:
        return "seen";
    case OwnerSource::None:
        break;
    }
    return {};
}

} // namespace twtrace
