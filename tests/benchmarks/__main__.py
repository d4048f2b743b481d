"""``python -m tests.benchmarks [part ...]``: runs the parts and prints Markdown."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
from pathlib import Path

from .process import Conditions
from .report import CASES, PARTS, Report
from .table import Record, Table

QUICK = {"rounds": 2, "seconds": 0.3, "case": ("rnn1", "lstm50"), "part": ("recurrent", "scalars")}


def header(conditions: Conditions) -> str:
    """Say where, when and how this was measured."""
    import numpy as np

    cpuinfo = Path("/proc/cpuinfo")
    names = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    name = next((line.split(":", 1)[1].strip() for line in names if "model name" in line), None)
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    pinned = conditions.processors()
    clock = {"wall": "wall time", "cpu": "the process's own CPU time"}[conditions.clock]
    return (
        f"{datetime.date.today()} · {name or platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores · Python {platform.python_version()}, NumPy {np.__version__}, "
        f"{blas['name']} {blas['version']}\n\n"
        f"{conditions.threads} BLAS thread{'s' * (conditions.threads > 1)}"
        f"{f', held to processor {pinned}' if pinned else ''} · float32 · {clock} · median of "
        f"{conditions.rounds} rounds, lowest and highest in brackets · each peer in its own "
        "process, compared with the hand-written gradients first · a ratio below 1 is faster"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads (default: 1)")
    parser.add_argument("--rounds", type=int, default=5, help="processes per peer (default: 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="per process (default: 1)")
    parser.add_argument("--case", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--peer", nargs="+", default=(), help="peers whose name has this text")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--no-pin", action="store_true", help="let the system choose processors")
    parser.add_argument("--quick", action="store_true", help="a rough picture in about a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, too")
    if "--quick" in sys.argv:
        parser.set_defaults(**QUICK)
    args = parser.parse_args()
    if unknown := set(args.part) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")

    pinned = not args.no_pin
    conditions = Conditions(args.threads, args.rounds, args.seconds, pinned, args.clock)
    record = Record(header(conditions))
    print(record.made, end="\n\n")

    def finished(table: Table) -> None:
        print(f"## {table.title}\n\n{table.markdown()}\n", flush=True)
        record.tables.append(table)
        if args.json:  # after each table, so that an interrupted run loses nothing
            record.write(args.json)

    report = Report(conditions, args.peer, args.case, finished)
    for part in args.part or PARTS:
        getattr(report, part)()
    for failure in report.failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
