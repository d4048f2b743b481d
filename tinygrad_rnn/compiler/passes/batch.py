"""Steps of one kind that do not wait for each other become one step on a stack. Imports `clock`.

What is of one kind has the same op, settings and shapes, and operands of the same origin. Which of
them wait for each other is told by levels: the level of a step is how many of its kind come before
it on the longest way. Two steps of one level have no way between them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...engine.rule import RULES
from ..program import Program
from ..steps import Step, step
from .clock import Clock
from .kinds import BY_ROWS, REDUCTIONS, Labels, place_of

GETITEM, MATMUL, RESHAPE, STACK = (RULES[n] for n in ("getitem", "matmul", "reshape", "stack"))
TAKE, TRANSPOSE = RULES["take"], RULES["transpose"]
CHUNK = 512 * 1024  # bytes that are worked on together: they stay in the cache until they are used
ROWS = 128  # that make a matrix product efficient
KINDS = 256  # that are looked at, those of most steps first: each step has a level for each
ALONE_ENOUGH = 4  # steps of a level, if there are several levels


def batch(program: Program) -> Program:
    """Make one step of steps of the same kind that do not wait for each other."""
    groups = grouped(program, Clock(program))
    new: dict[Step, Step] = {}
    for members in contracted(program, groups):
        if len(members) == 1:
            (s,) = members
            new[s] = s if s.rule is None else s.on(new[x] for x in s.inputs)
            continue
        moved = [s.on(new[x] for x in s.inputs) for s in members]
        if all(s.inputs == moved[0].inputs for s in moved):  # their operands became the same
            new.update(dict.fromkeys(members, moved[0]))
            continue
        whole = together(moved)
        for i, s in enumerate(members):
            new[s] = step(GETITEM, [whole], {"index": (i,)}, s.scope)
    return program.replaced(new)


def grouped(program: Program, clock: Clock) -> list[list[Step]]:
    """List the groups of steps that can be made one."""
    label = Labels(program)
    kinds: dict[Any, list[Step]] = {}
    for s in program.computed():
        key = label.key(s)
        if key is not None:
            kinds.setdefault(key, []).append(s)
    candidates = [steps for steps in kinds.values() if len(steps) > 1]
    if len(candidates) > KINDS:
        candidates = sorted(candidates, key=len, reverse=True)[:KINDS]
    kind_of = {s: k for k, steps in enumerate(candidates) for s in steps}
    levels: dict[Step, np.ndarray] = {}  # of each step: its level among the steps of each kind
    nothing = np.zeros(len(candidates), np.int32)
    for s in program.steps:
        before = [levels[x] for x in s.inputs if levels[x] is not nothing]
        k = kind_of.get(s)
        if not before and k is None:
            levels[s] = nothing
            continue
        level = np.maximum.reduce(before) if before else nothing
        if k is not None:
            level = level.copy()
            level[k] += 1
        levels[s] = level
    groups = []
    for k, steps in enumerate(candidates):
        by_level: dict[int, list[Step]] = {}
        for s in steps:
            by_level.setdefault(int(levels[s][k]), []).append(s)
        enough = 2 if len(by_level) == 1 else ALONE_ENOUGH
        for members in by_level.values():
            if len(members) >= enough:
                groups += chunks(sorted(members, key=clock.time))
    return groups


def chunks(members: list[Step]) -> list[list[Step]]:
    """Split a group, in order of time, where its results would take too much of the cache."""
    s = members[0]
    size = CHUNK // (s.size * s.dtype.itemsize or 1)
    if s.rule is MATMUL:
        size = max(size, ROWS // max(s.size // s.shape[-1], 1))
    if size < 2:
        return []
    count = -(-len(members) // size)
    size = -(-len(members) // count)  # of equal length, as nearly as can be
    return [members[i : i + size] for i in range(0, len(members), size)]


def contracted(program: Program, groups: list[list[Step]]) -> Iterator[list[Step]]:
    """List groups and single steps so that everything comes after what it needs.

    Two groups of different kinds may wait for each other; then one of them is given up.
    """
    while True:
        unit_of: dict[Step, int] = {s: g for g, members in enumerate(groups) for s in members}
        units = [list(members) for members in groups]
        for s in program.steps:
            if s not in unit_of:
                unit_of[s] = len(units)
                units.append([s])
        waits = [0] * len(units)
        then: list[list[int]] = [[] for _ in units]
        for u, members in enumerate(units):
            needs = {unit_of[x] for s in members for x in s.inputs}
            waits[u] = len(needs)
            for n in needs:
                then[n].append(u)
        first = {u: min(s.order for s in members) for u, members in enumerate(units)}
        ready = deque(sorted((u for u, n in enumerate(waits) if n == 0), key=first.__getitem__))
        done: list[int] = []
        while ready:
            u = ready.popleft()
            done.append(u)
            for v in then[u]:
                waits[v] -= 1
                if waits[v] == 0:
                    ready.append(v)
        if len(done) == len(units):
            yield from (units[u] for u in done)
            return
        stuck = [g for g in range(len(groups)) if waits[g] > 0]
        given_up = min(stuck, key=lambda g: len(groups[g]))
        groups = [members for g, members in enumerate(groups) if g != given_up]


def together(members: list[Step]) -> Step:
    """Return one step that does what the members do, on their operands stacked."""
    s, n = members[0], len(members)
    rule = s.rule
    assert rule is not None
    columns = list(zip(*(m.inputs for m in members), strict=True))
    if rule is MATMUL:
        return product(s, n, columns)
    operands = []
    for column in columns:
        x = column[0]
        if x.is_number or (all(y is x for y in column) and (rule.elementwise or rule is TAKE)):
            operands.append(x)
            continue
        stacked = step(STACK, column, {"axis": 0})
        if rule.elementwise and x.ndim < s.ndim:
            shape = (n, *(1,) * (s.ndim - x.ndim), *x.shape)
            stacked = step(RESHAPE, [stacked], {"shape": shape})
        operands.append(stacked)
    return step(rule, operands, one_axis_more(s), place_of(s.scope))


def one_axis_more(s: Step) -> dict[str, Any]:
    """Return an op's settings for inputs that have one more leading axis."""
    params = dict(s.params)
    if s.rule in REDUCTIONS:
        axis, ndim = params.get("axis"), s.inputs[0].ndim
        axes = range(ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
        params["axis"] = tuple(i % ndim + 1 for i in axes)
    elif s.rule in BY_ROWS and params.get("axis", -1) >= 0:
        params["axis"] += 1
    return params


def product(s: Step, n: int, columns: list[tuple[Step, ...]]) -> Step:
    """Return the products of n operands with one weight as a single one, of all their rows."""
    left, right = columns
    if all(W is left[0] for W in left) and right[0].ndim == 1:  # W @ x
        weight = step(TRANSPOSE, [left[0]])
        return step(MATMUL, [step(STACK, right, {"axis": 0}), weight], scope=place_of(s.scope))
    stacked = step(STACK, left, {"axis": 0})  # (n, rows, K), or (n, K)
    rows = step(RESHAPE, [stacked], {"shape": (-1, stacked.shape[-1])})
    y = step(MATMUL, [rows, right[0]], scope=place_of(s.scope))
    return step(RESHAPE, [y], {"shape": (n, *s.shape)})
