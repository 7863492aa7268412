#include <array>

#include "remedies/remedies.h"

namespace twtrace {

namespace {

using enum Protocol;
using Role::Client;
using Role::Server;

constexpr std::string_view httpd_proxy =
    "# Apache httpd, above its ProxyPass, RewriteRule [P] or SetHandler lines (then: apachectl "
    "graceful); remove SetEnv proxy-nokeepalive and proxy-initial-not-pooled:\n"
    "<Proxy \"http://{endpoint}\">\n"
    "ProxySet enablereuse=on\n"
    "</Proxy>";
constexpr std::string_view httpd_fcgi =
    "# Apache httpd: each connection that is kept occupies a process of the FastCGI server: "
    "php-fpm's pm.max_children must be larger than what all processes of httpd keep\n"
    "# Apache httpd, above its ProxyPass or SetHandler lines (then: apachectl graceful):\n"
    "<Proxy \"fcgi://{endpoint}\">\n"
    "ProxySet enablereuse=on\n"
    "</Proxy>";
constexpr std::string_view httpd_keepalive =
    "# Apache, in place of existing lines of these directives:\n"
    "# under mpm_prefork and mpm_worker each connection that is kept occupies a worker: "
    "MaxRequestWorkers must be larger than new connections per second times KeepAliveTimeout (5 s "
    "by default; a longer one keeps more)\n"
    "KeepAlive On\n"
    "MaxKeepAliveRequests 10000";
constexpr std::string_view node_agent =
    "# node.js: one agent for all requests, given to each as the option `agent`:\n"
    "const agent = new http.Agent({ keepAlive: true });";
constexpr std::string_view python_session =
    "# Python requests: one session for all requests, session.get() in place of requests.get(); "
    "urllib.request cannot keep connections:\n"
    "session = requests.Session()";

// Rows of one program are adjacent, the general ones last: the first match is used.
constexpr auto rows = std::to_array<Remedy>({
    {"nginx", Client, Http,
     "# nginx, in the http block (one server line for each backend):\n"
     "upstream keepalive_{port} { server {endpoint}; keepalive 32; keepalive_requests 10000; }\n"
     "# nginx, in each location with proxy_pass to it, in place of its proxy_pass, "
     "proxy_http_version and Connection header (then: nginx -t && nginx -s reload):\n"
     "# keep the other proxy_set_header lines and a path behind proxy_pass. A location with such a "
     "line inherits none: copy those of its server and http blocks into it. Without one for Host "
     "the backend now gets the upstream's name\n"
     "# if it has https://: proxy_pass https://keepalive_{port}; and proxy_ssl_name with the name "
     "that it had\n"
     "proxy_pass http://keepalive_{port};\n"
     "proxy_http_version 1.1;\n"
     "proxy_set_header Connection \"\";\n"
     "# a location with grpc_pass gets only this: grpc_pass grpc://keepalive_{port};",
     "nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive"},
    {"nginx", Client, Grpc,
     "# nginx, in the http block (one server line for each backend):\n"
     "upstream keepalive_{port} { server {endpoint}; keepalive 32; keepalive_requests 10000; }\n"
     "# nginx, in each location with grpc_pass to it, in place of its grpc_pass (grpcs:// where it "
     "has grpcs://; then: nginx -t && nginx -s reload):\n"
     "grpc_pass grpc://keepalive_{port};",
     "nginx.org/en/docs/http/ngx_http_grpc_module.html"},
    {"nginx", Client, FastCgi,
     "# nginx, in the http block (one server line for each backend):\n"
     "# each connection that is kept occupies a process of the FastCGI server: php-fpm's "
     "pm.max_children must be larger than keepalive times nginx's worker_processes\n"
     "upstream keepalive_{port} { server {endpoint}; keepalive 4; keepalive_requests 10000; }\n"
     "# nginx, in each location with fastcgi_pass to it, in place of its fastcgi_pass and "
     "fastcgi_keep_conn (then: nginx -t && nginx -s reload):\n"
     "fastcgi_pass keepalive_{port};\n"
     "fastcgi_keep_conn on;",
     "nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_keep_conn"},
    {"nginx", Client, Memcached,
     "# nginx, in the http block:\n"
     "upstream keepalive_{port} { server {endpoint}; keepalive 32; }\n"
     "# nginx, in each location with memcached_pass to it, in place of its memcached_pass "
     "(then: nginx -t && nginx -s reload):\n"
     "memcached_pass keepalive_{port};",
     "nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive"},
    {"nginx", Client, Unknown,
     "# nginx: keep connections to {endpoint} open. The protocol is not known; it depends on the "
     "directive that passes to it:\n"
     "#   proxy_pass: upstream with keepalive; proxy_http_version 1.1; proxy_set_header Connection "
     "\"\"\n"
     "#   fastcgi_pass: upstream with keepalive; fastcgi_keep_conn on\n"
     "#   grpc_pass: upstream with keepalive\n"
     "#   uwsgi_pass, scgi_pass: nginx keeps no connections open; a unix socket takes no ports "
     "(uWSGI, in place of it: http-socket and http-keepalive, with proxy_pass)\n"
     "#   proxy_pass in a stream block: each client's connection takes one of its own, and the "
     "client has to keep it open",
     "nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive"},
    {"nginx", Client, Forwarded,
     "# nginx (stream): each client's connection takes one of its own to {endpoint}, and the "
     "client has to keep it open",
     "nginx.org/en/docs/stream/ngx_stream_proxy_module.html"},
    {"haproxy", Client, Http,
     "# haproxy, in the backend with server {endpoint}, in place of its http-reuse; remove option "
     "httpclose and http-server-close, also from defaults and frontend:\n"
     "# (`safe`, the default, opens a connection for each new client. The server may close an idle "
     "one just as it is used: hence the retry, but not of a POST; haproxy 2.0)\n"
     "http-reuse always\n"
     "retry-on conn-failure empty-response\n"
     "http-request disable-l7-retry if METH_POST",
     "docs.haproxy.org/2.6/configuration.html#4-http-reuse"},
    {"haproxy", Client, Unknown,
     "# haproxy: in mode http, `http-reuse always` in the backend with server {endpoint}, and "
     "neither option httpclose nor http-server-close; in mode tcp each client's connection takes "
     "one of its own, and the client has to keep it open",
     "docs.haproxy.org/2.6/configuration.html#4-http-reuse"},
    {"haproxy", Client, Forwarded,
     "# haproxy (mode tcp): each client's connection takes one of its own to {endpoint}, and the "
     "client has to keep it open",
     "docs.haproxy.org/2.6/configuration.html#4-mode"},
    {"apache2", Client, Http, httpd_proxy, "httpd.apache.org/docs/2.4/mod/mod_proxy.html"},
    {"httpd", Client, Http, httpd_proxy, "httpd.apache.org/docs/2.4/mod/mod_proxy.html"},
    {"apache2", Client, FastCgi, httpd_fcgi, "httpd.apache.org/docs/2.4/mod/mod_proxy_fcgi.html"},
    {"httpd", Client, FastCgi, httpd_fcgi, "httpd.apache.org/docs/2.4/mod/mod_proxy_fcgi.html"},
    {"envoy", Client, Unknown,
     "# Envoy: raise max_requests_per_connection and idle_timeout of the cluster for {endpoint}",
     "www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/protocol.proto"},
    {"envoy", Client, Forwarded,
     "# Envoy (TCP proxy): each client's connection takes one of its own to {endpoint}, and the "
     "client has to keep it open; the filters for Redis share connections",
     "www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/listeners/tcp_proxy"},
    {"varnishd", Client, Unknown,
     "# Varnish: raise backend_idle_timeout above the time between two requests, and the backend's "
     "own keep-alive timeout above that",
     "varnish-cache.org/docs/trunk/reference/varnishd.html"},
    {"traefik", Client, Unknown,
     "# Traefik: raise serversTransport.maxIdleConnsPerHost for {endpoint}",
     "doc.traefik.io/traefik/routing/overview/"},
    {"traefik", Client, Forwarded,
     "# Traefik (TCP router): each client's connection takes one of its own to {endpoint}, and the "
     "client has to keep it open",
     "doc.traefik.io/traefik/routing/routers/"},
    {"docker-proxy", Client, Forwarded,
     "# docker-proxy opens one connection for each of its clients: the client has to keep its own "
     "open, or reach the container without docker-proxy",
     "docs.docker.com/engine/network/packet-filtering-firewalls/"},
    {"kubelet", Client, Forwarded,
     "# kubelet probes open a connection each: raise periodSeconds, or use an exec probe",
     "kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"},
    {"pgbouncer", Client, Postgres,
     "# PgBouncer: raise server_idle_timeout and server_lifetime (600 s and 3,600 s by "
     "default)",
     "www.pgbouncer.org/config.html"},
    {"prometheus", Client, Unknown,
     "# Prometheus keeps connections to its targets: {endpoint} closes them, or the target answers "
     "with Connection: close; raise scrape_interval if that cannot be changed",
     "prometheus.io/docs/prometheus/latest/configuration/configuration/"},
    {"ab", Client, Http, "# ab: option -k keeps connections open",
     "httpd.apache.org/docs/2.4/programs/ab.html"},
    {"wrk", Client, Http, "# wrk: remove the header Connection: close", "github.com/wg/wrk"},
    {"redis-benchmark", Client, Redis,
     "# redis-benchmark: -k 1, the default, keeps connections open",
     "redis.io/docs/latest/operate/oss_and_stack/management/optimization/benchmarks/"},
    {"curl", Client, Http,
     "# curl: one process for many requests (several URLs, or --config) uses one connection",
     "everything.curl.dev/transfers/conn/reuse.html"},
    {"node", Client, Http, node_agent, "nodejs.org/api/http.html#new-agentoptions"},
    {"nodejs", Client, Http, node_agent, "nodejs.org/api/http.html#new-agentoptions"},
    {"python", Client, Http, python_session,
     "requests.readthedocs.io/en/latest/user/advanced/#session-objects"},
    {"gunicorn", Client, Http, python_session,
     "requests.readthedocs.io/en/latest/user/advanced/#session-objects"},
    {"php", Client, Http,
     "# PHP: one curl handle for all requests of a process, by kept_handle() in place of "
     "curl_init(), and no curl_close(); file_get_contents() cannot keep connections:\n"
     "function kept_handle($url = null) {\n"
     "    static $handle = null;\n"
     "    if ($handle === null) $handle = curl_init(); else curl_reset($handle);\n"
     "    if ($url !== null) curl_setopt($handle, CURLOPT_URL, $url);\n"
     "    return $handle;\n"
     "}",
     "www.php.net/manual/en/function.curl-reset.php"},
    {"php-fpm", Client, Http,
     "# PHP-FPM ends a curl handle and its connections with each request: one handle for all "
     "calls of a request (curl_reset() between them)\n"
     "# beyond that, a local proxy that keeps connections to {endpoint} open and listens on a unix "
     "socket (nginx: upstream with keepalive; PHP: CURLOPT_UNIX_SOCKET_PATH)",
     "www.php.net/manual/en/function.curl-reset.php"},
    {"go", Client, Http,
     "# Go: one http.Client for all requests, and each response body read to its end and closed; "
     "by default only two idle connections are kept to a host:\n"
     "transport := http.DefaultTransport.(*http.Transport).Clone()\n"
     "transport.MaxIdleConnsPerHost = 100\n"
     "client := &http.Client{Transport: transport}",
     "pkg.go.dev/net/http#Transport"},
    {"go", Client, Unknown,
     "# Go: if it speaks HTTP to {endpoint}: one http.Client for all requests, each response body "
     "read to its end and closed, and MaxIdleConnsPerHost of its Transport not at 2, the default; "
     "for a database one sql.DB, and SetMaxIdleConns() not at 2, the default",
     "pkg.go.dev/net/http#Transport, pkg.go.dev/database/sql#DB.SetMaxIdleConns"},
    {"ruby", Client, Http,
     "# Ruby: Net::HTTP.start once for all requests, in place of Net::HTTP.get",
     "docs.ruby-lang.org/en/master/Net/HTTP.html"},
    {"java", Client, Http,
     "# Java: one HttpClient for all requests, and each response read to its end",
     "docs.oracle.com/en/java/javase/17/docs/api/java.net.http/java/net/http/HttpClient.html"},
    {"dotnet", Client, Http, "# .NET: one HttpClient for all requests, or IHttpClientFactory",
     "learn.microsoft.com/en-us/dotnet/fundamentals/networking/http/httpclient-guidelines"},
    {"php", Client, Redis, "# PHP: pconnect() in place of connect() (phpredis)",
     "github.com/phpredis/phpredis"},
    {"php-fpm", Client, Redis, "# PHP: pconnect() in place of connect() (phpredis)",
     "github.com/phpredis/phpredis"},
    {"php", Client, Postgres,
     "# PHP: PDO::ATTR_PERSISTENT (each process keeps a connection: max_connections of the "
     "database must allow it), or PgBouncer in front of {endpoint}",
     "www.php.net/manual/en/features.persistent-connections.php"},
    {"php-fpm", Client, Postgres,
     "# PHP: PDO::ATTR_PERSISTENT (each process keeps a connection: max_connections of the "
     "database must allow it), or PgBouncer in front of {endpoint}",
     "www.php.net/manual/en/features.persistent-connections.php"},
    {"php", Client, MySql,
     "# PHP: PDO::ATTR_PERSISTENT, or a host name with the prefix p: (mysqli); each process keeps "
     "a "
     "connection: max_connections of the database must allow it",
     "www.php.net/manual/en/mysqli.persistconns.php"},
    {"php-fpm", Client, MySql,
     "# PHP: PDO::ATTR_PERSISTENT, or a host name with the prefix p: (mysqli); each process keeps "
     "a "
     "connection: max_connections of the database must allow it",
     "www.php.net/manual/en/mysqli.persistconns.php"},
    {"", Client, Redis,
     "# {name}: one Redis client, or one connection pool, for the whole process, in place of a "
     "connection for each command to {endpoint}",
     "redis.io/docs/latest/develop/clients/pools-and-muxing/"},
    {"", Client, Postgres,
     "# {name}: a connection pool for {endpoint}: the one of its PostgreSQL client, or PgBouncer",
     "www.pgbouncer.org"},
    {"", Client, MySql,
     "# {name}: a connection pool for {endpoint}: the one of its MySQL client, or ProxySQL",
     "dev.mysql.com/doc/"},
    {"", Client, Memcached, "# {name}: one memcached client for the whole process, to {endpoint}",
     "docs.memcached.org"},
    {"", Client, FastCgi,
     "# {name}: keep FastCGI connections to {endpoint} open (FCGI_KEEP_CONN); each of them "
     "occupies "
     "a process of the FastCGI server",
     "fastcgi-archives.github.io/FastCGI_Specification.html"},
    {"", Client, Grpc,
     "# {name}: one gRPC channel to {endpoint} for the whole process, in place of one for each "
     "call",
     "grpc.io/docs/guides/performance/"},
    {"", Client, Http,
     "# {name}: keep connections to {endpoint} open and use them again (HTTP keep-alive, a "
     "connection pool)",
     "RFC 9112, 9.3"},
    {"", Client, Unknown,
     "# {name}: keep connections to {endpoint} open and use them again: HTTP keep-alive if it "
     "speaks "
     "HTTP, else the connection pool of its client library",
     "RFC 9112, 9.3"},
    {"nginx", Server, Unknown,
     "# nginx, in the http block, in place of existing lines of these directives, if it is nginx "
     "that "
     "ends connections (then: nginx -t && nginx -s reload):\n"
     "keepalive_timeout 75s;\n"
     "keepalive_requests 10000;",
     "nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_timeout"},
    {"apache2", Server, Unknown, httpd_keepalive,
     "httpd.apache.org/docs/2.4/mod/core.html#keepalive"},
    {"httpd", Server, Unknown, httpd_keepalive,
     "httpd.apache.org/docs/2.4/mod/core.html#keepalive"},
    {"haproxy", Server, Unknown,
     "# haproxy: raise timeout http-keep-alive (without it timeout http-request applies), and "
     "remove "
     "option httpclose from the frontend of port {port}",
     "docs.haproxy.org/2.6/configuration.html#4-timeout%20http-keep-alive"},
    {"varnishd", Server, Unknown, "# Varnish: raise timeout_idle (5 s by default)",
     "varnish-cache.org/docs/trunk/reference/varnishd.html"},
    {"envoy", Server, Unknown,
     "# Envoy: raise idle_timeout and max_requests_per_connection of the listener's HTTP "
     "connection manager",
     "www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/protocol.proto"},
    {"traefik", Server, Unknown,
     "# Traefik: raise respondingTimeouts.idleTimeout and keepAliveMaxRequests of the entry point",
     "doc.traefik.io/traefik/routing/entrypoints/"},
    {"gunicorn", Server, Unknown,
     "# gunicorn: --worker-class gthread --keep-alive 75; the sync worker, the default, closes "
     "after each response",
     "docs.gunicorn.org/en/stable/settings.html#keepalive"},
    {"node", Server, Unknown, "# node.js: raise server.keepAliveTimeout (5 s by default)",
     "nodejs.org/api/http.html#serverkeepalivetimeout"},
    {"go", Server, Unknown,
     "# Go: raise IdleTimeout of its http.Server (ReadTimeout applies if it is 0), and remove "
     "SetKeepAlivesEnabled(false)",
     "pkg.go.dev/net/http#Server"},
    {"php-fpm", Server, Unknown,
     "# php-fpm closes unless the web server asks it not to (nginx: fastcgi_keep_conn on; Apache "
     "httpd: enablereuse=on); each connection that is kept occupies one of its processes",
     "nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_keep_conn"},
    {"redis-server", Server, Unknown, "# Redis: raise timeout, or set it to 0, the default",
     "redis.io/docs/latest/develop/reference/clients/"},
    {"mysqld", Server, Unknown, "# MySQL: raise wait_timeout",
     "dev.mysql.com/doc/refman/8.0/en/server-system-variables.html"},
    {"mariadbd", Server, Unknown, "# MariaDB: raise wait_timeout",
     "mariadb.com/docs/server/server-management/variables-and-modes/server-system-variables"},
    {"postgres", Server, Unknown,
     "# PostgreSQL: raise idle_session_timeout, or set it to 0, the default",
     "www.postgresql.org/docs/current/runtime-config-client.html"},
    {"memcached", Server, Unknown, "# memcached: raise -o idle_timeout", "docs.memcached.org"},
    {"", Server, Unknown,
     "# {name}: raise its keep-alive timeout and its limit of requests per connection, or stop the "
     "clients from sending `Connection: close`",
     "RFC 9112, 9.3"},
});

} // namespace

std::span<const Remedy> remedy_table() {
    return rows;
}

} // namespace twtrace
