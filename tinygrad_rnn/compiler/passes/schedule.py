"""When each step is run: as late as it can be, so that what it makes is still in the cache.

Imports `program`, `clock`.
"""

from __future__ import annotations

from ..program.program import Program
from ..program.steps import Step, by_making
from ..program.views import VIEWS
from .clock import drawn_in_turn


def in_turn(program: Program) -> Program:
    """Return the program with its random numbers drawn in the order of the function."""
    random = drawn_in_turn(program)
    return program if random == sorted(random, key=by_making) else schedule(program)


def schedule(program: Program) -> Program:
    """Bring the steps into the order in which they are needed, the longest way first."""
    depth: dict[Step, int] = {}
    for s in program.steps:
        before = max((depth[x] for x in s.inputs), default=0)
        depth[s] = before + (s.rule is not None and s.rule not in VIEWS)
    random = drawn_in_turn(program)
    drawn_before = dict(zip(random[1:], random, strict=False))
    new: dict[Step, Step] = {}
    stack = [(s, False) for s in reversed(program.roots)]
    while stack:
        s, is_ready = stack.pop()
        if s in new:
            continue
        if is_ready or s.rule is None:
            new[s] = s if s.rule is None else s.again(new[x] for x in s.inputs)
            continue
        stack.append((s, True))
        needed = sorted(s.inputs, key=depth.__getitem__)
        if s in drawn_before:
            needed.append(drawn_before[s])
        stack += [(x, False) for x in needed if x not in new]
    return program.replaced(new)
