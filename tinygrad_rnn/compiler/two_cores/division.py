"""Long products in parts, of which some can be computed beside others. Imports `calls`, `passes`.

The gradient of a recurrent weight is a product over the rows of all time steps. As a sum of
products over some rows each, added in a fixed order, it keeps a second core busy while the first
one is still on its way back through time. A product that the way itself leads through is divided
into two, of some rows or columns each, if it is long enough for two cores to meet for it.
"""

from __future__ import annotations

from itertools import pairwise

from ...engine.rule import RULES
from ...ops import concatenate
from ..calls.costs import seconds
from ..passes.kinds import Labels
from ..program.program import Program
from ..program.steps import Step, step

ADD, GETITEM, MATMUL = (RULES[name] for name in ("add", "getitem", "matmul"))
PARTS = 8  # at most
PART = 0.25e-3  # seconds that one takes at least
ROWS = 256  # of a part at least, so that adding it is little beside multiplying
HALVED = 0.4e-3  # seconds of a product that two cores meet for
AHEAD = 60e-6  # seconds that the core which comes to it begins before the other
WHOLE = 32  # columns that BLAS computes together


def divided(program: Program) -> Program:
    """Return the program with its long products in parts."""
    varies = Labels(program).varies

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        if s.rule is not MATMUL or s.inputs[1].ndim != 2:
            return s.on(inputs)
        if all(x.ndim == 2 and x in varies for x in s.inputs):
            parts = min(PARTS, int(seconds(s) / PART), s.inputs[1].shape[0] // ROWS)
            return sum_of_parts(s, inputs, parts) if parts > 1 else s.on(inputs)
        return two_parts(s, inputs) if seconds(s) >= HALVED else s.on(inputs)

    return program.rewritten(rewrite)


def sum_of_parts(s: Step, inputs: tuple[Step, ...], parts: int) -> Step:
    """Return a product as the sum of products of some columns of one and rows of the other.

    From the last rows to the first: in this order the way back through time makes them.
    """
    a, b = inputs
    rows = b.shape[0]
    total = None
    for i, j in reversed([*pairwise(rows * k // parts for k in range(parts + 1))]):
        columns = step(GETITEM, [a], {"index": (slice(None), slice(i, j))})
        part = step(MATMUL, [columns, step(GETITEM, [b], {"index": (slice(i, j),)})], scope=s.scope)
        total = part if total is None else step(ADD, [total, part], scope=s.scope)
    assert total is not None
    return total


def two_parts(s: Step, inputs: tuple[Step, ...]) -> Step:
    """Return a product as two: of some rows each, or of some columns if there are more of them.

    The first is the larger one, so that nobody waits for the second, which begins later.
    """
    a, b = inputs
    columns = s.shape[-1]
    by_columns = s.size < columns * columns
    length, whole = (columns, WHOLE) if by_columns else (s.shape[0], 1)
    first = round(length * (1 + AHEAD / seconds(s)) / 2 / whole) * whole
    if not 0 < first < length:
        return s.on(inputs)
    parts = []
    for piece in (slice(0, first), slice(first, length)):
        if by_columns:
            operands = [a, step(GETITEM, [b], {"index": (slice(None), piece)})]
        else:
            operands = [step(GETITEM, [a], {"index": (piece,)}), b]
        parts.append(step(MATMUL, operands, scope=s.scope))
    axis = s.ndim - 1 if by_columns else 0
    return step(concatenate.rule, parts, {"axis": axis}, s.scope)
