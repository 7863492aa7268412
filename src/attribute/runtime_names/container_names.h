// The names that people give a container, as its runtime and the kubelet record them.
#pragma once

#include <string>
#include <string_view>

namespace twtrace {

/// Empty: there is none, or it is not known.
struct ContainerNames {
    std::string container_name; ///< docker's or podman's name; in a pod: the container's name in it
    std::string pod;
    std::string pod_namespace;
    /// In a pod: its name without generated suffixes; compose: PROJECT/SERVICE.
    std::string workload;

    bool operator==(const ContainerNames&) const = default;
    [[nodiscard]] bool known() const { return !container_name.empty() || !pod.empty(); }
    /// "shop/checkout", "shop/checkout (proxy)", "web/proxy", "cache": the value of `service`.
    [[nodiscard]] std::string service() const;
};

/// The characters that all runtimes allow: letters, digits, "_.-", at most 253 bytes. Other text is
/// not taken as a name.
bool is_container_name(std::string_view text);

/// "checkout-7d9f8c6b5-x2x4z" -> "checkout": removes the suffixes that controllers generate. `node`
/// is the host's name, which the kubelet appends to the name of a static pod; empty: not a static
/// pod.
std::string workload_of(std::string_view pod, std::string_view node = {});

} // namespace twtrace
