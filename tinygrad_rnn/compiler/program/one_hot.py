"""Arrays whose rows are zeros with a one: a product with them is a look-up. Imports NumPy, errors.

An argument that was one-hot when a function was traced is taken to be so at each call, and that is
looked at before anything runs. Where it is not, the function is traced anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.errors import GraphError, explain

ENOUGH = 2**14  # entries, from which on looking takes less time than a product with them
CLASSES = 8  # that rows have at least


class NotOneHotError(GraphError):
    """An array is not one-hot any more."""


def is_one_hot(x: Any) -> bool:
    """Say whether an array has rows of zeros with a one, and enough of them."""
    return (
        x.dtype.kind == "f"
        and x.ndim > 1
        and x.size >= ENOUGH
        and x.shape[-1] >= CLASSES
        and ids_of_ones(x) is not None
    )


def ids_of_ones(x: np.ndarray) -> np.ndarray | None:
    """Return where in each row the one is.

    Parameters
    ----------
    x : array, shape (…, V)

    Returns
    -------
    array of int, shape (…), or None
        None if there is a row that is not zeros with a one.
    """
    found = np.flatnonzero(x != 0)
    rows = x.size // x.shape[-1]
    if len(found) != rows:
        return None
    ids = found - np.arange(0, x.size, x.shape[-1])  # counted from where each row begins
    if ids.min() < 0 or ids.max() >= x.shape[-1] or np.any(x.reshape(-1)[found] != 1):
        return None
    return ids.reshape(x.shape[:-1])


def ids_into(place: np.ndarray, x: np.ndarray) -> None:
    """Write where in each row the one is.

    Raises
    ------
    NotOneHotError
        If there is a row that is not zeros with a one.
    """
    ids = ids_of_ones(x)
    if ids is None:
        raise NotOneHotError(
            explain(
                "an argument of a compiled function is not one-hot any more",
                why="it was when the function was traced, and its products became look-ups",
                fix="leave an argument as it is between a call and its backward()",
            )
        )
    place[...] = ids


def is_quicker_by_rows(places: int, width: int, rows: int, spared: int) -> bool:
    """Say whether adding so many rows up at so many places beats the multiplications it spares.

    In nanoseconds, as measured: a product takes 1/60 a multiplication, a sum 1600 a place or 350 a
    row, and ¼ an entry.
    """
    return min(1600 * places + 20_000, 350 * rows) + rows * width / 4 < spared / 60
