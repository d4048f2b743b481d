"""The candidates for one weight's gradient, side by side, so that they are compared at once.

Imports `mistake`, `finishing`, `clipping`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .mistake import Mistake


class Bank:
    """The candidates for one weight's gradient on one road, as rows of a matrix."""

    __slots__ = ("locals", "misshapen", "rows", "sizes")

    def __init__(self, right: Any, candidates: dict[Mistake, Any]) -> None:
        self.locals: list[Mistake | None] = [None]
        self.misshapen = {m: a for m, a in candidates.items() if a.shape != right.shape}
        rows = [right]
        for mistake, array in candidates.items():
            usable = array.shape == right.shape and np.all(np.isfinite(array))
            if usable and not same(array, right):
                self.locals.append(mistake)
                rows.append(array)
        self.rows = np.stack([np.ravel(row) for row in rows])  # (K, n)
        self.sizes = np.sort(np.abs(self.rows), axis=1)


def same(a: Any, b: Any) -> bool:
    """Say whether two arrays differ by rounding errors at most."""
    size = np.max(np.abs(b), initial=0.0)
    return bool(np.max(np.abs(a - b), initial=0.0) <= 1e-12 * size)


def plausible(bank: Bank, theirs: Any, before: Any, tolerance: float) -> list[int]:
    """Return the rows of a bank that the given gradient could have been made of."""
    flat = np.ravel(theirs)
    rows, size = bank.rows, max(float(np.max(np.abs(flat), initial=0.0)), 1e-300)
    slack = 4 * tolerance * size
    square = np.einsum("kn,kn->k", rows, rows)
    k = rows @ flat / np.where(square > 0, square, 1)
    fits = np.max(np.abs(k[:, None] * rows - flat), axis=1, initial=0) <= slack
    fits |= np.max(np.abs(bank.sizes - np.sort(np.abs(flat))), axis=1, initial=0) <= slack
    fits |= np.max(np.abs(np.clip(rows, -size, size) - flat), axis=1, initial=0) <= slack
    if not np.any(flat):
        fits[:] = True
    if before is not None:
        earlier = np.ravel(getattr(before, "data", before))
        fits |= np.max(np.abs(rows + earlier - flat), axis=1, initial=0) <= slack
    return [int(i) for i in np.flatnonzero(fits)]
