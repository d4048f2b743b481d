"""Which ops make views: results that are their input's memory, seen with other strides.

Imports the ops' rules and `shapes`. Such an op costs nothing where its input has a place. And the
other way round: which ops join arrays into one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.rule import RULES, Rule
from ...ops import broadcast_to, concatenate, flip, getitem, reshape, stack, transpose
from .shapes import Shape


def packed_strides(shape: Shape, itemsize: int) -> Shape:
    """Return the strides of an array whose entries lie one after the other."""
    strides = []
    for n in reversed(shape):
        strides.append(itemsize)
        itemsize *= n
    return tuple(reversed(strides))


def reshaped(x: np.ndarray, shape: Any) -> np.ndarray | None:
    """Return `x` in another shape, as a view; None where that takes a copy."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if -1 in shape:
        rest = math.prod(n for n in shape if n != -1)
        shape = tuple(x.size // rest if n == -1 else n for n in shape)
    if x.size == 0:
        return np.lib.stride_tricks.as_strided(x, shape, packed_strides(shape, x.itemsize))
    old = [(n, s) for n, s in zip(x.shape, x.strides, strict=True) if n != 1]
    merged: list[tuple[int, int]] = []  # axes that can be walked as one
    for n, s in old:
        if merged and merged[-1][1] == n * s:
            merged[-1] = (merged[-1][0] * n, s)
        else:
            merged.append((n, s))
    strides = []
    left = iter(reversed(merged))
    n, s = next(left, (1, x.itemsize))
    for wanted in reversed(shape):
        if n == 1 and wanted != 1:
            n, s = next(left, (1, s))
        if n % wanted:
            return None
        strides.append(s)
        n, s = n // wanted, s * wanted
    return np.lib.stride_tricks.as_strided(x, shape, tuple(reversed(strides)))


JOINS: tuple[Rule, ...] = (stack.rule, concatenate.rule)

# What a rule's result is as a view of its input.
VIEWS: dict[Rule, Callable[..., np.ndarray | None]] = {
    RULES["alias"]: lambda x: x,
    reshape.rule: lambda x, *, shape: reshaped(x, shape),
    transpose.rule: lambda x, *, axes=None: x.transpose(axes),
    broadcast_to.rule: lambda x, *, shape: np.broadcast_to(x, shape),
    # Of a single entry NumPy returns a number, which lies elsewhere.
    flip.rule: lambda x, *, axis=None: np.flip(x, axis) if x.ndim else x,
    # With an ellipsis even a single entry is a region, and is not read.
    getitem.rule: lambda x, *, index: x[index if Ellipsis in index else (*index, Ellipsis)],
}
