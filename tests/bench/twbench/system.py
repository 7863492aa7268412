"""The state of the host that the bench needs: packages, sysctls, tracefs, load."""
import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

_BPF_STATS = Path("/proc/sys/kernel/bpf_stats_enabled")
_TRACEFS = Path("/sys/kernel/tracing")
_PACKAGE_OF = {"bpftrace": "bpftrace", "tcplife": "libbpf-tools", "tcpstates": "libbpf-tools"}


def refuse(message):
    print(f"bench: {message}", file=sys.stderr)
    sys.exit(1)


def require_root():
    if os.geteuid() != 0:
        refuse("loading BPF programs needs root: run it with sudo")


def _missing_to_build(root):
    """Missing packages of the groups build and bench of tools/setup, without those that only provide tracers."""
    asked = subprocess.run([root / "tools" / "setup", "--missing", "build", "bench"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if asked.returncode != 0:
        return set()  # not Debian: cmake names missing packages
    return {name.split("|")[0] for name in asked.stdout.split()} - set(_PACKAGE_OF.values())


def require_packages(root, modes):
    missing = _missing_to_build(root) | {
        _PACKAGE_OF[m.command[0]] for m in modes
        if m.command and m.command[0] in _PACKAGE_OF and not shutil.which(m.command[0])}
    if missing:
        refuse(f"not installed: apt-get install {' '.join(sorted(missing))} "
               "(tools/setup build bench does it; tracers to compare with can be left out with --modes)")


def require_free_tracepoint():
    if others := others_on_the_tracepoint():
        refuse(f"the tracepoint is traced already: {', '.join(others)} (rmdir an instance "
               "that nobody uses; echo 0 > .../enable)")


def others_on_the_tracepoint():
    """Instances of tracefs that trace the same event. They slow down every run, including the one without
    a tracer, and a second callback makes each BPF program slower to enter."""
    event = "events/sock/inet_sock_set_state/enable"
    found = []
    for directory in [_TRACEFS, *(_TRACEFS / "instances").glob("*")]:
        with contextlib.suppress(OSError):
            if (directory / event).read_text().strip() != "0":
                found.append(str(directory))
    return found


@contextlib.contextmanager
def bpf_stats(enabled):
    before = _BPF_STATS.read_text()
    _BPF_STATS.write_text("1" if enabled else "0")
    try:
        yield
    finally:
        _BPF_STATS.write_text(before)


@contextlib.contextmanager
def tracefs():
    """bpftrace and the libbpf-tools attach to classic tracepoints, which need it."""
    mounted = (_TRACEFS / "events").exists()
    if not mounted:
        subprocess.run(["mount", "-t", "tracefs", "tracefs", str(_TRACEFS)], check=True)
    try:
        yield
    finally:
        if not mounted:
            subprocess.run(["umount", str(_TRACEFS)], check=False)


def describe():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown processor")
    # Other tracers and compilers on the host disturb a measurement, so the table contains the load.
    return {"cpus": os.cpu_count(), "processor": model, "kernel": os.uname().release,
            "load_average": round(os.getloadavg()[0], 1), "time": time.strftime("%Y-%m-%d %H:%M")}
