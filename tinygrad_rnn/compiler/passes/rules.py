"""Ops that only programs have: they come from rearranging, never from a function. Imports NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.rule import Rule


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


def less_one_hot(p: Any, ids: Any) -> Any:
    """y = p, less 1 at each id"""
    y = np.array(p)
    less_one_at(y, ids)
    return y


def less_one_at(y: np.ndarray, ids: Any) -> None:
    """Take 1 off at the id of each row."""
    rows = y.reshape(-1, y.shape[-1])
    rows[np.arange(len(rows)), np.ravel(ids)] -= 1


SUM_OF = Rule(sum_of, elementwise=True)
PRODUCT_OF = Rule(product_of, elementwise=True)
PACKED = Rule(packed)
LESS_ONE_HOT = Rule(less_one_hot)
