"""Products in the form that is quickest for the machine. Imports `program`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.rule import RULES
from ..program.own_ops import PACKED
from ..program.program import Program
from ..program.steps import PARAMETER, Step, constant, step
from .kinds import varying

MATMUL, SUM, TRANSPOSE = RULES["matmul"], RULES["sum"], RULES["transpose"]
RESHAPE = RULES["reshape"]
OFTEN = 8  # products with one weight, from which on it is worth to be copied
SEVERAL = 8  # rows; a vector is multiplied as quickly by a transposed matrix
SMALL = 100**3  # multiplications, up to which the kernel wants the weight to begin at a cache line


def pack(program: Program) -> Program:
    """Copy a weight once to where its product is quickest, and sum rows by a product."""
    uses: dict[Step, int] = {}
    for s in program.steps:
        if s.rule is MATMUL:
            uses[s.inputs[1]] = uses.get(s.inputs[1], 0) + 1
    varies = varying(program)
    packed: dict[Step, Step] = {}
    made: dict[tuple[int, str], Step] = {}

    def ones(n: int, dtype: np.dtype[Any]) -> Step:
        key = (n, dtype.str)
        if key not in made:
            made[key] = constant(np.ones(n, dtype))
        return made[key]

    def is_worth_it(x: Step, weight: Step) -> bool:
        if weight in varies or uses[weight] < OFTEN or x.ndim != 2 or x.shape[0] < SEVERAL:
            return False
        return weight.rule is TRANSPOSE or (
            weight.kind == PARAMETER and x.shape[0] * weight.size <= SMALL
        )

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        if s.rule is MATMUL and is_worth_it(*s.inputs):
            x, weight = inputs
            if weight not in packed:
                packed[weight] = step(PACKED, [weight], scope=s.scope)
            return step(MATMUL, [x, packed[weight]], scope=s.scope)
        if s.rule is SUM and is_over_rows(s):
            table = step(RESHAPE, inputs, {"shape": (-1, s.size)}, s.scope)
            y = step(MATMUL, [ones(table.shape[0], s.dtype), table], scope=s.scope)
            return step(RESHAPE, [y], {"shape": s.shape}, s.scope)
        if s.rule is SUM and is_along_rows(s):
            width = s.inputs[0].shape[-1]
            table = step(RESHAPE, inputs, {"shape": (-1, width)}, s.scope)
            y = step(MATMUL, [table, ones(width, s.dtype)], scope=s.scope)
            return step(RESHAPE, [y], {"shape": s.shape}, s.scope)
        return s.on(inputs)

    return program.rewritten(rewrite)


def is_over_rows(s: Step) -> bool:
    """Say whether a sum goes over the first axes of an array, all but the last ones."""
    (x,) = s.inputs
    axis = s.params.get("axis")
    if axis is None or not is_exact(s) or s.size == x.size or s.size < 2:
        return False
    axes = sorted(i % x.ndim for i in (axis if isinstance(axis, (tuple, list)) else (axis,)))
    return axes == list(range(len(axes)))


def is_along_rows(s: Step) -> bool:
    """Say whether a sum goes along the last axis, and each row is long enough for a product."""
    (x,) = s.inputs
    axis = s.params.get("axis")
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    if None in axes or not is_exact(s) or s.dtype != x.dtype or s.size < 2:
        return False
    return [i % x.ndim for i in axes] == [x.ndim - 1] and x.shape[-1] >= SEVERAL


def is_exact(s: Step) -> bool:
    """Say whether a long sum is as exact where a product makes it: in float16 it is not."""
    return bool(s.dtype.kind == "f" and s.dtype.itemsize >= 4)
