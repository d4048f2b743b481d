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

# float32 sums in another order: a few 1e-6 of the largest entry; 1e-4 leaves room for T = 3200.
TOLERANCE = 1e-4
TIMES_COMPARED = 3  # more than once: a gradient that piles up, or a drifting update, shows


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


def milliseconds(step, seconds: float) -> float:
    """Return the median time of a step, after one that is not counted."""
    step()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def peak_megabytes() -> float:
    """Return the largest memory that this process has had so far."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("measure", choices=["time", "memory"])
    parser.add_argument("case")
    for name in ("--make", "--target", "--reference"):
        parser.add_argument(name, required=True)
    parser.add_argument("--seconds", type=float, default=1.0)
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
    if args.measure == "time":
        compare(step, load(args.reference)(problem))
        print(json.dumps({"value": milliseconds(step, args.seconds)}))
    else:
        before = peak_megabytes()
        for _ in range(3):
            step()
        print(json.dumps({"value": peak_megabytes(), "before": before}))


if __name__ == "__main__":
    main()
