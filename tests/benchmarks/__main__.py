"""``python -m tests.benchmarks [part ...]``: runs the parts and prints Markdown."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .peers import RECURRENT, SCALARS, TRAINING, Work
from .process import Conditions, Outcome, import_seconds, run_case

CASES = ("rnn1", "lstm1", "rnn50", "lstm50", "lstm64")
ADDITIONS = 20_000
LENGTHS = (100, 200, 400, 800, 1600, 3200)


class Report:
    """Writes the parts as Markdown, and remembers whether a peer failed."""

    def __init__(self, conditions: Conditions, peers: Sequence[str], cases: Sequence[str]) -> None:
        self.conditions, self.peers, self.cases = conditions, peers, cases
        self.failures: list[str] = []

    def chosen(self, work: Work) -> list[str]:
        """Return the peers asked for, and always the one that others are compared with."""
        base = next(iter(work.peers))
        wanted = [p for p in work.peers if not self.peers or any(w in p for w in self.peers)]
        return [base, *(p for p in wanted if p != base)]

    def run(self, work: Work, case: str, measure: str = "time", peers: Sequence[str] = ()):
        outcomes = run_case(work, case, peers or self.chosen(work), self.conditions, measure)
        for peer, outcome in outcomes.items():
            if outcome.failed:
                self.failures.append(f"{case}, {peer}: {outcome.failed}")
        return outcomes

    def table(self, corner: str, columns: Sequence[str], rows: dict[str, list[str]]) -> None:
        print(f"| {corner} | " + " | ".join(columns) + " |")
        print("|---" * (len(columns) + 1) + "|")
        for name, cells in rows.items():
            print(f"| {name} | " + " | ".join(cells) + " |")
        print(flush=True)

    def ratios(self, work: Work, cases: Sequence[str], unit: Callable[[float], str]) -> None:
        """Print a table of ratios to the work's first peer, whose own cell has the figure."""
        rows: dict[str, list[str]] = {peer: [] for peer in self.chosen(work)}
        for case in cases:
            outcomes = self.run(work, case)
            base = next(iter(outcomes.values()))
            for peer, outcome in outcomes.items():
                rows[peer].append(ratio_cell(outcome, base, unit, absolute=len(cases) == 1))
        self.table("", cases, rows)

    # the parts

    def recurrent(self) -> None:
        print("## Forward and backward of one training step\n")
        self.ratios(RECURRENT, self.cases, lambda ms: f"{ms:.3g} ms")

    def training(self) -> None:
        print("## A whole training step with Adam\n")
        self.ratios(TRAINING, self.cases, lambda ms: f"{ms:.3g} ms")

    def scalars(self) -> None:
        print("## Scalars: micrograd's network, 2-16-16-1 on 20 points\n")
        self.ratios(SCALARS, ["network"], lambda ms: f"{ms:.3g} ms")
        print(f"## Scalars: a chain of {ADDITIONS} additions with its backward, per addition\n")
        self.ratios(SCALARS, [f"chain:{ADDITIONS}"], lambda ms: f"{1e3 * ms / ADDITIONS:.2f} µs")

    def length(self) -> None:
        print("## Longer sequences: microseconds per time step, constant where time is linear\n")
        peers = ["classic NumPy", "eager, layer", "eager, own loop"]
        for name in ("rnn1", "lstm1"):
            rows: dict[str, list[str]] = {peer: [] for peer in peers}
            for T in LENGTHS:
                for peer, outcome in self.run(RECURRENT, f"{name}:{T}", peers=peers).items():
                    rows[peer].append(said(outcome) or f"{1e3 * outcome.median / T:.1f}")
            self.table(name, [f"T = {T}" for T in LENGTHS], rows)

    def memory(self) -> None:
        print("## Peak memory of the whole process, and of it what the steps added\n")
        peers = [p for p in self.chosen(RECURRENT) if not p.startswith(("torch", "JAX"))]
        rows: dict[str, list[str]] = {peer: [] for peer in peers}
        for case in self.cases:
            outcomes = self.run(RECURRENT, case, "memory", peers)
            base = outcomes["classic NumPy"]
            for peer, outcome in outcomes.items():
                rows[peer].append(said(outcome) or memory_cell(outcome, base))
        self.table("MB (ratio)", self.cases, rows)

    def imports(self) -> None:
        print("## Import\n")
        numpy, ours = import_seconds(self.conditions)
        rows = {"import numpy": numpy, "then import tinygrad_rnn": ours}
        self.table("", ["ms"], {name: [f"{o.median:.0f}"] for name, o in rows.items()})


def said(outcome: Outcome) -> str | None:
    """Return what stands in a cell that has no number."""
    if outcome.absent:
        return f"({outcome.absent} is not installed)"
    return "**failed**" if outcome.failed else None


def ratio_cell(
    outcome: Outcome, base: Outcome, unit: Callable[[float], str], absolute: bool
) -> str:
    """Return the ratio to `base` with its spread; the figure itself for `base`, or if asked."""
    if reason := said(outcome):
        return reason
    figure = unit(outcome.median)
    if outcome is base:
        return f"1 ({figure})"
    if said(base):
        return figure
    ratios = outcome.ratios(base)
    spread = f" [{min(ratios):.2f}, {max(ratios):.2f}]" if len(ratios) > 1 else ""
    return f"{statistics.median(ratios):.2f}{spread}{f' ({figure})' if absolute else ''}"


def memory_cell(outcome: Outcome, base: Outcome) -> str:
    added = outcome.median - statistics.median(outcome.before)
    if said(base):
        return f"{outcome.median:.0f}, {added:.0f}"
    return f"{outcome.median:.0f}, {added:.0f} ({outcome.median / base.median:.2f})"


def header(conditions: Conditions) -> str:
    """Say where, when and how this was measured."""
    import numpy as np

    cpuinfo = Path("/proc/cpuinfo")
    names = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    name = next((line.split(":", 1)[1].strip() for line in names if "model name" in line), None)
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    pinned = conditions.processors()
    return (
        f"{datetime.date.today()} · {name or platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores · Python {platform.python_version()}, NumPy {np.__version__}, "
        f"{blas['name']} {blas['version']}\n\n"
        f"{conditions.threads} BLAS thread{'s' * (conditions.threads > 1)}"
        f"{f', held to processor {pinned}' if pinned else ''} · float32 · median of "
        f"{conditions.rounds} rounds, lowest and highest in brackets · each peer in its own "
        "process, compared with the hand-written gradients first · a ratio below 1 is faster\n"
    )


def main() -> int:
    parts = ("recurrent", "training", "scalars", "length", "memory", "imports")
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(parts)} (default: all)")
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads (default: 1)")
    parser.add_argument("--rounds", type=int, default=5, help="processes per peer (default: 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="per process (default: 1)")
    parser.add_argument("--case", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--peer", nargs="+", default=(), help="peers whose name has this text")
    parser.add_argument("--no-pin", action="store_true", help="let the system choose processors")
    args = parser.parse_args()
    if unknown := set(args.part) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    conditions = Conditions(args.threads, args.rounds, args.seconds, not args.no_pin)
    print(header(conditions))
    report = Report(conditions, args.peer, args.case)
    for part in args.part or parts:
        getattr(report, part)()
    for failure in report.failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
