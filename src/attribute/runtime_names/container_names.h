// The names that people give a container: what its runtime and the kubelet keep of them.
#pragma once

#include <string>
#include <string_view>

namespace twtrace {

/// Empty: there is none, or it is not known.
struct ContainerNames {
    std::string container_name; ///< docker's, podman's; of a pod: the container's name in it
    std::string pod;
    std::string pod_namespace;
    std::string workload; ///< of a pod: its name without generated ends; compose: PROJECT/SERVICE

    bool operator==(const ContainerNames&) const = default;
    [[nodiscard]] bool known() const { return !container_name.empty() || !pod.empty(); }
    /// "shop/checkout", "shop/checkout (proxy)", "web/proxy", "cache": what `service` becomes.
    [[nodiscard]] std::string service() const;
};

/// What names are made of everywhere: letters, digits, "_.-", 253 bytes at most. Other text is
/// taken for no name.
bool is_container_name(std::string_view text);

/// "checkout-7d9f8c6b5-x2x4z" -> "checkout": without the ends that controllers generate. `node` is
/// the host's name, which the kubelet puts behind the name of a static pod; empty: no static pod.
std::string workload_of(std::string_view pod, std::string_view node = {});

} // namespace twtrace
