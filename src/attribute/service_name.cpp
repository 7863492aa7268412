#include "attribute/service_name.h"

#include "attribute/unit_name.h"

namespace twtrace {

std::string pick_service(std::string_view unit, std::string_view container, std::string_view comm,
                         bool unit_in_container) {
    if (names_a_service(unit)) {
        if (!unit_in_container || container.empty())
            return std::string(unit);
        std::string inner(container);
        return inner.append("/").append(unit);
    }
    return std::string(container.empty() ? comm : container);
}

std::string pick_service(const CgroupName& name, std::string_view comm,
                         const ContainerNames* names) {
    std::string container = names != nullptr ? names->service() : name.container;
    if (names != nullptr && !name.container_holder.empty())
        container = name.container_holder + "/" + container;
    std::string service = pick_service(name.unit, container, comm, name.unit_in_container);
    if (service == name.unit && !name.holder.empty())
        return name.full_unit();
    return service;
}

} // namespace twtrace
