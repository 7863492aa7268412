"""Single measurements and interleaved rounds (ABCABC), so that disturbances affect all modes alike."""
import contextlib
import json
import subprocess
import sys
import time

from .tracer import Failed, Tracer


def run_load(paths, **options):
    command = [paths["load"]]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    # Exit status 1 means that some connections failed; their number is in the answer.
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    if not done.stdout.strip():
        raise Failed(f"load ended with {done.returncode}")
    return json.loads(done.stdout)


def measure(mode, paths, **load_options):
    """A load under one tracer: the load's figures, and the tracer's under "tracer"."""
    tracer = Tracer(mode, paths) if mode.command else contextlib.nullcontext()
    with tracer as attached:
        result = run_load(paths, **load_options)
        if attached:
            result["tracer"] = attached.finish()
            result["tracer"]["attach_ms"] = attached.attach_ms
    time.sleep(0.2)  # the kernel removes the namespace of the load in the background
    return result


def rounds(modes, paths, how_many, label, **load_options):
    """name -> list of results, one for each round. A mode that fails is reported and skipped."""
    results = {mode.name: [] for mode in modes}
    for number in range(how_many):
        for mode in modes:
            if mode.name not in results:
                continue
            progress(f"{label}: round {number + 1} of {how_many}, {mode.name}")
            try:
                results[mode.name].append(measure(mode, paths, **load_options))
            except Failed as reason:
                progress("")
                print(f"bench: left out: {reason}", file=sys.stderr)
                del results[mode.name]
    progress("")
    return results


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)
