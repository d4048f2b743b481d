"""Products in the form that is quickest for the machine. Imports `program` and `rules`."""

from __future__ import annotations

import numpy as np

from ...engine.rule import RULES
from ..program import Program
from ..steps import Step, constant, step
from .kinds import varying
from .rules import PACKED

MATMUL, SUM, TRANSPOSE = RULES["matmul"], RULES["sum"], RULES["transpose"]
RESHAPE = RULES["reshape"]
OFTEN = 8  # products with one weight, from which on it is worth to be copied
SEVERAL = 8  # rows; a vector is multiplied as quickly by a transposed matrix
LARGE = 2**20  # bytes, from which on copying takes longer than it saves


def pack(program: Program) -> Program:
    """Transpose a weight once instead of at each time step, and sum rows by a product."""
    uses: dict[Step, int] = {}
    for s in program.steps:
        if s.rule is MATMUL:
            uses[s.inputs[1]] = uses.get(s.inputs[1], 0) + 1
    varies = varying(program)
    packed: dict[Step, Step] = {}
    ones: dict[tuple[int, str], Step] = {}

    def is_worth_it(x: Step, weight: Step) -> bool:
        return (
            weight.rule is TRANSPOSE
            and weight not in varies
            and uses[weight] >= OFTEN
            and x.ndim == 2
            and x.shape[0] >= SEVERAL
            and weight.size * weight.dtype.itemsize <= LARGE
        )

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        if s.rule is MATMUL and is_worth_it(*s.inputs):
            x, weight = inputs
            if weight not in packed:
                packed[weight] = step(PACKED, [weight], scope=s.scope)
            return step(MATMUL, [x, packed[weight]], scope=s.scope)
        if s.rule is SUM and is_over_rows(s):
            (x,) = inputs
            width = s.size
            rows = x.size // width
            key = (rows, x.dtype.str)
            if key not in ones:
                ones[key] = constant(np.ones(rows, x.dtype))
            table = step(RESHAPE, [x], {"shape": (rows, width)})
            y = step(MATMUL, [ones[key], table], scope=s.scope)
            return step(RESHAPE, [y], {"shape": s.shape})
        return s.on(inputs)

    return program.rewritten(rewrite)


def is_over_rows(s: Step) -> bool:
    """Say whether a sum goes over the first axes of an array, all but the last ones."""
    (x,) = s.inputs
    axis = s.params.get("axis")
    if axis is None or s.dtype.kind != "f" or s.size == 0 or s.size == x.size or s.size < 2:
        return False
    axes = sorted(i % x.ndim for i in (axis if isinstance(axis, (tuple, list)) else (axis,)))
    return axes == list(range(len(axes)))
