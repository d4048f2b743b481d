"""What `simplify` knows about numbers. Imports `simpler` and `program`.

Every rule holds for each entry by itself, up to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.rule import RULES
from ..program.own_ops import LESS_ONE_HOT
from ..program.steps import Step, constant, step
from .simpler import simpler

SEVERAL = 8  # multiplications that are quicker than as many divisions, and one division beside
PRECISE = (np.dtype(np.float32), np.dtype(np.float64))  # an inverse lies within their range


def number(x: Step) -> Any:
    """Return the Python number that a step is; None if it is an array."""
    return x.value if x.is_number else None


def is_normal(x: float, dtype: Any) -> bool:
    """Say whether a number has all its digits in a dtype: that it is not too large or small."""
    limits = np.finfo(dtype)
    return float(limits.tiny) <= abs(x) <= float(limits.max)


@simpler("multiply")
def times_one(s: Step) -> Step | None:
    """x · 1 = x"""
    a, b = s.inputs
    return a if number(b) == 1 else b if number(a) == 1 else None


@simpler("add")
def plus_zero(s: Step) -> Step | None:
    """x + 0 = x"""
    a, b = s.inputs
    return a if number(b) == 0 else b if number(a) == 0 else None


@simpler("divide")
def by_a_number(s: Step) -> Step | None:
    """x / n = x · (1 / n)"""
    a, b = s.inputs
    if not number(b) or s.dtype != a.dtype or s.dtype.kind != "f":
        return None
    if not is_normal(1 / b.value, s.dtype):
        return None  # 1 / n is no number of this dtype, or one of few digits
    return step(RULES["multiply"], [a, constant(1 / b.value)], scope=s.scope)


@simpler("divide")
def by_fewer(s: Step) -> Step | None:
    """x / n = x · (1 / n), where there are many x for each n, as in a softmax"""
    a, b = s.inputs
    if a.is_number or b.is_number:
        return None
    if not a.dtype == b.dtype == s.dtype or s.dtype not in PRECISE:
        return None  # the inverse would have the digits of n, not those of the fraction
    if b.size * SEVERAL > a.size:
        return None
    inverse = step(RULES["divide"], [constant(1.0), b], scope=s.scope)
    return step(RULES["multiply"], [a, inverse], scope=s.scope)


@simpler("power")
def small_power(s: Step) -> Step | None:
    """x¹ = x, x² = x · x"""
    a, b = s.inputs
    if number(b) == 2:
        return step(RULES["multiply"], [a, a], scope=s.scope)
    return a if number(b) == 1 else None


@simpler("negative")
def twice_negative(s: Step) -> Step | None:
    """−(−x) = x"""
    (x,) = s.inputs
    return x.inputs[0] if x.rule is s.rule else None


@simpler("astype")
def same_dtype(s: Step) -> Step | None:
    """x in its own dtype is x"""
    return s.inputs[0]


@simpler("subtract")
def softmax_less_target(s: Step) -> Step | None:
    """P − one_hot(ids) needs no array of zeros."""
    p, x = s.inputs
    if x.rule is not RULES["one_hot"] or x.params.get("ignore_index") is not None:
        return None
    if p.shape != x.shape or p.dtype != x.dtype:
        return None
    return step(LESS_ONE_HOT, [p, x.inputs[0]], scope=s.scope)
