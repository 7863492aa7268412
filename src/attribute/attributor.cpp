#include "attribute/attributor.h"

namespace twtrace {

void Attributor::attribute(Event& event) {
    owner_.service = event.task.comm();
    event.owner = &owner_;
}

} // namespace twtrace
