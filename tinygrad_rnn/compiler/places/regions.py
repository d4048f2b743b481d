"""Regions of memory that is not there yet: views of them, and joins of them, by strides alone.

Imports NumPy and `program`. A region is described by an array of the right shape
and strides that takes no memory and must never be read; NumPy itself then says what its views are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..program.shapes import Shape
from ..program.views import packed_strides

LENT = object()


class Slot:
    """A piece of memory of its own, `nbytes` long; or somebody else's array: `owner` says whose.

    The owner is an array, for a constant, or a number, for a parameter, whose array may change;
    or `LENT`, for a result that is handed out as it lies.
    """

    __slots__ = ("nbytes", "owner")

    def __init__(self, nbytes: int, owner: Any = None) -> None:
        self.nbytes = nbytes
        self.owner = owner


class Region:
    """Part of a slot: `form` has its shape, dtype and strides, and begins `offset` bytes in."""

    __slots__ = ("form", "offset", "slot")

    def __init__(self, slot: Slot, form: np.ndarray, offset: int = 0) -> None:
        self.slot = slot
        self.form = form
        self.offset = offset

    def seen(self, form: np.ndarray) -> Region:
        """Return the region of a view of `form`."""
        return Region(self.slot, form, self.offset + address(form) - address(self.form))

    def is_at(self, other: Region) -> bool:
        """Say whether two regions of one shape are the same."""
        return (
            self.slot is other.slot
            and self.offset == other.offset
            and steps_of(self.form) == steps_of(other.form)
        )

    def array(self, memory: Any, start: int) -> np.ndarray:
        """Return the region as an array in real memory, where the slot begins at `start`."""
        form = self.form
        return np.ndarray(form.shape, form.dtype, memory, start + self.offset, form.strides)

    def array_in(self, owner: np.ndarray) -> np.ndarray:
        """Return the region, read-only, in an array that is somebody else's and is the slot."""
        return np.asarray(Elsewhere(owner, address(owner) + self.offset, self.form))


class Elsewhere:
    """Memory that somebody else owns, as NumPy asks for it."""

    def __init__(self, owner: np.ndarray, start: int, form: np.ndarray) -> None:
        self.owner = owner  # which must not be freed meanwhile
        self.__array_interface__ = {
            "data": (start, True),
            "shape": form.shape,
            "strides": form.strides,
            "typestr": form.dtype.str,
            "version": 3,
        }


def address(x: np.ndarray) -> int:
    """Return where an array begins in memory."""
    return int(x.__array_interface__["data"][0])


def steps_of(x: np.ndarray) -> Shape:
    """Return the strides that matter: along an axis of length 1 nobody steps."""
    return tuple(s for n, s in zip(x.shape, x.strides, strict=True) if n != 1)


def unread(shape: Shape, dtype: Any, strides: Shape | None = None) -> np.ndarray:
    """Return an array of any shape that takes no memory, to be sliced but never read."""
    if strides is None:
        strides = packed_strides(shape, np.dtype(dtype).itemsize)
    return np.lib.stride_tricks.as_strided(np.empty(1, dtype), shape, strides)


def evenly_spaced(parts: Sequence[Region | None], axis: int) -> Region | None:
    """Return regions of one shape as one, stacked along a new axis; None if they lie otherwise."""
    first = parts[0]
    if first is None or not all(alike(first, part) for part in parts):
        return None
    gap = distance(first, parts[1]) if len(parts) > 1 else first.form.nbytes
    if any(distance(a, b) != gap for a, b in pairwise(parts)):
        return None
    shape, strides = list(first.form.shape), list(first.form.strides)
    shape.insert(axis, len(parts))
    strides.insert(axis, gap)
    return first.seen(np.lib.stride_tricks.as_strided(first.form, shape, strides))


def end_to_end(parts: Sequence[Region | None], axis: int) -> Region | None:
    """Return regions as one, joined along an axis; None if they do not follow on each other."""
    first = parts[0]
    if first is None or not all(alike(first, part, axis) for part in parts):
        return None
    lengths = [part.form.shape[axis] for part in parts if part is not None]
    stride = first.form.strides[axis]
    if 0 in lengths:
        return None
    if len(parts) > 1:
        stride, rest = divmod(distance(first, parts[1]), lengths[0])
        if rest or (lengths[0] > 1 and stride != first.form.strides[axis]):
            return None
    for n, a, b in zip(lengths, parts, parts[1:], strict=False):
        if distance(a, b) != n * stride:
            return None
    if any(
        p is not None and p.form.shape[axis] > 1 and p.form.strides[axis] != stride for p in parts
    ):
        return None
    shape, strides = list(first.form.shape), list(first.form.strides)
    shape[axis], strides[axis] = sum(lengths), stride
    return first.seen(np.lib.stride_tricks.as_strided(first.form, shape, strides))


def alike(a: Region, b: Region | None, but: int | None = None) -> bool:
    """Say whether regions lie in one slot, with the same shape and strides but for one axis."""
    if b is None or a.slot is not b.slot or a.form.dtype != b.form.dtype:
        return False
    if a.form.ndim != b.form.ndim:
        return False
    axes = zip(a.form.shape, a.form.strides, b.form.shape, b.form.strides, strict=True)
    return all(i == but or (n == m and (n == 1 or s == t)) for i, (n, s, m, t) in enumerate(axes))


def distance(a: Region | None, b: Region | None) -> int:
    """Return how many bytes b begins behind a."""
    assert a is not None and b is not None
    return b.offset - a.offset
