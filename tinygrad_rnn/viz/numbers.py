"""Numbers as a picture shows them: all of a few; min, mean, max of many. Imports NumPy only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

FEW = 6  # numbers that are shown one by one
DIGITS = 4  # significant ones of a number; of a range one less, since it is three numbers wide
ROUNDING = 1e-12  # a mean as small as this, beside the numbers, is what rounding left over


class Range(NamedTuple):
    """What is shown of many numbers."""

    min: str
    mean: str
    max: str


def shown(arrays: Sequence[Any]) -> list[str] | Range:
    """Say what is in a number or array; in several ones, what is in all of them together.

    Parameters
    ----------
    arrays : sequence of arrays or numbers
        At least one.

    Returns
    -------
    list of str or Range
        One line for each row, if there is one array of few numbers; else their range.

    Examples
    --------
    >>> shown([np.array([[1.0, 2.5], [3.0, 1 / 3]])])
    ['[[1  2.5]', ' [3  0.3333]]']
    >>> shown([np.arange(100.0)])
    Range(min='0', mean='49.5', max='99')
    """
    if len(arrays) == 1 and np.size(arrays[0]) <= FEW and np.ndim(arrays[0]) <= 2:
        return rows(arrays[0])
    sizes = [np.size(x) for x in arrays]
    full = [np.asarray(x) for x, size in zip(arrays, sizes, strict=True) if size]
    if not full:
        return ["no numbers"]
    with np.errstate(all="ignore"):  # infinities are shown, not warned of
        mean = sum(float(x.mean(dtype=np.float64)) * x.size for x in full) / sum(sizes)
        low = np.min([x.min() for x in full])
        high = np.max([x.max() for x in full])
    if abs(mean) < ROUNDING * max(abs(low), abs(high)):
        mean = 0.0
    return Range(*(number(x, DIGITS - 1) for x in (low, mean, high)))


def rows(x: Any) -> list[str]:
    """Write an array of at most two axes, one line for each row."""
    if np.ndim(x) == 0:
        return [number(x)]
    if np.size(x) == 0:
        return ["no numbers"]
    if np.ndim(x) == 1:
        return [f"[{'  '.join(map(number, x))}]"]
    lines = [line for row in x for line in rows(row)]
    lines = ["[" + lines[0], *(" " + line for line in lines[1:])]
    return [*lines[:-1], lines[-1] + "]"]


def number(x: Any, digits: int = DIGITS) -> str:
    """Write a number with few digits.

    Examples
    --------
    >>> number(2.0), number(-1 / 3), number(1e-9), number(True), number(12345678)
    ('2', '-0.3333', '1e-09', 'True', '12345678')
    """
    if isinstance(x, (bool, np.bool_)):
        return str(bool(x))
    if isinstance(x, (int, np.integer)):
        return str(int(x))
    return f"{float(x) + 0.0:.{digits}g}"  # not -0


def size(shape: tuple[int, ...]) -> str:
    """Write a shape."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def total(arrays: Iterable[Any]) -> int:
    """Count the numbers in several arrays."""
    return sum(int(np.size(x)) for x in arrays)
