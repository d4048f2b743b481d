"""A mistake as data: what it is called, what a teacher would say, and where the right line stands.

Imports `sweep`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...engine.graph import Node
from .sweep import Change

PAGE = "docs/derivation.md"


@dataclass(frozen=True)
class Mistake:
    """One thing that a hand-written derivative gets wrong.

    Attributes
    ----------
    name : str
        A few words that stay the same from release to release: ``no carry from t+1``.
    sentence : str
        What is wrong, to be read behind the parameters' names.
    line : str
        The line of ``docs/derivation.md`` where the right formula stands: ``R5``; may be empty.
    formula : str
        That formula, if it is one for this op alone.
    experiment : str
        What to change in the sizes of the problem so that this mistake gives other numbers than
        another that it is mistaken for.
    rare : bool
        Whether it is tried last in the search for pairs.
    finish : callable or None
        Of a mistake that is made with a finished gradient: what it makes of the right one.
    changes : dict from Node to list of callables
        The mistake in the sweep; empty if it is made in a term or at the end.
    """

    name: str
    sentence: str
    line: str = ""
    formula: str = ""
    experiment: str = ""
    changes: Mapping[Node, Sequence[Change]] = field(default_factory=dict, compare=False)
    rare: bool = field(default=False, compare=False)
    finish: Callable[[Any], Any] | None = field(default=None, compare=False)

    @property
    def reference(self) -> str:
        """Where the right formula stands, in words; may be empty."""
        if not self.line:
            return ""
        formula = f": {self.formula}" if self.formula else ""
        return f"{PAGE} ({self.line}){formula}"


def together(mistakes: Sequence[Mistake]) -> dict[Node, list[Change]]:
    """Put the changes of several mistakes into one sweep."""
    merged: dict[Node, list[Change]] = {}
    for mistake in mistakes:
        for node, changes in mistake.changes.items():
            merged.setdefault(node, []).extend(changes)
    return merged
