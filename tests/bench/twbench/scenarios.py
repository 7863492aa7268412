"""The scenarios. Each one returns a table: a header and rows of strings."""
import contextlib
import datetime
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import figures, nginx
from .measure import measure, progress, rounds, run_load
from .modes import BY_NAME, RECORD
from .tracer import Failed, Tracer, memory_kib


@dataclass
class Table:
    key: str
    title: str
    header: tuple
    rows: list = field(default_factory=list)
    raw: object = None


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def spread(value, digits=0):
    if value is None:
        return "-"
    if value.low == value.high:
        return number(value.median, digits)
    return f"{value.median:,.{digits}f} ({value.low:,.{digits}f} to {value.high:,.{digits}f})"


def requests(modes, paths, build, count, seconds):
    """Requests per second of a real server."""
    results = nginx.measure(modes, paths, build, count, seconds)
    table = Table("nginx", "Requests per second of nginx", ("tracer", "requests/s", "lost, %"), raw=results)
    for mode in modes:
        table.rows.append([mode.title, spread(figures.of_each(results, mode.name, lambda r: r["closes_per_s"])),
                           "-" if mode.kind == "none" else spread(figures.closes_lost_percent(results, mode.name), 1)])
    return table


def cost(modes, paths, count, seconds):
    """The cost of each tracer for the load and for itself, at full rate."""
    plain = rounds(modes, paths, count, "cost", seconds=seconds)
    table = Table("cost", "What a tracer costs at full rate",
                  ("tracer", "closes/s", "closes/s lost, %", "CPU per close added, %",
                   "reader, CPU s per million closes", "RSS, MiB", "skipped by recursion", "lost"), raw=plain)
    for mode in modes:
        results = plain.get(mode.name)
        if not results:
            continue
        row = [mode.title, spread(figures.of_each(plain, mode.name, lambda r: r["closes_per_s"])),
               spread(figures.closes_lost_percent(plain, mode.name), 1),
               spread(figures.cpu_added_percent(plain, mode.name), 1)]
        if mode.command:
            row += [spread(figures.of_each(plain, mode.name, figures.reader_cpu_per_million), 2),
                    number(max(r["tracer"]["rss_mib"] for r in results), 1),
                    number(sum(map(figures.missed, results))), _lost(mode, results)]
        else:
            row += ["-"] * 4
        table.rows.append(row)
    return table


def _lost(mode, results):
    values = [figures.lost(r, mode.lines_per_close) for r in results]
    if None in values:
        return "-"
    share = 100 * sum(values) / sum(r["kernel_tw"] for r in results)
    if not sum(values):
        return "0"
    said = [r["tracer"].get("said_missing") for r in results]
    told = f", told: {sum(said):,}" if None not in said else ""
    return f"{sum(values):,.0f} ({share:.2f} %){told}"


def kernel(modes, paths, count, seconds):
    """In separate runs, because kernel.bpf_stats_enabled itself slows closes down."""
    traced = [mode for mode in modes if mode.command]
    results = rounds(traced, paths, count, "kernel side", seconds=seconds)
    table = Table("kernel", "Kernel side, per connection over the empty program",
                  ("tracer", "ns", "ns, plain difference", "hits", "of LRU", "of sk_storage"), raw=results)

    def ratio(name, base):
        own, other = figures.kernel_ns(results, name), figures.kernel_ns(results, base)
        return number(own.median / other.median, 2) if own and other else "-"
    for mode in traced:
        if mode.name in results:
            table.rows.append([mode.title, spread(figures.kernel_ns(results, mode.name)),
                               number(figures.kernel_ns_naive(results, mode.name).median),
                               number(figures.hits(results, mode.name).median, 1),
                               ratio(mode.name, "lru"), ratio(mode.name, "sk_storage")])
    return table


def growth(modes, paths, count, seconds):
    """How the cost grows with the rate, the peers and the processes."""
    table = Table("growth", "How the cost grows",
                  ("load", "tracer", "closes/s", "reader, CPU s per million closes",
                   "reader, % of a core", "RSS, MiB", "lost"), raw={})
    loads = [(f"{rate:,} closes/s", {"rate": rate, "seconds": seconds}) for rate in (1000, 10000)]
    loads += [("full rate", {"seconds": seconds})]
    loads += [(f"{peers:,} peers", {"peers": peers, "seconds": seconds})
              for peers in (10, 1000, 100000)]
    # 100,000 processes need a fork each, so this run is bounded by the count, not by the time.
    loads += [(f"{n:,} processes", {"processes": n, "count": max(n, 100000), "seconds": 120})
              for n in (10, 1000, 100000)]
    for title, options in loads:
        results = rounds(modes, paths, count, title, **options)
        table.raw[title] = results
        for mode in modes:
            if not results.get(mode.name):
                continue
            of = lambda figure: figures.of_each(results, mode.name, figure)
            table.rows.append([
                title, mode.title, spread(of(lambda r: r["closes_per_s"])),
                spread(of(figures.reader_cpu_per_million), 2),
                number(of(lambda r: 100 * r["tracer"]["cpu_s"] / r["seconds"]).median, 2),
                number(of(lambda r: r["tracer"]["rss_mib"]).high, 1), _lost(mode, results[mode.name])])
    return table


def start_and_rest(modes, paths, count, idle_seconds):
    """Start-up, and the cost of a tracer on an idle host."""
    table = Table("rest", "Start-up and rest",
                  ("tracer", "exec to attached, ms", "idle, % of a core", "RSS, MiB", "peak, MiB"),
                  raw={})
    for mode in (m for m in modes if m.command and m.announces):
        try:
            starts, memory = [], {}
            for number_of_start in range(count):
                progress(f"start-up: {mode.name} {number_of_start + 1} of {count}")
                with Tracer(mode, paths) as tracer:
                    starts.append(tracer.attach_ms)
                    if number_of_start == count - 1:
                        time.sleep(1)
                        before = tracer.cpu_seconds()
                        time.sleep(idle_seconds)
                        idle = 100 * (tracer.cpu_seconds() - before) / idle_seconds
                        memory = tracer.finish()
        except Failed as reason:
            print(f"\nbench: left out: {reason}")
            continue
        table.raw[mode.name] = {"attach_ms": starts, "idle_percent": idle}
        table.rows.append([mode.title, spread(figures.Spread.of(starts), 1), number(idle, 3),
                           number(memory["rss_mib"], 1), number(memory["peak_mib"], 1)])
    progress("")
    return table


def latency(paths, count):
    """From the kernel's time of an event on a quiet host to its line."""
    delays = []
    mode = BY_NAME["trace-json"]
    command = [part.format(**paths) for part in mode.command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            while "tracing" not in tracer.stderr.readline():
                if tracer.poll() is not None:
                    raise Failed("trace-json: ended")
            for _ in range(count):
                progress(f"latency: {len(delays) + 1} of {count}")
                time.sleep(0.5)
                run_load(paths, count=1, workers=1, seconds=2)
                delays.append(_delay_of_next_line(tracer))
        finally:
            tracer.terminate()
    progress("")
    table = Table("latency", "An event on a quiet host", ("figure", "ms"), raw=delays)
    table.rows = [["median", number(statistics.median(delays), 1)], ["worst", number(max(delays), 1)]]
    return table


def _delay_of_next_line(tracer):
    line = json.loads(tracer.stdout.readline())
    now = time.time()
    whole, fraction = line["time"].rstrip("Z").split(".")
    then = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc).timestamp()
    return (now - then - float("0." + fraction)) * 1e3


def listing(paths, count, sockets):
    """Listing many present TIME_WAIT sockets, against ss."""
    commands = {"`twtrace list`": [paths["twtrace"], "list"],
                "`twtrace list -o json`": [paths["twtrace"], "list", "-o", "json"],
                "`ss -tan state time-wait`": ["ss", "-tan", "state", "time-wait"]}
    table = Table("list", f"Listing {sockets:,} sockets in TIME_WAIT",
                  ("command", "CPU, ms", "wall, ms", "lines"), raw={})
    load = subprocess.Popen([paths["load"], "--count", str(sockets), "--seconds", "60", "--hold",
                             "50"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        pid = json.loads(load.stdout.readline())["pid"]
        samples = {title: [] for title in commands}
        for number_of_round in range(count):
            for title, command in commands.items():
                progress(f"list: {title} {number_of_round + 1} of {count}")
                samples[title].append(_run_in_namespace(pid, command))
    finally:
        load.stdin.close()
        load.wait()
    progress("")
    table.raw = samples
    for title, of_command in samples.items():
        good = [s for s in of_command if s]
        if good:
            table.rows.append([title, spread(figures.Spread.of([s[0] for s in good]), 0),
                               spread(figures.Spread.of([s[1] for s in good]), 0), number(good[-1][2])])
    return table


def recording(paths, count, seconds, events):
    """The cost of recording at full rate, and of reading a recording of about 1 GB."""
    table = Table("recording", "Recordings", ("figure", "value"), raw={})
    with tempfile.TemporaryDirectory(prefix="twtrace-bench-") as directory:
        # Long enough that the two surveys of listeners in the first seconds are a small part.
        samples = [_record(paths, Path(directory) / f"{number}.twr", 4 * seconds)
                   for number in range(count)]
        large = str(Path(directory) / "large.twr")
        progress("recording: a large one is made")
        subprocess.run([paths["make_recording"], large, str(events)], check=True,
                       stdout=subprocess.DEVNULL)
        size = os.path.getsize(large)
        whole = [_read(paths, "--from", large) for _ in range(count)]
        part = [_read(paths, "--from", large, "--begin", "-2s") for _ in range(count)]
    progress("")
    table.raw = {"record": samples, "whole": whole, "part": part}
    spread_of = lambda values, digits: spread(figures.Spread.of(list(values)), digits)
    table.rows = [
        ["events/s recorded", spread_of((s["events"] / s["seconds"] for s in samples), 0)],
        ["CPU s per million events recorded", spread_of((s["cpu_s"] / s["events"] * 1e6 for s in samples), 2)],
        ["bytes an event on disk", spread_of((s["bytes"] / s["events"] for s in samples), 1)],
        [f"million events/s read into a summary ({size / 1e6:,.0f} MB)",
         spread_of((events / 1e6 / s["cpu_s"] for s in whole), 2)],
        ["peak memory of that, MiB", spread_of((s["peak_mib"] for s in whole), 1)],
        ["its last two seconds (`--begin -2s`), ms", spread_of((s["wall_ms"] for s in part), 0)],
    ]
    return table


def _record(paths, path, seconds):
    progress(f"recording: {path.name}")
    with Tracer(RECORD, dict(paths, recording=str(path))) as tracer:
        started = time.monotonic()
        run_load(paths, seconds=seconds)
        passed = time.monotonic() - started
        facts = tracer.finish()
    summary = json.loads(subprocess.run([paths["twtrace"], "summary", "-o", "json", "--from", str(path)],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout)
    events = sum(summary["totals"][key] for key in ("time_wait", "passive_close", "aborted"))
    return {"events": events, "seconds": passed, "cpu_s": facts["cpu_s"], "bytes": path.stat().st_size}


def _read(paths, *arguments):
    progress("recording: " + " ".join(arguments))
    started = time.monotonic()
    process = subprocess.Popen([paths["twtrace"], "summary", *arguments], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    # Not ru_maxrss, which includes the memory of this process before the exec.
    peak = 0
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, memory_kib(process.pid, "VmHWM"))
        time.sleep(0.01)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise Failed("summary " + " ".join(arguments))
    return {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_ms": (time.monotonic() - started) * 1e3,
            "peak_mib": peak / 1024}


def micro(paths, seconds):
    """The cost of an event in each module of user space, with synthetic records."""
    done = subprocess.run([paths["micro"], "--benchmark_format=json",
                           f"--benchmark_min_time={seconds}"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    table = Table("micro", "User space, an event at a time", ("module", "ns", "million a second",
                                                              "allocations"))
    table.raw = json.loads(done.stdout)["benchmarks"]
    for one in table.raw:
        table.rows.append([one["name"].replace("_", " "), number(one["time/event"] * 1e9),
                           number(one["events/s"] / 1e6, 1),
                           number(one["allocations/event"], 3)])
    return table


def _run_in_namespace(pid, command):
    """(CPU ms, wall ms, lines), or None if the command failed. nsenter's own millisecond of CPU is
    in both commands."""
    with open(os.devnull) as nothing, contextlib.ExitStack() as stack:
        output = stack.enter_context(tempfile.TemporaryFile())
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(["nsenter", "-t", str(pid), "-n", *command], stdin=nothing,
                              stdout=output, stderr=subprocess.DEVNULL)
        wall = (time.monotonic() - started) * 1e3
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        output.seek(0)
        lines = output.read().count(b"\n")
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
    return (cpu, wall, lines) if done.returncode == 0 else None
