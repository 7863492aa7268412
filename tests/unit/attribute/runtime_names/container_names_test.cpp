#include "attribute/runtime_names/container_names.h"

#include "catch2.h"

using namespace twtrace;

TEST_CASE("a pod's workload is its name without generated suffixes", "[runtimes]") {
    struct Row {
        const char* kind;
        const char* pod;
        const char* workload;
    };
    for (const Row& row :
         {Row{"Deployment", "checkout-7d9f8c6b5-x2x4z", "checkout"},
          Row{"Deployment", "coredns-5d78c9869d-bcd47", "coredns"},
          Row{"Deployment with dashes", "metrics-server-v2-6d94bc8694-zlcqk", "metrics-server-v2"},
          Row{"DaemonSet", "kube-proxy-x7kbn", "kube-proxy"},
          Row{"StatefulSet", "postgres-0", "postgres"}, Row{"StatefulSet", "kafka-12", "kafka"},
          Row{"CronJob", "backup-28310400-cv4vd", "backup"}, Row{"Job", "migrate-zw9rk", "migrate"},
          Row{"bare pod", "web", "web"}, Row{"bare pod", "my-proxy", "my-proxy"},
          Row{"bare pod", "web-frontend", "web-frontend"}, Row{"odd", "-x2x4z", "-x2x4z"},
          Row{"odd", "-", "-"}, Row{"odd", "", ""}}) {
        INFO(row.kind << ": " << row.pod);
        CHECK(workload_of(row.pod) == row.workload);
    }
    CHECK(workload_of("etcd-node-1.example", "node-1.example") == "etcd");
    CHECK(workload_of("node-1", "node-1") == "node");
}

TEST_CASE("the service name of a container", "[runtimes]") {
    const auto service = [](const char* container, const char* pod, const char* space,
                            const char* workload) {
        return ContainerNames{container, pod, space, workload}.service();
    };
    CHECK(service("api", "checkout-7d9f8c6b5-x2x4z", "shop", "checkout") == "shop/checkout (api)");
    CHECK(service("checkout", "checkout-0", "shop", "checkout") == "shop/checkout");
    CHECK(service("", "checkout-0", "shop", "checkout") == "shop/checkout");
    CHECK(service("web-proxy-1", "", "", "web/proxy") == "web/proxy");
    CHECK(service("cache", "", "", "") == "cache");
}

TEST_CASE("names of containers have only letters, digits and three other characters",
          "[runtimes]") {
    CHECK(is_container_name("web-proxy_1.A"));
    CHECK(is_container_name(std::string(253, 'a')));
    for (const std::string& text :
         {std::string(), std::string(254, 'a'), std::string("a b"), std::string("a/b"),
          std::string("a\n"), std::string("\x1b[2J"), std::string("\xff"), std::string("a\0b", 3)})
        CHECK_FALSE(is_container_name(text));
}
