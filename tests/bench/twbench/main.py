"""The command line of tools/bench."""
import argparse
import signal
import subprocess
import sys
from pathlib import Path

from . import report, scenarios, system
from .modes import BY_NAME, MODES
from .tracer import Failed

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "performance.md"
TABLES = ("nginx", "cost", "kernel", "growth", "rest", "latency", "list", "recording", "micro")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bench", description="Measures what twtrace costs the "
                                     "services it watches, beside other tracers.")
    parser.add_argument("--quick", action="store_true",
                        help="under a minute: checks that it runs, and writes nothing")
    parser.add_argument("--build", type=Path, default=ROOT / "build-bench", metavar="DIR",
                        help="build directory (made if it does not exist)")
    parser.add_argument("--modes", metavar="A,B", help="only these of " + ", ".join(BY_NAME))
    parser.add_argument("--tables", metavar="A,B", help="only these of " + ", ".join(TABLES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3, help="of load, a run")
    parser.add_argument("--no-write", action="store_true", help="leave docs/performance.md alone")
    options = parser.parse_args(arguments)
    for what, known in (("modes", BY_NAME), ("tables", TABLES)):
        given = getattr(options, what)
        setattr(options, what, given.split(",") if given else None)
        unknown = [name for name in getattr(options, what) or () if name not in known]
        if unknown:
            parser.error(f"--{what}: no such one: {', '.join(unknown)}")
    return options


def build(directory):
    """The bench's programs, and twtrace as it is packaged: optimised, without sanitizers."""
    log = directory / "bench-build.log"
    directory.mkdir(exist_ok=True)
    with log.open("w") as output:
        for command in (["cmake", "-S", ROOT, "-B", directory, "-DTWTRACE_BENCH=ON",
                         "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DTWTRACE_SANITIZE=OFF",
                         "-DTWTRACE_TESTS=OFF"],
                        ["cmake", "--build", directory, "--target", "twtrace", "twtrace_load",
                         "twtrace_reference", "twtrace_micro", "twtrace_make_recording"]):
            if subprocess.run(command, stdout=output, stderr=output).returncode != 0:
                system.refuse(f"the build failed: see {log}")
    tools = directory / "tests" / "bench"
    return {"twtrace": str(directory / "twtrace"), "load": str(tools / "load" / "twtrace_load"),
            "reference": str(tools / "reference" / "twtrace_reference"),
            "micro": str(tools / "micro" / "twtrace_micro"),
            "make_recording": str(tools / "recording" / "twtrace_make_recording")}


def pick_modes(options):
    if options.modes:
        return [BY_NAME[name] for name in dict.fromkeys(["none", "empty", *options.modes])]
    return list(MODES)


def plan_of(options, modes, paths):
    own = [m for m in modes if m.kind == "twtrace"]
    count, seconds = (1, 0.5) if options.quick else (options.rounds, options.seconds)
    few = max(1, min(3, count))
    return {
        "nginx": lambda: scenarios.requests(modes, paths, options.build, count, seconds),
        "cost": lambda: scenarios.cost(modes, paths, count, seconds),
        "kernel": lambda: scenarios.kernel(modes, paths, count, seconds),
        "growth": lambda: scenarios.growth(own, paths, few, seconds),
        "rest": lambda: scenarios.start_and_rest(modes, paths, count, 0.5 if options.quick else 10),
        "latency": lambda: scenarios.latency(paths, 2 if options.quick else 20),
        "recording": lambda: scenarios.recording(paths, few, seconds,
                                                 200_000 if options.quick else 80_000_000),
        "micro": lambda: scenarios.micro(paths, 0.01 if options.quick else 0.5),
        "list": lambda: scenarios.listing(paths, few, 2000 if options.quick else 100000),
    }


def write(options, tables, host):
    """Writes after each table, so that a later failure does not lose the earlier tables."""
    if options.quick:
        return
    report.write_raw(options.build / "bench.json", tables, host)
    if not options.no_write and not options.modes:
        report.write_document(DOCUMENT, tables, host)


def run(options, modes, paths, host):
    plan = plan_of(options, modes, paths)
    # The growth table alone takes minutes.
    wanted = options.tables or [t for t in TABLES if not (options.quick and t == "growth")]
    tables = []
    with system.tracefs():
        system.require_free_tracepoint()
        for name in wanted:
            with system.bpf_stats(name == "kernel"):
                try:
                    tables.append(plan[name]())
                except (Failed, OSError) as reason:
                    print(f"bench: {name}: {reason}", file=sys.stderr)
                    continue
            print(report.plain(tables[-1]), flush=True)
            write(options, tables, host)
    return tables


def main(arguments):
    options = parse(arguments)
    system.require_root()
    # Restores the sysctl and tracefs, and ends the tracers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # Reports obstacles before the build, which takes minutes.
    modes = pick_modes(options)
    system.require_packages(ROOT, modes)
    with system.tracefs():
        system.require_free_tracepoint()
    host = system.describe()
    return 0 if run(options, modes, build(options.build), host) else 1
