"""The same with fewer steps: equal steps become one, and what undoes itself goes.

Imports `program`, and the rules of algebra: `arithmetic` and `arrangement`.
"""

from __future__ import annotations

from typing import Any

from ...engine.rule import RULES
from ..program.program import Program
from ..program.shapes import frozen
from ..program.steps import Step, by_making
from . import arithmetic, arrangement  # noqa: F401 (they enter their rules)
from .simpler import SIMPLER

COMMUTATIVE = {RULES["add"], RULES["multiply"]}


def simplify(program: Program) -> Program:
    """Merge equal steps, and replace steps by simpler ones."""
    known: dict[Any, Step] = {}

    def merged(s: Step) -> Step:
        """Return the step that computes the same, if there is one already."""
        assert s.rule is not None
        if s.rule.random:
            return s
        inputs: tuple[Any, ...] = s.inputs
        if any([x.is_number for x in inputs]):
            inputs = tuple([("number", frozen(x.value)) if x.is_number else x for x in inputs])
        elif s.rule in COMMUTATIVE:
            inputs = tuple(sorted(inputs, key=by_making))
        return known.setdefault((s.rule, inputs, s.settings), s)

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        s = merged(s.on(inputs))
        while s.rule is not None:
            better = None
            for simpler_form in SIMPLER.get(s.rule, ()):
                better = better or simpler_form(s)
            if better is None or (better.shape, better.dtype) != (s.shape, s.dtype):
                break
            s = better if better.rule is None else merged(better)
        return s

    return program.rewritten(rewrite)
