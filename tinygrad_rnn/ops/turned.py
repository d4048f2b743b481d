"""Transposes of weights that many products use, each copied once. Imports NumPy only.

BLAS multiplies few rows with Wᵀ a third more quickly, or several times so, where Wᵀ lies in memory
row by row than where it is a view of W. Whoever keeps a copy must know that the weight has not
changed meanwhile. An op does not; a layer does, for the steps that it takes in one call.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

FEW, MANY = 4, 10  # rows with which, and products for which, a copy pays
STRIP = 64  # rows that are turned together: more would drive each other out of the cache

copies: ContextVar[dict[int, tuple[np.ndarray, np.ndarray]] | None] = ContextVar(
    "tinygrad_rnn_turned", default=None
)


@contextmanager
def weights_stay(products: int) -> Iterator[None]:
    """Promise that no weight changes inside, where each is to take part in so many products."""
    token = copies.set({} if products >= MANY else None)
    try:
        yield
    finally:
        copies.reset(token)


def turned(weight: np.ndarray, rows: int) -> np.ndarray:
    """Return Wᵀ for a product with so many rows: a copy where weights stay as they are."""
    made = copies.get()
    if made is None or rows < FEW:
        return weight.T
    if id(weight) not in made:
        made[id(weight)] = weight, in_rows(weight.T)  # held, so that no other takes its id
    return made[id(weight)][1]


def in_rows(view: np.ndarray) -> np.ndarray:
    """Return a transposed matrix row by row: a copy, unless it lies so already."""
    if view.flags.c_contiguous:
        return view
    copy = np.empty(view.shape, view.dtype)
    for start in range(0, view.shape[1], STRIP):
        copy[:, start : start + STRIP] = view[:, start : start + STRIP]
    return copy
