"""A part of tools/soak: the limits of descriptors and of memory are reached while the tracers run."""
import json
import os
import re
import resource
import subprocess
import time

RESERVED = 16  # descriptors that twtrace does not use for namespaces (src/util/descriptors.cpp)
NAMESPACES = 4
CLOSES_IN_EACH = 20
FILE_BYTES = 128 << 20

# Reads a file in the tracers' cgroup, and gives its pages back.
READS = """
import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
while os.read(file, 1 << 20):
    pass
os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
"""


def fill_memory(directory, groups):
    """Clean pages of a file beyond the limit of these cgroups: the kernel reclaims memory, and ends no process. False: it did not work."""
    path = os.path.join(directory, "pages")
    if not os.path.exists(path):
        with open(path, "wb") as file:
            for _ in range(FILE_BYTES >> 20):
                file.write(bytes(1 << 20))
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    enter = "".join(f"echo $$ > {group}/cgroup.procs && " for group in groups)
    try:
        return subprocess.run(["sh", "-c", enter + 'exec python3 -c "$1" "$2"', "sh", READS, path], timeout=60, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def lowest_free(pid):
    taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def without_descriptor(twtrace, recording, wall_s):
    """The entries in namespaces for which no descriptor was left, of what was recorded since then."""
    begin = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall_s))
    argv = [twtrace, "summary", "--from", recording, "--begin", begin, "-o", "json"]
    told = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=True).stdout
    reasons = " ".join(json.loads(told)["accounting"]["reasons"])
    found = re.search(r"(\d+) were in network namespaces for which no file descriptor was left", reasons)
    return int(found[1]) if found else 0


class DescriptorLimit:
    """New namespaces find no descriptor for their counters. Once there are some again, new ones are compared."""

    def __init__(self, tracers, prefix, closes, unverified, recorded):
        """closes: a Python program that closes as many connections as its argument says. unverified(): the exporter's counter.
        recorded(wall_s): without_descriptor() of the recorder."""
        self.tracers, self.prefix, self.closes, self.unverified, self.recorded = tracers, prefix, closes, unverified, recorded
        self.times = self.entries = 0  # entries that the exporter could not verify meanwhile
        self.cpu_share = 0.0
        self.faults = []

    def reach(self):
        try:
            began_wall_s = time.time()
            self.reach_limit()
            time.sleep(4)  # namespaces that began with the lower limit have ended
            if self.recorded(began_wall_s) < CLOSES_IN_EACH:
                self.faults.append("the recording does not say that no descriptor was left")
            raised_wall_s = time.time()
            self.make_namespaces()
            if (entries := self.recorded(raised_wall_s)) >= CLOSES_IN_EACH:
                self.faults.append(f"{entries} entries in namespaces without descriptors after the limit was raised")
            self.times += 1
        except (OSError, subprocess.SubprocessError) as error:  # also a scrape without an answer
            self.faults.append(f"without free descriptors: {error}")

    def reach_limit(self):
        before, began = self.unverified(), time.monotonic()
        pids = {tracer.process.pid: tracer.name for tracer in self.tracers}
        limits = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in pids}
        cpu = {pid: cpu_seconds(pid) for pid in pids}
        try:
            for pid, (_, hard) in limits.items():  # to raise the hard limit again would take a capability
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free(pid) + RESERVED, hard))
            self.make_namespaces()
        finally:
            for pid, limit in limits.items():
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
        entries = int(self.unverified() - before)
        self.entries += entries
        if entries < NAMESPACES * CLOSES_IN_EACH:
            self.faults.append(f"only {entries} entries unverified without free descriptors")
        for pid, name in pids.items():
            share = (cpu_seconds(pid) - cpu[pid]) / (time.monotonic() - began)
            self.cpu_share = max(self.cpu_share, share)
            if share > 0.8:
                self.faults.append(f"{name}: {share:.0%} of a processor without free descriptors")

    def make_namespaces(self):
        names = [f"{self.prefix}-full{number}" for number in range(NAMESPACES)]
        try:
            for name in names:
                for argv in (["add", name], ["exec", name, "ip", "link", "set", "lo", "up"],
                             ["exec", name, "python3", "-c", self.closes, str(CLOSES_IN_EACH)]):
                    subprocess.run(["ip", "netns", *argv], check=True, timeout=60)
                self.unverified()  # a scrape has an answer
            time.sleep(2)  # the counters are read once a second
        finally:
            for name in names:
                subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, timeout=60, check=False)
