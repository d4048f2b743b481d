"""The diagnosis: a table, and what a good teacher would say. Imports `search`, `check.tables`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..tables import number, shape_text, table
from .explanation import Explanation
from .mistake import Mistake

Entries = tuple[tuple[tuple[int, ...], float, float], ...]  # index, given, right

ROUNDING = 1e-12  # relative; what is below depends on the order of additions
MOST_SHOWN = 4  # explanations, and entries of an unknown fault


@dataclass(frozen=True)
class Finding:
    """What was found out about one weight's gradient.

    Attributes
    ----------
    name : str
    shape : tuple of int or None
        Of the weight.
    max_rel : float
        The largest difference from the right gradient, relative to the largest entry.
    verdict : str
        ``ok``, the names of its mistakes, ``unknown``, or what makes it unusable.
    worst : tuple of (index, given, right)
        The entries that are farthest off.
    """

    name: str
    shape: tuple[int, ...] | None
    max_rel: float
    verdict: str
    worst: Entries = ()

    @property
    def ok(self) -> bool:
        """Whether it is right."""
        return self.verdict == "ok"


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` returns; prints as a table and a diagnosis.

    Attributes
    ----------
    findings : dict from name to Finding
        One for each weight, and for each name that was given.
    explanations : tuple of Explanation
        The shortest that reproduce the given numbers. If there are several, they give the same
        numbers here, and `experiments` says how to tell them apart.
    experiments : tuple of str
    tolerance : float
        The relative difference up to which numbers count as equal.
    unusable : dict from name to str
        What cannot be compared, and why: a missing name, another shape.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> w, h = tg.Value(0.5), 1.0
    >>> for t in range(3):
    ...     with tg.time_step(t):
    ...         h = w * h
    >>> found = tg.check.diagnose({"w": np.array(-0.75)}, h, {"w": w})
    >>> found.ok, found.verdict, found.findings["w"].verdict
    (False, 'explained', 'sign')
    """

    findings: Mapping[str, Finding]
    explanations: tuple[Explanation, ...]
    experiments: tuple[str, ...] = ()
    tolerance: float = 1e-8
    unusable: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every gradient is right."""
        return bool(self.findings) and all(f.ok for f in self.findings.values())

    @property
    def verdict(self) -> str:
        """``right``, ``explained``, ``unknown``, or ``unusable`` if one cannot be compared."""
        if self.ok:
            return "right"
        if self.unusable:
            return "unusable"
        return "unknown" if self.unknown else "explained"

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names whose gradients are wrong in a way that no explanation reproduces."""
        return tuple(n for n, f in self.findings.items() if f.verdict == "unknown")

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The mistakes of the first explanation."""
        return self.explanations[0].mistakes if self.explanations else ()

    @property
    def names(self) -> tuple[frozenset[str], ...]:
        """The mistakes' names of each explanation."""
        return tuple(frozenset(m.name for m in e.mistakes) for e in self.explanations)

    def __str__(self) -> str:
        return "\n".join([*self._table(), "", *self._text()])

    def _table(self) -> list[str]:
        rows = [
            (f.name, shape_text(f.shape), distance(f.max_rel), f.verdict)
            for f in self.findings.values()
        ]
        return table(("parameter", "shape", "max rel", "diagnosis"), rows)

    def _text(self) -> list[str]:
        if self.ok:
            return [f"all {len(self.findings)} gradients are right, to within {self.tolerance:.0e}"]
        lines = [f"{name}: {fault}" for name, fault in self.unusable.items()]
        shown = self.explanations[:MOST_SHOWN]
        for i, explanation in enumerate(shown):
            if len(shown) > 1:
                lines.append(f"{'either' if i == 0 else 'or'}:")
            lines += said(explanation, "  " if len(shown) > 1 else "")
        if len(self.explanations) > len(shown):
            lines.append(f"or one of {len(self.explanations) - len(shown)} more, see .explanations")
        if len(shown) > 1:
            lines.append("These give the same numbers here. To tell them apart:")
            lines += [f"  {experiment}" for experiment in self.experiments]
        for name in self.unknown:
            lines.append(f"{name}: wrong in a way that is not in the catalogue; the worst entries:")
            lines += [
                f"  {list(index)}: given {given:.6g}, right {right:.6g}"
                for index, given, right in self.findings[name].worst
            ]
        return lines


def said(explanation: Explanation, indent: str) -> list[str]:
    """Say what an explanation says."""
    lines = []
    for mistake, names in explanation.concerned.items():
        who = called(names, explanation.locals)
        lines.append(f"{indent}{who}: {mistake.sentence}.")
        if mistake.reference:
            lines.append(f"{indent}  right: {mistake.reference}")
    if explanation.concerned:
        rest = "the given numbers" if not explanation.unknown else "these gradients"
        size = max(explanation.error, ROUNDING)
        lines.append(f"{indent}This reproduces {rest} to within {size:.0e}.")
    return lines


def distance(x: float) -> str:
    """Write a relative difference; one that only rounding makes is the same on all machines."""
    return f"<{ROUNDING:.0e}" if x < ROUNDING else number(x)


def called(names: Sequence[str], every: Collection[str]) -> str:
    """Call weights by their names, or by those that are not among them where these are fewer."""
    rest = [name for name in every if name not in names]
    if len(names) <= 4 or len(rest) > 3:
        return ", ".join(names) or "here"
    return f"all but {', '.join(rest)}" if rest else "every gradient"


def worst_entries(given: Any, right: Any, tolerance: float) -> Entries:
    """Return the entries that are farthest off, a few of those that are beyond the tolerance."""
    apart = np.abs(given - right)
    least = tolerance * np.max(np.abs(right), initial=0.0)
    order = np.argsort(-np.ravel(apart), kind="stable")[:MOST_SHOWN]
    places: Sequence[tuple[int, ...]] = [
        tuple(int(i) for i in np.unravel_index(k, apart.shape)) for k in order
    ]
    return tuple((i, float(given[i]), float(right[i])) for i in places if apart[i] > least)
