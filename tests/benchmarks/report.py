"""The parts of the benchmark: each runs its cases and makes a table of what came out."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Sequence

from .peers import RECURRENT, SCALARS, TRAINING, Work
from .process import Conditions, Outcome, import_times, run_case
from .table import Table

CASES = ("rnn1", "lstm1", "rnn50", "lstm50", "lstm64")
ADDITIONS = 20_000
LENGTHS = (100, 200, 400, 800, 1600, 3200)
LONG = ("classic NumPy", "eager, layer", "eager, own loop", "compiled, layer", "compiled, own loop")


class Report:
    """Runs parts, hands each table on as soon as it is complete, remembers which peer failed."""

    def __init__(
        self,
        conditions: Conditions,
        peers: Sequence[str],
        cases: Sequence[str],
        finished: Callable[[Table], None],
    ) -> None:
        self.conditions, self.peers, self.cases = conditions, peers, cases
        self.finished = finished
        self.failures: list[str] = []

    def chosen(self, work: Work) -> list[str]:
        """Return the peers asked for, and always the one that others are compared with."""
        base = next(iter(work.peers))
        wanted = [p for p in work.peers if not self.peers or any(w in p for w in self.peers)]
        return [base, *(p for p in wanted if p != base)]

    def run(
        self, work: Work, case: str, measure: str = "time", peers: Sequence[str] = ()
    ) -> dict[str, Outcome]:
        outcomes = run_case(work, case, peers or self.chosen(work), self.conditions, measure)
        for peer, outcome in outcomes.items():
            if outcome.failed:
                self.failures.append(f"{case}, {peer}: {outcome.failed}")
        return outcomes

    def ratios(
        self, title: str, work: Work, cases: dict[str, str], unit: Callable[[float], str]
    ) -> None:
        """Make a table of ratios to the work's first peer, whose own cell has the figure."""
        table = Table(title, "", list(cases))
        for name, case in cases.items():
            outcomes = self.run(work, case)
            base = next(iter(outcomes.values()))
            for peer, outcome in outcomes.items():
                text = ratio_cell(outcome, base, unit, absolute=len(cases) == 1)
                table.add(peer, name, text, outcome.values)
        for aim, ratio in work.aims.items():
            for name in cases.keys() & ratio.keys():
                table.add(aim, name, f"{ratio[name]:.2f}", [ratio[name]])
        self.finished(table)

    # the parts

    def recurrent(self) -> None:
        """Time forward and backward of the five cases."""
        self.ratios(
            "Forward and backward of one training step",
            RECURRENT,
            {case: case for case in self.cases},
            lambda ms: f"{ms:.3g} ms",
        )

    def training(self) -> None:
        """Time forward, backward and Adam."""
        self.ratios(
            "A whole training step with Adam",
            TRAINING,
            {case: case for case in self.cases},
            lambda ms: f"{ms:.3g} ms",
        )

    def scalars(self) -> None:
        """Time micrograd's network and a chain of additions."""
        self.ratios(
            "Scalars: micrograd's network, 2-16-16-1 on 20 points",
            SCALARS,
            {"network": "network"},
            lambda ms: f"{ms:.3g} ms",
        )
        self.ratios(
            f"Scalars: a chain of {ADDITIONS} additions with its backward, per addition",
            SCALARS,
            {"chain": f"chain:{ADDITIONS}"},
            lambda ms: f"{1e3 * ms / ADDITIONS:.2f} µs",
        )

    def length(self) -> None:
        """Time sequences from 100 to 3200 steps."""
        for name in [case for case in self.cases if case in ("rnn1", "lstm1")]:
            table = Table(
                f"Longer sequences, {name}: microseconds per time step",
                "T",
                list(map(str, LENGTHS)),
            )
            for T in LENGTHS:
                for peer, outcome in self.run(RECURRENT, f"{name}:{T}", peers=LONG).items():
                    text = said(outcome) or f"{1e3 * outcome.median / T:.1f}"
                    table.add(peer, str(T), text, [1e3 * ms / T for ms in outcome.values])
            self.finished(table)

    def memory(self) -> None:
        """Measure peaks of memory: the whole process, and what the steps add to what it had."""
        peers = [p for p in self.chosen(RECURRENT) if not p.startswith(("torch", "JAX"))]
        whole = Table("Peak memory of the whole process", "MB (ratio)", list(self.cases))
        added = Table("Peak memory that the steps add", "MB (ratio)", list(self.cases))
        first = Table("Peak memory that the first step adds", "MB", list(self.cases))
        for case in self.cases:
            outcomes = self.run(RECURRENT, case, "memory", peers)
            base = outcomes["classic NumPy"]
            for peer, outcome in outcomes.items():
                whole.add(peer, case, memory_cell(outcome, base), outcome.values)
                mine, its = less(outcome, outcome.values), less(base, base.values)
                added.add(peer, case, memory_cell(mine, its), mine.values)
                mine = less(outcome, outcome.first)
                first.add(peer, case, said(mine) or f"{mine.median:.1f}", mine.values)
        for table in (whole, added, first):
            self.finished(table)

    def compiling(self) -> None:
        """Time the first call of compiled losses, beside the eager ones'."""
        wanted = ("eager", "compiled")
        peers = [p for p in self.chosen(RECURRENT) if p.startswith(wanted)]
        table = Table("The first step: tracing, compiling and running", "ms", list(self.cases))
        for case in self.cases:
            for peer, outcome in self.run(RECURRENT, case, "first", peers).items():
                table.add(peer, case, said(outcome) or f"{outcome.median:.0f}", outcome.values)
        self.finished(table)

    def imports(self) -> None:
        """Time the imports."""
        table = Table("Import", "", ["ms"])
        names = ("import numpy", "then import tinygrad_rnn")
        for name, outcome in zip(names, import_times(self.conditions), strict=True):
            table.add(name, "ms", f"{outcome.median:.0f}", outcome.values)
        self.finished(table)


PARTS = ("recurrent", "training", "scalars", "length", "memory", "compiling", "imports")


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
    """Return megabytes and their ratio to `base`."""
    if reason := said(outcome):
        return reason
    if outcome is base or said(base) or base.median < 1:  # below a MB, pages are counted
        return f"{outcome.median:.1f}"
    return f"{outcome.median:.1f} ({outcome.median / base.median:.2f})"


def less(outcome: Outcome, peaks: Sequence[float]) -> Outcome:
    """Return what peaks are above those before the first step."""
    above = [peak - before for peak, before in zip(peaks, outcome.before, strict=True)]
    return dataclasses.replace(outcome, values=above)
