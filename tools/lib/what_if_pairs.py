"""Pairs of runs of real programs, without and with a remedy that `twtrace what-if` predicts, for tools/prove-what-if and
for the live tests."""
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

PORT = 8001
CLIENTS = 8


class Missing(Exception):
    """A missing program."""


class Paths:
    """The paths of programs: unpacked by tools/lib/nginx.sh and tools/lib/services.sh, or installed."""

    def __init__(self, twtrace, nginx, services):
        self.twtrace, self.services = twtrace, Path(services)
        self.nginx_path = nginx

    def command(self, name, *places):
        """The command that starts it; an unpacked program needs its unpacked libraries."""
        for place in places or (f"usr/bin/{name}", f"usr/sbin/{name}"):
            for path in sorted(self.services.glob(place)):
                libraries = ":".join(str(one) for one in self.services.glob("usr/lib/*-linux-gnu"))
                return ["env", f"LD_LIBRARY_PATH={libraries}", str(path)]
        found = subprocess.run(["sh", "-c", f"command -v {name}"], capture_output=True, text=True).stdout.strip()
        if not found:
            raise Missing(name)
        return [found]

    def nginx(self):
        return [str(self.nginx_path)] if Path(self.nginx_path).exists() else self.command("nginx")


class Namespace:
    """A network namespace that lives as long as its first process."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 3600"],
                                       stdout=subprocess.PIPE, text=True)
        self.holder.stdout.readline()
        self.path = f"/proc/{self.holder.pid}/ns/net"
        self.inside = ["nsenter", f"--net={self.path}"]

    def run(self, *command, **options):
        return subprocess.run([*self.inside, *command], check=True, **options)

    def set(self, name, value):
        self.run("sh", "-c", f"echo {value} > /proc/sys/net/ipv4/{name}")

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Programs:
    """The programs and namespaces of one pair, stopped at its end."""

    def __init__(self, paths, directory):
        self.paths, self.directory = paths, Path(directory)
        self.spaces = [Namespace()]
        self.running = []

    @property
    def space(self):
        return self.spaces[0]

    def start(self, command, port, space=None):
        space = space or self.space
        process = subprocess.Popen([*space.inside, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        self.running.append(process)
        deadline = time.monotonic() + 20
        listens = re.compile(rf":{port:04X} 0+:0000 0A")
        while not listens.search(space.run("cat", "/proc/self/net/tcp", capture_output=True, text=True).stdout):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"did not start: {' '.join(command)}")
            time.sleep(0.05)

    def stop(self):
        for one in self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGTERM)
        for one in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()
        for space in self.spaces:
            space.close()

    def nginx(self, name, http, port, space=None):
        work = self.directory / name
        work.mkdir(exist_ok=True)
        temporary = "".join(f"{kind}_temp_path {work}/{kind};" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (work / "conf").write_text(f"daemon off; worker_processes 1; pid {work}/pid; error_log {work}/error.log;\n"
                                   f"events {{}} http {{ access_log off; {temporary} {http} }}\n")
        self.start([*self.paths.nginx(), "-p", str(work), "-c", str(work / "conf"), "-e", str(work / "error.log")], port,
                   space)

    def backend(self, limit=100000000, address="127.0.0.1", space=None):
        self.nginx("back", f"keepalive_requests {limit}; server {{ listen {address}:{PORT}; "
                   "location / { return 200 ok; } }", PORT, space)

    def front(self, keep_alive):
        self.nginx("front", f"keepalive_requests 100000000; upstream back {{ server 127.0.0.1:{PORT}; {keep_alive} }} "
                   "server { listen 127.0.0.1:8000; location / { proxy_pass http://back; proxy_http_version 1.1; "
                   'proxy_set_header Connection ""; } }', 8000)

    def load(self, command, seconds):
        """A function that runs the command for the given time."""
        command = [*self.space.inside, "timeout", "--preserve-status", "-s", "TERM", str(seconds), *command]
        return lambda: subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wrk(self, seconds, port=8000):
        return self.load([*self.paths.command("wrk"), "-t", "1", "-c", str(CLIENTS), "-d", f"{seconds}s",
                          f"http://127.0.0.1:{port}/"], seconds + 5)


def nginx_upstream(programs, remedied, seconds):
    programs.backend()
    programs.front("keepalive 32; keepalive_requests 100000000;" if remedied else "")
    return programs.wrk(seconds)


SLOW = """const http = require("http");
const server = http.createServer((_, answer) => setTimeout(() => answer.end("ok"), 20));
server.keepAliveTimeout = 60000;
server.listen(Number(process.argv[1]), "127.0.0.1");
"""
BURSTS = """import http.client, sys, threading, time
def client():
    one, number = http.client.HTTPConnection("127.0.0.1", 8000), 0
    while True:
        number += 1
        time.sleep(max(0, begin + number / 10 - time.monotonic()))
        one.request("GET", "/")
        one.getresponse().read()
begin = time.monotonic()
for _ in range(int(sys.argv[1])):
    threading.Thread(target=client, daemon=True).start()
time.sleep(3600)
"""


def nginx_bursts(programs, remedied, seconds):
    """Eight requests at once, ten times a second: a pool of two keeps two of the eight connections."""
    programs.start([*programs.paths.command("node"), "-e", SLOW, "--", str(PORT)], PORT)
    programs.front("keepalive 2; keepalive_requests 100000000;" if remedied else "")
    return programs.load([sys.executable, "-c", BURSTS, str(CLIENTS)], seconds)


def nginx_clients(programs, remedied, seconds):
    programs.backend(100000000 if remedied else 1)
    return programs.wrk(seconds, PORT)


def haproxy(programs, remedied, seconds):
    programs.backend()
    mode = "http-reuse always" if remedied else "option http-server-close"
    conf = programs.directory / "haproxy.cfg"
    conf.write_text("defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n"
                    f"listen web\n bind 127.0.0.1:8000\n {mode}\n server back 127.0.0.1:{PORT}\n")
    programs.start([*programs.paths.command("haproxy"), "-db", "-f", str(conf)], 8000)
    return programs.wrk(seconds)


def php_fpm(programs, remedied, seconds):
    conf = programs.directory / "fpm.conf"
    (programs.directory / "x.php").write_text("<?php echo 'ok';")
    conf.write_text(f"[global]\nerror_log={programs.directory}/fpm.log\ndaemonize=no\n[www]\nlisten=127.0.0.1:{PORT}\n"
                    "pm=static\npm.max_children=10\nuser=nobody\ngroup=nogroup\n")
    os.chmod(programs.directory, 0o755)
    programs.start([*programs.paths.command("php-fpm8.2", "usr/sbin/php-fpm*"), "-n", "-F", "-R", "-y", str(conf)], PORT)
    keep = "keepalive 8; keepalive_requests 100000000;" if remedied else ""
    programs.nginx("front", f"keepalive_requests 100000000; upstream fpm {{ server 127.0.0.1:{PORT}; {keep} }} "
                   "server { listen 127.0.0.1:8000; location / { fastcgi_pass fpm; "
                   + ("fastcgi_keep_conn on; " if remedied else "") +
                   f"fastcgi_param SCRIPT_FILENAME {programs.directory}/x.php; fastcgi_param REQUEST_METHOD GET; "
                   "fastcgi_param SCRIPT_NAME /x.php; } }", 8000)
    return programs.wrk(seconds)


def redis(programs, remedied, seconds):
    programs.start([*programs.paths.command("redis-server"), "--port", str(PORT), "--save", ""], PORT)
    return programs.load([*programs.paths.command("redis-benchmark"), "-q", "-p", str(PORT), "-t", "ping_mbulk", "-k",
                          "1" if remedied else "0", "-c", str(CLIENTS), "-n", "1000000000"], seconds)


REQUESTS = """import requests, sys
session = requests.Session()
get = session.get if sys.argv[1] == "keep" else requests.get
while True:
    get(f"http://127.0.0.1:{sys.argv[2]}/")
"""


def requests(programs, remedied, seconds):
    programs.backend()
    modules = programs.paths.services / "usr/lib/python3/dist-packages"
    python = ["env", "-u", "http_proxy", "-u", "HTTP_PROXY", f"PYTHONPATH={modules}", "/usr/bin/python3"]
    if subprocess.run([*python, "-c", "import requests"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Missing("python3-requests")
    return programs.load([*python, "-c", REQUESTS, "keep" if remedied else "close", str(PORT)], seconds)


NODE = """const http = require("http");
const agent = new http.Agent({ keepAlive: process.argv[1] === "keep", maxFreeSockets: 32 });
const again = () => http.get({ host: "127.0.0.1", port: process.argv[2], agent },
  (answer) => answer.resume().on("end", () => setImmediate(again)));
for (let client = 0; client < process.argv[3]; ++client) again();
"""


def node(programs, remedied, seconds):
    programs.backend()
    return programs.load([*programs.paths.command("node"), "-e", NODE, "--", "keep" if remedied else "close", str(PORT),
                          str(CLIENTS)], seconds)


GO = """package main
import ("io"; "net/http"; "os"; "strconv")
func main() {
    idle, _ := strconv.Atoi(os.Args[1])
    clients, _ := strconv.Atoi(os.Args[3])
    client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: idle}}
    for one := 0; one < clients; one++ {
        go func() {
            for {
                if answer, err := client.Get("http://127.0.0.1:" + os.Args[2] + "/"); err == nil {
                    io.Copy(io.Discard, answer.Body)
                    answer.Body.Close()
                }
            }
        }()
    }
    select {}
}
"""


def go(programs, remedied, seconds):
    programs.backend()
    (programs.directory / "main.go").write_text(GO)
    compiler = programs.paths.command("go", "usr/lib/go-*/bin/go")
    subprocess.run([*compiler, "build", "-o", "client", "main.go"], check=True, cwd=programs.directory, stderr=subprocess.DEVNULL,
                   env=dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=mod", GO111MODULE="off", GOCACHE="/tmp/twtrace-go-cache"))
    command = [str(programs.directory / "client"), "32" if remedied else "-1", str(PORT), str(CLIENTS)]
    return programs.load(command, 2 * seconds)


def ab(programs, remedied, seconds):
    programs.backend()
    return programs.load([*programs.paths.command("ab"), "-q", *(["-k"] if remedied else []), "-c", str(CLIENTS), "-t",
                          str(seconds), "-n", "10000000", f"http://127.0.0.1:{PORT}/"], seconds + 5)


WANTED = 300  # connections a second
FEW_PORTS = 1500
STEADY = """import http.client, sys, time
begin, number = time.monotonic(), 0
while True:
    number += 1
    try:
        one = http.client.HTTPConnection("10.99.0.2", int(sys.argv[1]))
        one.request("GET", "/")
        one.getresponse().read()
    except OSError:
        pass
    one.close()
    time.sleep(max(0, begin + number / int(sys.argv[2]) - time.monotonic()))
"""


def held_ports(space):
    """Those that connect() may not take over: open ones, and TIME_WAITs younger than a second."""
    lines = space.run("ss", "-Htan", "-o", "dst", f"10.99.0.2:{PORT}", capture_output=True, text=True).stdout.splitlines()
    return sum(not line.startswith("TIME-WAIT") or bool(re.search(r"timewait,(59sec|1min)", line)) for line in lines)


def tw_reuse(programs, remedied, seconds):
    """Fewer ports than the client wants, so that connects fail without the remedy."""
    here, there = programs.space, Namespace()
    programs.spaces.append(there)
    subprocess.run(["ip", "link", "add", "twp0", "netns", str(here.holder.pid), "type", "veth", "peer", "name", "twp1", "netns",
                    str(there.holder.pid)], check=True)
    for space, device, address in ((here, "twp0", "10.99.0.1/24"), (there, "twp1", "10.99.0.2/24")):
        space.run("ip", "address", "add", address, "dev", device)
        space.run("ip", "link", "set", device, "up")
    here.set("ip_local_port_range", f'"40000 {40000 + FEW_PORTS - 1}"')
    here.set("tcp_tw_reuse", 1 if remedied else 0)
    programs.backend(address="10.99.0.2", space=there)
    run = programs.load([sys.executable, "-c", STEADY, str(PORT), str(WANTED)], 2 * seconds)

    def load():
        samples = []
        client = threading.Thread(target=run)
        client.start()
        while client.is_alive():
            samples.append(held_ports(here))
            client.join(0.3)
        middle = samples[len(samples) // 4:-2]
        return {"port_use": sum(middle) / len(middle) / FEW_PORTS, "at_rate": WANTED}
    return load


# remedy: of what-if, for the flow of this role at PORT; asked: options of what-if.
Pair = namedtuple("Pair", "name change set_up role remedy asked", defaults=[()])
PAIRS = (
    Pair("nginx upstream", "`keepalive 32` in the upstream", nginx_upstream, "client", "pool", ("--pool", "32")),
    Pair("nginx upstream, bursts", "`keepalive 2`, 8 requests at once", nginx_bursts, "client", "pool", ("--pool", "2")),
    Pair("nginx to php-fpm", "`fastcgi_keep_conn on`, `keepalive 8`", php_fpm, "server", "keepalive-timeout"),
    Pair("haproxy", "`http-reuse always` for `option http-server-close`", haproxy, "server", "keepalive-timeout"),
    Pair("ab", "`-k`", ab, "server", "keepalive-timeout"),
    Pair("redis-benchmark", "`-k 1` for `-k 0`", redis, "client", "pool"),
    Pair("Python requests", "a `Session`", requests, "client", "pool"),
    Pair("Node", "an `Agent` with `keepAlive`", node, "server", "keepalive-timeout"),
    Pair("Go", "`MaxIdleConnsPerHost` 32 for -1 (none)", go, "client", "pool", ("--pool", "32")),
    Pair("nginx towards clients", "`keepalive_requests` raised from 1", nginx_clients, "server", "keepalive-timeout"),
    Pair("tcp_tw_reuse", "`tcp_tw_reuse=1` for 0, 1,500 ports, 300 connections/s", tw_reuse, "client", "tw-reuse"),
)
