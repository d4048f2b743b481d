"""Starts peers in processes of their own, round after round, and keeps what they measured."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field

from .peers import Work


@dataclass(frozen=True)
class Conditions:
    """What is the same for every peer of a run."""

    threads: int = 1
    rounds: int = 5
    seconds: float = 1.0
    pinned: bool = True
    clock: str = "wall"  # or "cpu": the process's own time, for a machine that others use too

    def environment(self) -> dict[str, str]:
        """Return the environment that holds every library to the same number of threads."""
        n = str(self.threads)
        names = ("OPENBLAS", "OMP", "MKL", "BLIS")
        threads = {f"{name}_NUM_THREADS": n for name in names} | {"VECLIB_MAXIMUM_THREADS": n}
        jax = {"JAX_PLATFORMS": "cpu"}
        if self.threads == 1:
            jax["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
        return {**os.environ, **threads, **jax, "CUDA_VISIBLE_DEVICES": ""}

    def processors(self) -> list[int]:
        """Return as many processors as threads, for pools that heed no variable; none: all."""
        if not self.pinned or not hasattr(os, "sched_getaffinity"):
            return []
        return sorted(os.sched_getaffinity(0))[-self.threads :]


@dataclass
class Outcome:
    """One peer on one case: a number a round, or the reason why there is none."""

    values: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    absent: str | None = None
    failed: str | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def ratios(self, base: Outcome) -> list[float]:
        """Compare round by round: what slows one peer of a round slows the other."""
        return [mine / its for mine, its in zip(self.values, base.values, strict=True)]


def run_peer(
    work: Work, case: str, peer: str, conditions: Conditions, measure: str, outcome: Outcome
) -> None:
    """Run a peer once and add what it says to its outcome."""
    if outcome.absent or outcome.failed:
        return
    command = [sys.executable, "-m", f"{__package__}.child", measure, case]
    command += ["--make", work.make, "--target", work.peers[peer], "--reference", work.reference]
    command += ["--seconds", str(conditions.seconds), "--clock", conditions.clock]
    command += ["--cpus", *map(str, conditions.processors())]
    run = subprocess.run(command, env=conditions.environment(), capture_output=True, text=True)
    if run.returncode:
        outcome.failed = (run.stderr.strip().splitlines() or [f"exit {run.returncode}"])[-1]
        return
    said = json.loads(run.stdout.splitlines()[-1])
    outcome.absent = said.get("absent")
    if "value" in said:
        outcome.values.append(said["value"])
        outcome.before.append(said.get("before", 0.0))
        outcome.first.append(said.get("first", 0.0))


def progress(text: str) -> None:
    """Say on a terminal what is running, in one line that the next one overwrites."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def run_case(
    work: Work,
    case: str,
    peers: Sequence[str],
    conditions: Conditions,
    measure: str = "time",
) -> dict[str, Outcome]:
    """Run all peers of a case, in turns, `rounds` times."""
    outcomes = {peer: Outcome() for peer in peers}
    for turn in range(conditions.rounds):
        for peer, outcome in outcomes.items():
            progress(f"{case} {turn + 1}/{conditions.rounds} {peer}")
            run_peer(work, case, peer, conditions, measure, outcome)
    progress("")
    return outcomes


def import_times(conditions: Conditions) -> tuple[Outcome, Outcome]:
    """Time ``import numpy`` and then ``import tinygrad_rnn``, in fresh processes."""
    clock = {"wall": "perf_counter", "cpu": "process_time"}[conditions.clock]
    program = (
        f"from time import {clock} as now; a = now(); import numpy; b = now();"
        "import tinygrad_rnn; print(b - a, now() - b)"
    )
    numpy, ours = Outcome(), Outcome()
    with tempfile.TemporaryDirectory() as folder:
        # Compiled once and kept, as for anybody who imports a second time.
        environment = conditions.environment() | {"PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(2 * conditions.rounds + 2):
            command = [sys.executable, "-c", program]
            run = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            )
            if turn:
                first, second = map(float, run.stdout.split())
                numpy.values.append(1e3 * first)
                ours.values.append(1e3 * second)
    return numpy, ours
