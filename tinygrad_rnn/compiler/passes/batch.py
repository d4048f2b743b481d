"""Steps of one kind that do not wait for each other become one step on a stack. Imports `clock`.

What is of one kind has the same op, settings and shapes, and operands of the same origin. Which of
them wait for each other is told by levels: the level of a step is how many of its kind come before
it on the longest way. Two steps of one level have no way between them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ...engine.rule import RULES
from ..program.program import Program
from ..program.steps import Step, step
from .clock import Clock, drawn_in_turn
from .kinds import BY_ROWS, REDUCTIONS, Labels, place_of

GETITEM, MATMUL, RESHAPE, STACK = (RULES[n] for n in ("getitem", "matmul", "reshape", "stack"))
TAKE, TRANSPOSE = RULES["take"], RULES["transpose"]
CHUNK = 512 * 1024  # bytes that are worked on together: they stay in the cache until they are used
ALONE = 64 * 1024  # bytes, from which on a call of its own costs nothing beside the work
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
        if all(is_same(column) for column in zip(*(s.inputs for s in moved), strict=True)):
            # Their operands became the same.
            new.update(dict.fromkeys(members, moved[0]))
            continue
        whole = together(moved)
        for i, s in enumerate(members):
            new[s] = step(GETITEM, [whole], {"index": (i,)}, s.scope)
    return program.replaced(new)


def is_same(column: tuple[Step, ...]) -> bool:
    """Say whether steps of one kind share an operand; numbers are equal, though a step each."""
    return column[0].is_number or all(x is column[0] for x in column)


def grouped(program: Program, clock: Clock) -> list[list[Step]]:
    """List the groups of steps that can be made one."""
    label = Labels(program)
    kinds: dict[Any, list[Step]] = {}
    for s in program.computed():
        key = label.key(s)
        if key is not None:  # what the outputs need must not wait for the way back
            kinds.setdefault((key, s in clock.late), []).append(s)
    candidates = [steps for steps in kinds.values() if len(steps) > 1]
    if len(candidates) > KINDS:
        candidates = sorted(candidates, key=len, reverse=True)[:KINDS]
    kind_of = {s: k for k, steps in enumerate(candidates) for s in steps}
    levels: dict[Step, np.ndarray] = {}  # of each step: its level among the steps of each kind
    nothing = np.zeros(len(candidates), np.int32)
    for s in program.steps:
        level = highest([before for x in s.inputs if (before := levels[x]) is not nothing], nothing)
        k = kind_of.get(s)
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


def highest(levels: list[np.ndarray], nothing: np.ndarray) -> np.ndarray:
    """Return the largest level for each kind; a step of one operand shares its operand's array."""
    if not levels:
        return nothing
    if len(levels) == 1 or (len(levels) == 2 and levels[0] is levels[1]):
        return levels[0]
    return np.maximum(*levels) if len(levels) == 2 else np.maximum.reduce(levels)


def chunks(members: list[Step]) -> list[list[Step]]:
    """Split a group, in order of time, where its results would take too much of the cache."""
    s = members[0]
    nbytes = s.size * s.dtype.itemsize or 1
    size = CHUNK // nbytes if nbytes < ALONE else 0
    if s.rule is MATMUL:
        size = max(size, ROWS // max(s.size // s.shape[-1], 1))
    if size < 2:
        return []
    return halved(members, size)


def halved(members: list[Step], size: int) -> list[list[Step]]:
    """Halve a group until its parts are small enough: a small part lies within a larger one."""
    if len(members) <= size:
        return [members]
    middle = -(-len(members) // 2)
    return halved(members[:middle], size) + halved(members[middle:], size)


def contracted(program: Program, groups: list[list[Step]]) -> Iterator[list[Step]]:
    """List groups and single steps so that everything comes after what it needs.

    Two groups of different kinds may wait for each other; then one of them is given up, the
    smallest of those that wait, and its members go on one by one.
    """
    unit_of: dict[Step, int] = {s: g for g, members in enumerate(groups) for s in members}
    units = [list(members) for members in groups]
    for s in program.steps:
        if s not in unit_of:
            unit_of[s] = len(units)
            units.append([s])
    users = program.users()
    waits = [sum(len(s.inputs) for s in members) for members in units]
    for before, after in pairwise(drawn_in_turn(program)):  # which are in no group
        users[before].append(after)
        waits[unit_of[after]] += 1
    first = [min(s.order for s in members) for members in units]
    ready = deque(sorted((u for u, n in enumerate(waits) if n == 0), key=first.__getitem__))
    smallest = sorted(range(len(groups)), key=lambda g: (len(groups[g]), g), reverse=True)
    is_done = [False] * len(units)
    while True:
        while ready:
            u = ready.popleft()
            is_done[u] = True
            yield units[u]
            freed: list[int] = []
            for s in units[u]:
                for v in map(unit_of.__getitem__, users[s]):
                    waits[v] -= 1
                    if waits[v] == 0:
                        freed.append(v)
            ready.extend(sorted(freed))
        while smallest and is_done[smallest[-1]]:
            smallest.pop()
        if not smallest:
            return
        for s in units[smallest.pop()]:
            unit_of[s] = len(units)
            waits.append(sum(not is_done[unit_of[x]] for x in s.inputs))
            if waits[-1] == 0:
                ready.append(len(units))
            units.append([s])
            is_done.append(False)


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
        params["axis"] = tuple(i % ndim + 1 for i in axes if ndim)  # a number may have axis 0
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
