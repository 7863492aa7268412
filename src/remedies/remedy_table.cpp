#include <array>

#include "remedies/remedies.h"

namespace twtrace {

namespace {

using enum Protocol;

// Rows of one program stand together, the general ones last: the first that fits is taken.
constexpr auto rows = std::to_array<Remedy>({
    {"nginx", Http,
     "# nginx, in the http block (one server line for each backend):\n"
     "upstream keepalive_{port} { server {endpoint}; keepalive 32; keepalive_requests 10000; }\n"
     "# nginx, in each location that passes to it, in place of its proxy_pass, "
     "proxy_http_version and Connection header (then: nginx -t && nginx -s reload):\n"
     "# keep the other proxy_set_header lines and a path behind proxy_pass; without a line for "
     "Host "
     "the backend now gets the upstream's name\n"
     "proxy_pass http://keepalive_{port};\n"
     "proxy_http_version 1.1;\n"
     "proxy_set_header Connection \"\";",
     "nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive"},
    {"nginx", FastCgi,
     "# nginx, in the http block (one server line for each backend):\n"
     "# each connection that is kept occupies a process of the FastCGI server: php-fpm's "
     "pm.max_children must be larger than keepalive times nginx's worker_processes\n"
     "upstream keepalive_{port} { server {endpoint}; keepalive 4; keepalive_requests 10000; }\n"
     "# nginx, in each location that passes to it, in place of its fastcgi_pass and "
     "fastcgi_keep_conn (then: nginx -t && nginx -s reload):\n"
     "fastcgi_pass keepalive_{port};\n"
     "fastcgi_keep_conn on;",
     "nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_keep_conn"},
    {"nginx", Uwsgi,
     "# nginx keeps no connections open with uwsgi_pass: let uWSGI listen with http-socket and "
     "http-keepalive, or on a unix socket, which takes no ports",
     "nginx.org/en/docs/http/ngx_http_uwsgi_module.html"},
    {"nginx", Memcached,
     "# nginx, in the http block:\n"
     "upstream keepalive_{port} { server {endpoint}; keepalive 32; }\n"
     "# nginx, in each location, in place of its memcached_pass (then: nginx -s reload):\n"
     "memcached_pass keepalive_{port};",
     "nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive"},
    {"nginx", Unknown,
     "# nginx: keep connections to {endpoint} open. The protocol is not known here; the directive "
     "that passes to it says what to do:\n"
     "#   proxy_pass: upstream with keepalive; proxy_http_version 1.1; proxy_set_header Connection "
     "\"\"\n"
     "#   fastcgi_pass: upstream with keepalive; fastcgi_keep_conn on\n"
     "#   grpc_pass: upstream with keepalive\n"
     "#   uwsgi_pass, scgi_pass, stream: nginx keeps no connections open; a unix socket takes no "
     "ports",
     "nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive"},
    {"haproxy", Http,
     "# haproxy, in the backend with server {endpoint}:\n"
     "http-reuse safe",
     "docs.haproxy.org/2.6/configuration.html#4-http-reuse"},
    {"haproxy", Unknown,
     "# haproxy: in mode http, `http-reuse safe` in the backend with server {endpoint}; in mode "
     "tcp "
     "each client's connection takes one of its own, and the client has to keep it open",
     "docs.haproxy.org/2.6/configuration.html#4-http-reuse"},
    {"apache2", Http,
     "# Apache httpd: mod_proxy keeps connections to {endpoint} open unless disablereuse=On, "
     "SetEnv "
     "proxy-nokeepalive or SetEnv proxy-initial-not-pooled forbids it: remove these",
     "httpd.apache.org/docs/2.4/mod/mod_proxy.html"},
    {"httpd", Http,
     "# Apache httpd: mod_proxy keeps connections to {endpoint} open unless disablereuse=On, "
     "SetEnv "
     "proxy-nokeepalive or SetEnv proxy-initial-not-pooled forbids it: remove these",
     "httpd.apache.org/docs/2.4/mod/mod_proxy.html"},
    {"apache2", FastCgi,
     "# Apache httpd: enablereuse=on at ProxyPass fcgi://{endpoint}; each connection that is kept "
     "occupies a process of the FastCGI server",
     "httpd.apache.org/docs/2.4/mod/mod_proxy_fcgi.html"},
    {"envoy", Unknown,
     "# Envoy: raise max_requests_per_connection and idle_timeout of the cluster for {endpoint}",
     "www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/protocol.proto"},
    {"varnishd", Unknown,
     "# Varnish: raise backend_idle_timeout above the time between two requests, and the backend's "
     "own keep-alive timeout above that",
     "varnish-cache.org/docs/trunk/reference/varnishd.html"},
    {"traefik", Unknown, "# Traefik: raise serversTransport.maxIdleConnsPerHost for {endpoint}",
     "doc.traefik.io/traefik/routing/overview/"},
    {"docker-proxy", Unknown,
     "# docker-proxy opens a connection for each client's: the client has to keep its own open, or "
     "reach the container without it",
     "docs.docker.com/engine/network/packet-filtering-firewalls/"},
    {"kubelet", Unknown,
     "# kubelet probes open a connection each: raise periodSeconds, or use an exec probe",
     "kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"},
    {"prometheus", Unknown,
     "# Prometheus keeps connections to its targets: {endpoint} closes them, or the target answers "
     "with Connection: close; raise scrape_interval if that cannot be changed",
     "prometheus.io/docs/prometheus/latest/configuration/configuration/"},
    {"ab", Http, "# ab: option -k keeps connections open",
     "httpd.apache.org/docs/2.4/programs/ab.html"},
    {"wrk", Http, "# wrk: remove the header Connection: close", "github.com/wg/wrk"},
    {"redis-benchmark", Redis, "# redis-benchmark: -k 1, the default, keeps connections open",
     "redis.io/docs/latest/operate/oss_and_stack/management/optimization/benchmarks/"},
    {"curl", Http,
     "# curl: one process for many requests (several URLs, or --config) uses one connection",
     "everything.curl.dev/transfers/conn/reuse.html"},
    {"node", Http,
     "# node.js: one agent for all requests, given to each as the option `agent`:\n"
     "const agent = new http.Agent({ keepAlive: true });",
     "nodejs.org/api/http.html#new-agentoptions"},
    {"python", Http,
     "# Python requests: one session for all requests, in place of requests.get():\n"
     "session = requests.Session()",
     "requests.readthedocs.io/en/latest/user/advanced/#session-objects"},
    {"gunicorn", Http,
     "# Python requests: one session for all requests, in place of requests.get():\n"
     "session = requests.Session()",
     "requests.readthedocs.io/en/latest/user/advanced/#session-objects"},
    {"php", Http,
     "# PHP: one curl handle for all requests of a process (curl_reset() between them), in place "
     "of "
     "curl_init() for each",
     "www.php.net/manual/en/function.curl-reset.php"},
    {"ruby", Http, "# Ruby: Net::HTTP.start once for all requests, in place of Net::HTTP.get",
     "docs.ruby-lang.org/en/master/Net/HTTP.html"},
    {"java", Http, "# Java: one HttpClient for all requests, and each response read to its end",
     "docs.oracle.com/en/java/javase/17/docs/api/java.net.http/java/net/http/HttpClient.html"},
    {"dotnet", Http, "# .NET: one HttpClient for all requests, or IHttpClientFactory",
     "learn.microsoft.com/en-us/dotnet/fundamentals/networking/http/httpclient-guidelines"},
    {"php", Redis, "# PHP: pconnect() in place of connect() (phpredis)",
     "github.com/phpredis/phpredis"},
    {"php", Postgres, "# PHP: PDO::ATTR_PERSISTENT, or PgBouncer in front of {endpoint}",
     "www.php.net/manual/en/features.persistent-connections.php"},
    {"php", MySql, "# PHP: PDO::ATTR_PERSISTENT, or a host name with the prefix p: (mysqli)",
     "www.php.net/manual/en/mysqli.persistconns.php"},
    {"", Redis,
     "# {name}: one Redis client, or one connection pool, for the whole process, in place of a "
     "connection for each command to {endpoint}",
     "redis.io/docs/latest/develop/clients/pools-and-muxing/"},
    {"", Postgres,
     "# {name}: a connection pool for {endpoint}: the one of its PostgreSQL client, or PgBouncer",
     "www.pgbouncer.org"},
    {"", MySql,
     "# {name}: a connection pool for {endpoint}: the one of its MySQL client, or ProxySQL",
     "dev.mysql.com/doc/"},
    {"", Memcached, "# {name}: one memcached client for the whole process, to {endpoint}",
     "docs.memcached.org"},
    {"", FastCgi,
     "# {name}: keep FastCGI connections to {endpoint} open (FCGI_KEEP_CONN); each of them "
     "occupies "
     "a process of the FastCGI server",
     "fastcgi-archives.github.io/FastCGI_Specification.html"},
    {"", Http,
     "# {name}: keep connections to {endpoint} open and use them again (HTTP keep-alive, a "
     "connection pool)",
     "RFC 9112, 9.3"},
    {"", Unknown,
     "# {name}: keep connections to {endpoint} open and use them again: HTTP keep-alive if it "
     "speaks "
     "HTTP, else the connection pool of its client library",
     "RFC 9112, 9.3"},
});

} // namespace

std::span<const Remedy> remedy_table() {
    return rows;
}

} // namespace twtrace
