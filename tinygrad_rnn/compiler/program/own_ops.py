"""Ops that only programs have: they come from rearranging, never from a function. Imports ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.rule import Rule
from ...ops.softmax import less_one_at


def sum_of(*terms: Any, signs: tuple[int, ...]) -> Any:
    """y = x₁ ± x₂ ± …, in any order"""
    y = sum(x if sign > 0 else -x for x, sign in zip(terms, signs, strict=True))
    return np.asarray(y)[()]


def product_of(*factors: Any) -> Any:
    """y = x₁ · x₂ · …, in any order"""
    y = factors[0]
    for x in factors[1:]:
        y = y * x
    return np.asarray(y)[()]


def packed(x: Any) -> Any:
    """y = x, its entries one after the other in memory"""
    return np.array(x, order="C")


def clone(x: Any) -> Any:
    """y = x, in a place of its own"""
    return np.array(x)


def less_one_hot(p: Any, ids: Any) -> Any:
    """y = p, less 1 at each id"""
    return less_one_at(np.array(p), ids)


SUM_OF = Rule(sum_of, elementwise=True)
PRODUCT_OF = Rule(product_of, elementwise=True)
PACKED = Rule(packed)
CLONE = Rule(clone)
LESS_ONE_HOT = Rule(less_one_hot)
