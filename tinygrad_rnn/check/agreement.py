"""Whether two arrays agree, and where they do not. Imports nothing of ours."""

from __future__ import annotations

import numpy as np


def same(a: object, b: object) -> bool:
    """Say whether two arrays are equal, NaN included."""
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)


def close(a: object, b: object, size: float = 1.0) -> bool:
    """Say whether two arrays of numbers of some size are equal but for the order of additions."""
    a, b = np.asarray(a), np.asarray(b)
    size = max(size, float(np.max(np.abs(b), initial=0)))
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-12, atol=1e-13 * size, equal_nan=True)


def first_difference(a: object, b: object) -> list[int]:
    """Return the index of the largest difference."""
    apart = np.nan_to_num(np.abs(np.asarray(a, float) - np.asarray(b, float)), nan=np.inf)
    return [int(i) for i in np.unravel_index(np.argmax(apart), apart.shape)]
