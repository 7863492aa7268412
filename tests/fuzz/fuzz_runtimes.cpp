// Files of container runtimes, some of which users may write; arguments of processes;
// /proc/PID/net.
#include <string>

#include "attribute/net_text.h"
#include "attribute/program_name.h"
#include "attribute/runtime_names/readers.h"
#include "fuzz.h"
#include "model/loopback.h"

namespace {

using namespace twtrace;
using namespace twtrace::fuzz;

void check(const ContainerNames& names) {
    for (const std::string* name : {&names.container_name, &names.pod, &names.pod_namespace})
        require(name->empty() || is_container_name(*name));
    require(names.workload.size() <= 2 * 253 + 1);
    require(workload_of(names.pod).size() <= names.pod.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    ContainerNames names;
    read_docker_config(text, names);
    check(names);
    read_bundle(text, names);
    check(names);
    read_storage_list(text, "5492f82b3be23ab5bdc3035da182a31847aeb8d304fee3a85438c833911f42b7",
                      names);
    check(names);
    for (const char* program : {"/usr/bin/python3", "/usr/bin/java", "/bin/sh", "/bin/true"})
        require(program_of(program, text).size() <= 256);
    TcpSocket listener;
    (void)parse_listener(text, listener);
    for (const Address& address : parse_fib_trie(text))
        require(!is_loopback(address));
    (void)parse_if_inet6(text);
    return 0;
}
