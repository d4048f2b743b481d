"""What `check_op` found: a table of checks and their outcomes, and the error that carries it.

Imports tables and mismatches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..engine.errors import explain
from .mismatch import Mismatch
from .tables import table

PASSED, FAILED, ADVICE, NOT_APPLICABLE = "passed", "FAILED", "advice", "not applicable"


@dataclass(frozen=True)
class Outcome:
    """How one check ended.

    Attributes
    ----------
    verdict : str
        ``passed``, ``FAILED``, ``advice`` (right, but could be better) or ``not applicable``.
    detail : str
        What was found, or why the check does not apply.
    mismatch : Mismatch or None
        The worst entry, if a gradient is wrong.
    """

    verdict: str
    detail: str = ""
    mismatch: Mismatch | None = None

    @property
    def line(self) -> str:
        """What the table shows of the detail."""
        if self.mismatch is not None:
            return self.mismatch.line
        return self.detail.partition("\n")[0]


def failed(what: str, *, where: str = "", why: str = "", fix: str = "") -> Outcome:
    """Word a failure in four parts."""
    return Outcome(FAILED, explain(what, where=where, why=why, fix=fix))


def of_mismatch(mismatch: Mismatch | None) -> Outcome:
    """Turn the worst entry of a gradient into an outcome; None has passed."""
    return Outcome(FAILED, str(mismatch), mismatch) if mismatch else Outcome(PASSED)


@dataclass(frozen=True)
class Row:
    """One line of the report.

    Attributes
    ----------
    check : str
        What was checked.
    inputs : str
        On which variant of the inputs.
    outcome : Outcome
        How it ended.
    """

    check: str
    inputs: str
    outcome: Outcome


@dataclass
class OpReport:
    """Everything that was checked about an op, in order. ``print(report)`` shows the table.

    Attributes
    ----------
    name, formula : str
        The op's.
    rows : list of Row
        The checks.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> report = tg.check.check_op(tg.tanh, np.array([0.5, -1.0]))
    >>> report.ok, report.name, report.failures
    (True, 'tanh', [])
    """

    name: str
    formula: str
    rows: list[Row] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @property
    def failures(self) -> list[Row]:
        """The rows that failed."""
        return list(self.having(FAILED))

    def having(self, verdict: str) -> Iterator[Row]:
        """Yield the rows with a verdict."""
        return (row for row in self.rows if row.outcome.verdict == verdict)

    def __str__(self) -> str:
        cells = [
            (row.check, row.inputs, row.outcome.verdict, row.outcome.line) for row in self.rows
        ]
        lines = table(("check", "inputs", "verdict", ""), cells)
        title = f"{self.name}: {self.formula}" if self.formula else self.name
        return "\n".join([title, *lines, self.summary])

    @property
    def summary(self) -> str:
        """The counts in one line."""
        counts = {
            verdict: len(list(self.having(verdict)))
            for verdict in (PASSED, FAILED, ADVICE, NOT_APPLICABLE)
        }
        return ", ".join(f"{n} {v}" for v, n in counts.items() if n or v in (PASSED, FAILED))


class OpCheckError(AssertionError):
    """An op failed its check; `report` holds everything that was found.

    Attributes
    ----------
    report : OpReport
        The whole table.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> @tg.extend.primitive
    ... def half(x):
    ...     return x / 2
    >>> @half.vjp
    ... def _(g, y, x):
    ...     return g  # and not g / 2
    >>> try:
    ...     tg.check.check_op(half, np.array([1.0, 2.0]))
    ... except AssertionError as error:
    ...     print(error.report.failures[0].check)
    first order, central differences
    """

    def __init__(self, report: OpReport) -> None:
        self.report = report
        first = report.failures[0]
        others: dict[str, list[str]] = {}
        for row in report.failures[1:]:
            others.setdefault(row.check, []).append(row.inputs)
        lines = [f"{report.name} fails: {first.check}, inputs {first.inputs}"]
        lines += [first.outcome.detail]
        if others:
            listed = "; ".join(f"{check} ({', '.join(names)})" for check, names in others.items())
            lines += [f"It also fails: {listed}"]
        super().__init__("\n".join([*lines, f"{report.summary}; print(error.report) for all"]))
