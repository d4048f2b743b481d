"""Long products in parts, of which some can be computed before the last row is there.

Imports `costs`, `passes` and `program`. The gradient of a recurrent weight is a product over the
rows of all time steps. As a sum of products over some rows each it keeps a second core busy while
the first one is still on its way back through time. The parts are added in a fixed order.
"""

from __future__ import annotations

from itertools import pairwise

from ..engine.rule import RULES
from .costs import seconds
from .passes.kinds import Labels
from .program import Program
from .steps import Step, step

ADD, GETITEM, MATMUL = (RULES[name] for name in ("add", "getitem", "matmul"))
PARTS = 8  # at most
PART = 0.25e-3  # seconds that one takes at least
ROWS = 256  # of a part at least, so that adding it is little beside multiplying


def divided(program: Program) -> Program:
    """Return the program with its long products in parts."""
    varies = Labels(program).varies

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        if s.rule is MATMUL and all(x.ndim == 2 and x in varies for x in s.inputs):
            parts = min(PARTS, int(seconds(s) / PART), s.inputs[1].shape[0] // ROWS)
            if parts > 1:
                return sum_of_parts(s, inputs, parts)
        return s.on(inputs)

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
