#include "remedies/remedies.h"

#include <algorithm>

#include "catch2.h"

using namespace twtrace;

namespace {

constexpr RemedyTarget target{"the-client", "10.0.0.1:9000", 9000};

std::string text_of(std::string_view program, Protocol protocol, Role role = Role::Client) {
    std::string text;
    for (const auto& line : keep_alive_remedy(program, role, protocol, target))
        text += line + "\n";
    return text;
}

bool is_comment(const std::string& line) {
    return line.starts_with("#");
}

} // namespace

TEST_CASE(
    "remedies: the protocol follows from the server, the client, and the port in this order") {
    CHECK(protocol_of("php-fpm8.2", "nginx", 9000) == Protocol::FastCgi);
    CHECK(protocol_of("redis-server", "python3", 80) == Protocol::Redis);
    CHECK(protocol_of("postgres", "", 9000) == Protocol::Postgres);
    CHECK(protocol_of("", "redis-benchmark", 9000) == Protocol::Redis);
    CHECK(protocol_of("", "ab", 9000) == Protocol::Http);
    CHECK(protocol_of("", "abcd", 9000) == Protocol::Unknown);
    CHECK(protocol_of("", "python3", 5432) == Protocol::Postgres);
    CHECK(protocol_of("", "nginx", 80) == Protocol::Http);
    CHECK(protocol_of("", "nginx", 9000) == Protocol::Unknown);
    CHECK(protocol_of("own-server", "python3", 5432) == Protocol::Unknown);
    CHECK(protocol_of("uwsgi", "nginx", 80) == Protocol::Unknown);
    CHECK(protocol_of("nginx", "nginx", 8001) == Protocol::Http);
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{443, 8443})
        CHECK(protocol_of("nginx", "nginx", port) == Protocol::Unknown);
    CHECK(protocol_of("nginx", "nginx", 50051) == Protocol::Grpc);
    CHECK(protocol_of("", "nginx", 50051) == Protocol::Grpc);
}

TEST_CASE("remedies: nginx gets the directives of the protocol that it speaks") {
    CHECK(text_of("nginx", Protocol::FastCgi).find("\nfastcgi_keep_conn on;\n") !=
          std::string::npos);
    CHECK(text_of("nginx", Protocol::FastCgi).find("proxy_pass") == std::string::npos);
    CHECK(text_of("nginx", Protocol::Http).find("\nproxy_pass http://keepalive_9000;\n") !=
          std::string::npos);
    CHECK(text_of("nginx", Protocol::Http).find("{ server 10.0.0.1:9000; keepalive 32;") !=
          std::string::npos);
}

TEST_CASE("remedies: a version may follow a program's name; any other suffix is another program") {
    const auto known = [](std::initializer_list<std::string_view> names) {
        return known_program(std::vector(names));
    };
    CHECK(text_of("python3.11", Protocol::Http).find("requests.Session()") != std::string::npos);
    CHECK(text_of("node_exporter", Protocol::Http) == text_of("nobody-knows", Protocol::Http));
    CHECK(protocol_of("postgres_exporter", "", 9187) == Protocol::Unknown);
    CHECK(protocol_of("gunicorn: maste", "", 9000) == Protocol::Http);
    CHECK(known({"gunicorn", "python3", "app"}) == "gunicorn");
    CHECK(known({"app.py", "python3.11", "app.py"}) == "python3.11");
    CHECK(known({"", "shop", "shop", "shop", "go"}) == "go");
    CHECK(known({"", "shop", "other", "shop", ""}) == "shop");
    CHECK(known({}).empty());
}

TEST_CASE("remedies: a server gets another remedy than a client") {
    CHECK(text_of("nginx", Protocol::Unknown, Role::Server).find("\nkeepalive_timeout 75s;\n") !=
          std::string::npos);
    CHECK(text_of("nginx", Protocol::Http, Role::Server).find("upstream") == std::string::npos);
    CHECK(text_of("php-fpm8.2", Protocol::FastCgi, Role::Server).find("fastcgi_keep_conn on") !=
          std::string::npos);
    CHECK(text_of("nobody-knows", Protocol::Redis, Role::Server).find("the-client: raise its") !=
          std::string::npos);
}

TEST_CASE("remedies: no configuration if the protocol is not known") {
    std::vector<std::string_view> programs{"", "nobody-knows"};
    for (const Remedy& row : remedy_table())
        programs.push_back(row.program);
    for (const auto program : programs) {
        INFO(program);
        const auto lines = keep_alive_remedy(program, Role::Client, Protocol::Unknown, target);
        REQUIRE_FALSE(lines.empty());
        CHECK(std::all_of(lines.begin(), lines.end(), is_comment));
    }
}

TEST_CASE("remedies: no HTTP advice where another protocol is spoken") {
    for (const auto program :
         {"python3", "node", "java", "php", "php-fpm8.2", "go", "nginx", "haproxy", "curl"})
        for (const auto protocol : {Protocol::Redis, Protocol::Postgres, Protocol::MySql}) {
            INFO(program);
            const std::string text = text_of(program, protocol);
            CHECK(text.find("HTTP") == std::string::npos);
            CHECK(text.find("http") == std::string::npos);
            CHECK(text.find("requests") == std::string::npos);
        }
}

TEST_CASE("remedies: a program that only forwards a database's protocol has no client to change") {
    for (const auto program : {"nginx", "haproxy", "envoy", "traefik", "docker-proxy"})
        for (const auto protocol : {Protocol::Redis, Protocol::Postgres, Protocol::MySql}) {
            const std::string text = text_of(program, protocol);
            INFO(text);
            CHECK(text.find("pool") == std::string::npos);
            CHECK(text.find("one Redis client") == std::string::npos);
            CHECK(text.find("client has to keep") != std::string::npos);
        }
    CHECK(text_of("kubelet", Protocol::Redis).find("periodSeconds") != std::string::npos);
    CHECK(text_of("nginx", Protocol::Memcached).find("memcached_pass") != std::string::npos);
    CHECK(text_of("nginx", Protocol::FastCgi).find("(stream)") == std::string::npos);
    CHECK(text_of("pgbouncer", Protocol::Postgres).find("server_lifetime") != std::string::npos);
}

TEST_CASE("remedies: every row has lines without placeholders, and a source") {
    for (const Remedy& row : remedy_table()) {
        INFO(row.program);
        CHECK_FALSE(row.source.empty());
        for (const auto& line : keep_alive_remedy(row.program, row.role, row.protocol, target)) {
            CHECK_FALSE(line.empty());
            for (const char* place : {"{endpoint}", "{port}", "{name}"})
                CHECK(line.find(place) == std::string::npos);
        }
    }
}
