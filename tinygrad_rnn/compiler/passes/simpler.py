"""The table of what is simpler, and how a rule of algebra is entered in it. Imports `program`."""

from __future__ import annotations

from collections.abc import Callable

from ...engine.rule import RULES, Rule
from ..program.steps import Step

Simpler = Callable[[Step], Step | None]

SIMPLER: dict[Rule, list[Simpler]] = {}


def simpler(*names: str) -> Callable[[Simpler], Simpler]:
    """Enter a rule of algebra for the ops of these names: it returns the simpler step, or None."""

    def enter(f: Simpler) -> Simpler:
        for name in names:
            SIMPLER.setdefault(RULES[name], []).append(f)
        return f

    return enter
