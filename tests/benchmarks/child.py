"""What runs in a peer's own process: it compares with the reference, measures, prints JSON.

Nothing here loads NumPy before the processors are chosen, so that it starts with their number.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import time
from pathlib import Path

# float32 sums in another order: a few 1e-6 of the largest entry; 1e-4 leaves room for T = 3200.
TOLERANCE = 1e-4
TIMES_COMPARED = 3  # more than once: a gradient that piles up, or a drifting update, shows
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def load(target: str):
    """Return the function that ``module:function`` names."""
    module, name = target.split(":")
    return getattr(importlib.import_module(f"{__package__}.{module}"), name)


def compare(step, reference) -> None:
    """Raise unless both give the same loss and gradients, several times in a row."""
    import numpy as np

    for _ in range(TIMES_COMPARED):
        (loss, grads), (right_loss, right_grads) = step(), reference()
        error = abs(loss - right_loss) / abs(right_loss)
        assert error < TOLERANCE, f"loss {loss:.7g}, expected {right_loss:.7g}"
        for place, (g, right) in enumerate(zip(grads, right_grads, strict=True)):
            assert g.shape == right.shape, f"gradient {place}: {g.shape}, not {right.shape}"
            error = np.abs(g - right).max() / np.abs(right).max()
            assert error < TOLERANCE, f"gradient {place} differs by {error:.1e} of its largest"


def milliseconds(step, seconds: float, clock) -> float:
    """Return the median time of a step, after one that is not counted."""
    step()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = clock()
        step()
        times.append(clock() - start)
    return 1e3 * statistics.median(times)


class Peak:
    """The largest memory that this process has had, in MB, since it was last forgotten."""

    refs = Path("/proc/self/clear_refs")

    def forget(self) -> None:
        """Begin anew, where the system can (Linux); elsewhere the peak is that of all time."""
        if self.refs.exists():
            self.refs.write_text("5")

    def read(self) -> float:
        """Return the peak."""
        import resource

        status = Path("/proc/self/status")
        if status.exists():
            lines = status.read_text().splitlines()
            return next(int(x.split()[1]) for x in lines if x.startswith("VmHWM:")) / 1024
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def memory(step) -> dict[str, float]:
    """Return the peak before, while a step runs for the first time, and of three later ones."""
    peak = Peak()
    peak.forget()
    before = peak.read()
    step()  # a compiler compiles here
    first = peak.read()
    peak.forget()
    for _ in range(3):
        step()
    return {"value": peak.read(), "before": before, "first": first}


def first_call(step, clock) -> dict[str, float]:
    """Return how many milliseconds a step takes the first time: that of compiling it."""
    start = clock()
    step()
    return {"value": 1e3 * (clock() - start)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("measure", choices=["time", "memory", "first"])
    parser.add_argument("case")
    for name in ("--make", "--target", "--reference"):
        parser.add_argument(name, required=True)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--cpus", type=int, nargs="*")
    args = parser.parse_args()
    if args.cpus:
        os.sched_setaffinity(0, args.cpus)
    try:
        problem = load(args.make)(args.case)
        step = load(args.target)(problem)
    except ModuleNotFoundError as error:
        if (error.name or "tinygrad_rnn").startswith(("tinygrad_rnn", "tests", "numpy")):
            raise
        print(json.dumps({"absent": error.name}))
        return
    clock = CLOCKS[args.clock]
    if args.measure == "time":
        compare(step, load(args.reference)(problem))
        print(json.dumps({"value": milliseconds(step, args.seconds, clock)}))
    else:
        print(json.dumps(memory(step) if args.measure == "memory" else first_call(step, clock)))


if __name__ == "__main__":
    main()
