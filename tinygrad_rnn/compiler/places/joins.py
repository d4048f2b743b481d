"""Stacks and concatenations: what their members are, and where in memory each of them goes.

Imports the ops' rules and `program`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.rule import RULES
from ...ops import reshape, stack
from ..program.own_ops import CLONE
from ..program.program import Program
from ..program.steps import Step, step
from ..program.views import JOINS, VIEWS


def with_clones(program: Program) -> Program:
    """Clone what a stack holds beside the program's own results: the state to begin with."""

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        if s.rule in JOINS and axis_of(s) == 0:
            owned = [whole(x) is not None or rows_of(x) is not None for x in inputs]
            if any(owned) and not all(owned):
                inputs = tuple(
                    x if mine else step(CLONE, [x]) for x, mine in zip(inputs, owned, strict=True)
                )
        return s.on(inputs)

    return program.rewritten(rewrite)


def axis_of(join: Step) -> int:
    """Return the axis along which a join joins; of flattened arrays the only one."""
    axis = join.params.get("axis", 0)
    return 0 if axis is None else int(axis) % join.ndim


def places_in(join: Step) -> list[Any]:
    """Return at which index of a join each of its members goes."""
    axis = axis_of(join)
    before = (slice(None),) * axis
    if join.rule is stack.rule:
        return [(*before, i, ...) for i in range(len(join.inputs))]  # a region, if 0-d
    ends = np.cumsum([x.shape[axis] for x in join.inputs]).tolist()
    return [(*before, slice(a, b)) for a, b in zip([0, *ends], ends, strict=False)]


def whole(x: Step) -> Step | None:
    """Return the op whose result `x` is, all of it and in order; None for leaves and parts."""
    while x.rule in (reshape.rule, RULES["alias"]):
        x = x.inputs[0]
    if x.rule is None or (x.rule in VIEWS and len(x.inputs) == 1):
        return None
    return x


def rows_of(x: Step) -> tuple[int, Step] | None:
    """Return (i, s) where `x` is the i-th row of a whole result s."""
    while x.rule is reshape.rule:
        x = x.inputs[0]
    index = x.params.get("index", ())
    if x.rule is not RULES["getitem"] or len(index) != 1 or type(index[0]) is not int:
        return None
    owner = whole(x.inputs[0])
    return None if owner is None else (index[0], owner)


def part_of(x: Step) -> tuple[Step | None, list[Any]]:
    """Return the result that `x` is a view of, and what is done to it, step by step."""
    views = []
    while x.rule in VIEWS and len(x.inputs) == 1:
        views.append((x.rule, x.settings, x.shape, x.inputs[0].shape))
        x = x.inputs[0]
    return (x if x.rule is not None else None), views


def elements(join: Step) -> list[Step] | None:
    """Return the results whose memory, one after the other, would be the join's; None if none."""
    if join.rule is stack.rule:
        seen = [part_of(x) for x in join.inputs]
        if all(view == seen[0][1] and owner is not None for owner, view in seen) and seen[0][1]:
            return [owner for owner, _ in seen if owner is not None]  # the same part of each
    chain: list[Step] = []
    complete = True  # whether the last element is there to its end
    row = 0
    for x in join.inputs:
        owner, found = whole(x), rows_of(x)
        if found is not None and chain and found == (row + 1, chain[-1]):
            row += 1
        elif not complete or (owner is None and (found is None or (chain and found[0] != 0))):
            return None
        elif owner is not None:
            chain.append(owner)
        elif found is not None:
            row = found[0]
            chain.append(found[1])
        complete = owner is not None or row == chain[-1].shape[0] - 1
    return chain


def in_a_row(join: Step) -> bool:
    """Say whether a join's members are rows of one array already."""
    sources = {x.inputs[0] for x in join.inputs if x.rule is RULES["getitem"]}
    return len(sources) == 1 and all(x.rule is RULES["getitem"] for x in join.inputs)
