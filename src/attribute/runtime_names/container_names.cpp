#include "attribute/runtime_names/container_names.h"

#include <algorithm>

namespace twtrace {

namespace {

using std::string_view;

constexpr std::size_t max_name_bytes = 253; // of a pod (RFC 1123 subdomain)

// The alphabet of apimachinery's SafeEncodeString() and rand.String(): no vowels, no lookalikes.
constexpr string_view generated_characters = "bcdfghjklmnpqrstvwxz2456789";
constexpr string_view digits = "0123456789";

// Whether the part after the last '-' has such a length and only these characters.
bool ends_with_part(string_view name, std::size_t min, std::size_t max, string_view characters) {
    const std::size_t dash = name.rfind('-');
    if (dash == string_view::npos || dash == 0)
        return false;
    const string_view part = name.substr(dash + 1);
    return part.size() >= min && part.size() <= max &&
           part.find_first_not_of(characters) == string_view::npos;
}

string_view without_part(string_view name) {
    return name.substr(0, name.rfind('-'));
}

} // namespace

std::string workload_of(string_view pod, string_view node) {
    if (!node.empty() && pod.size() > node.size() + 1 && pod.ends_with(node) &&
        pod[pod.size() - node.size() - 1] == '-')
        return std::string(pod.substr(0, pod.size() - node.size() - 1));
    if (ends_with_part(pod, 5, 5, generated_characters)) {
        const string_view owner = without_part(pod);
        if (ends_with_part(owner, 8, 10, digits)) // CronJob: minutes since 1970
            return std::string(without_part(owner));
        if (ends_with_part(owner, 6, 10, generated_characters)) // Deployment: pod-template-hash
            return std::string(without_part(owner));
        return std::string(owner); // DaemonSet, ReplicaSet, Job
    }
    if (ends_with_part(pod, 1, 5, digits)) // StatefulSet
        return std::string(without_part(pod));
    return std::string(pod);
}

bool is_container_name(string_view text) {
    return !text.empty() && text.size() <= max_name_bytes &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
           });
}

std::string ContainerNames::service() const {
    if (pod.empty())
        return workload.empty() ? container_name : workload;
    std::string text = pod_namespace;
    if (!text.empty())
        text += '/';
    text += workload;
    // A pod may have several containers.
    if (!container_name.empty() && container_name != workload)
        text.append(" (").append(container_name).append(")");
    return text;
}

} // namespace twtrace
