"""Requests per second of a real server: nginx in front of nginx, without keep-alive between the two."""
import contextlib
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from .measure import progress
from .tracer import Failed, Tracer

_ROOT = Path(__file__).resolve().parents[3]
_CONFIGURATION = """
worker_processes 1;
daemon off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{ listen 127.0.0.1:8080; location / {{ proxy_pass http://127.0.0.1:8081; }} }}
    server {{ listen 127.0.0.1:8081; location / {{ return 200 "{answer}"; }} }}
}}
"""


def _program(build):
    found = subprocess.run(["bash", "-c", "source tools/lib/nginx.sh; nginx_program"], cwd=_ROOT,
                           stdout=subprocess.PIPE, text=True,
                           env=dict(os.environ, TWTRACE_BUILD_DIR=str(build.resolve())))
    if found.returncode != 0:
        raise Failed("nginx: cannot be had")
    return found.stdout.strip()


@contextlib.contextmanager
def _namespace():
    name = f"twtrace-bench-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        inside = ["ip", "netns", "exec", name]
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        # There is one destination, whose ports would run out without reuse.
        subprocess.run([*inside, "sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65000",
                        "net.ipv4.tcp_tw_reuse=1", "net.ipv4.tcp_max_tw_buckets=1000000"], check=True)
        yield inside
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@contextlib.contextmanager
def _server(inside, program):
    with tempfile.TemporaryDirectory(prefix="twtrace-bench-") as directory:
        configuration = Path(directory) / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(directory=directory, answer="a" * 1024))
        os.chmod(directory, 0o755)
        with subprocess.Popen([*inside, program, "-e", f"{directory}/error.log", "-p", directory,
                               "-c", str(configuration)]) as server:
            try:
                _requests_per_second(inside, 0.1, patience=5)
                yield
            finally:
                server.terminate()


def _requests_per_second(inside, seconds, patience=0.0):
    deadline = time.monotonic() + patience
    while True:
        done = subprocess.run([*inside, "wrk", "-t1", "-c16", f"-d{max(1, round(seconds))}s", "http://127.0.0.1:8080/"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        rate = re.search(r"Requests/sec: *([0-9.]+)", done.stdout)
        if done.returncode == 0 and rate and float(rate[1]) > 0 and "Non-2xx" not in done.stdout:
            return float(rate[1])
        if time.monotonic() >= deadline:
            raise Failed(f"nginx: wrk: {done.stdout.strip()[-200:]}")


def measure(modes, paths, build, count, seconds):
    """Name of the mode -> a result for each round, as from measure.rounds(); closes_per_s is requests per second."""
    results = {mode.name: [] for mode in modes}
    with _namespace() as inside, _server(inside, _program(build)):
        for number in range(count):
            for mode in modes:
                progress(f"nginx: round {number + 1} of {count}, {mode.name}")
                with Tracer(mode, paths) if mode.command else contextlib.nullcontext():
                    results[mode.name].append({"closes_per_s": _requests_per_second(inside, seconds)})
    progress("")
    return results
