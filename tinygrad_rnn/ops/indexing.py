"""Picking entries by index, and its transpose: placing gradients at an index.

Imports NumPy, the engine and ops above it. The gradient of ``x[t]`` is zero but at ``t``. It is
kept as it is, `Placed`, until all of them have met: reading T steps of a sequence costs one buffer
and T additions of a step's size, not T arrays of the sequence's size.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.backward import Deferred
from ..engine.graph import Node
from ..engine.primitive import primitive


class Hole:
    """Where an array goes in an index whose other parts are static: ``(slice(0, 2), HOLE)``."""

    def __repr__(self) -> str:
        return "[…]"


HOLE = Hole()
STATIC = {int, slice, type(None), type(...)}  # what in an index is no array
Index = tuple[Any, ...]


def fill(index: Index, arrays: tuple[Any, ...]) -> Index:
    """Put the arrays into the holes of an index, in order."""
    if not arrays:
        return index
    rest = iter(arrays)
    return tuple(next(rest) if part is HOLE else part for part in index)


@primitive
def getitem(x, *arrays, index):
    """y = x[index]"""
    return x[fill(index, arrays)]


@getitem.binder
def _(x, index):
    """Index arrays are inputs; integers, slices, None and Ellipsis are static."""
    parts = index if isinstance(index, tuple) else (index,)
    for part in parts:
        if type(part) not in STATIC:
            break
    else:
        return (x,), {"index": parts}
    template: list[Any] = []
    arrays: list[Any] = []
    for part in parts:
        if type(part) in STATIC:
            template.append(part)
        elif isinstance(part, np.integer):
            template.append(int(part))
        else:
            template.append(HOLE)
            arrays.append(part if isinstance(part, Node) else as_index(part))
    return (x, *arrays), {"index": tuple(template)}


def as_index(part: Any) -> Any:
    """Turn a list of indices into an array; an empty list indexes nothing."""
    array = np.asarray(part)
    return array.astype(np.intp) if array.size == 0 and array.dtype != bool else array


@getitem.vjp
def _(g, y, x, *arrays, index):
    """dx = g at index, 0 elsewhere"""
    return Placed(g, arrays, index, x.shape), *[None] * len(arrays)


@primitive(np.take)
def take(x, indices, *, axis=None):
    """y = the entries of x at indices along axis"""
    return np.take(x, indices, axis=axis)


@take.vjp
def _(g, y, x, indices, *, axis=None):
    """dx = g added at indices, 0 elsewhere"""
    if not isinstance(indices, Node):
        indices = np.asarray(indices).astype(np.intp)  # NumPy takes truths for 0 and 1 here
    if axis is None or x.ndim == 0:  # NumPy lets a number have axis 0
        flat = place(g, indices, indices=((HOLE,),), shape=(x.size,))
        return np.reshape(flat, x.shape), None
    before = (slice(None),) * (axis % x.ndim)
    return Placed(g, (indices,), (*before, HOLE), x.shape), None


@primitive
def place(*inputs, indices, shape):
    """y = 0, with each gᵢ added at indexᵢ"""
    parts = parts_of(inputs, indices)
    y = np.zeros(shape, np.result_type(*(g for g, _ in parts)))
    for g, index in parts:
        add_at(y, index, g)
    return y


@place.vjp
def _(g, y, *inputs, indices, shape):
    """dgᵢ = g[indexᵢ]"""
    gradients = []
    for template, (_, index) in zip(indices, parts_of(inputs, indices), strict=True):
        gradients += [getitem(g, index), *[None] * template.count(HOLE)]
    return gradients


def parts_of(inputs: tuple[Any, ...], indices: tuple[Index, ...]) -> list[tuple[Any, Index]]:
    """Sort ``g₁, arrays of index₁…, g₂, …`` into pairs of a gradient and its filled index."""
    rest = iter(inputs)
    return [(next(rest), tuple(next(rest) if p is HOLE else p for p in ix)) for ix in indices]


def add_at(y: np.ndarray, index: Index, g: Any) -> None:
    """``y[index] += g``, right also where an index array names an entry more than once."""
    repeatable = [part for part in index if isinstance(part, np.ndarray) and part.dtype != bool]
    if not repeatable:
        y[index] += g
    elif len(index) == 1:
        add_rows(y, repeatable[0], g)
    else:
        np.add.at(y, index, g)


def add_rows(y: np.ndarray, rows: np.ndarray, g: Any) -> None:
    """``y[rows] += g`` by sorting: many times faster than ``np.add.at``."""
    rows = rows.reshape(-1).astype(np.intp) % len(y)
    if rows.size == 0:
        return
    g = np.reshape(g, (rows.size, *y.shape[1:]))
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    starts = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    y[rows[starts]] += np.add.reduceat(g[order], starts, axis=0)


class Placed(Deferred):
    """A gradient that is zero but at an index; several of them, once they have met.

    Parameters
    ----------
    g : array or Value
        What stands at the index.
    arrays : tuple of arrays
        What fills the holes of `index`.
    index : tuple
        The static parts of the index, with holes.
    shape : tuple of int
        The shape of what was indexed, and so of the gradient.
    """

    __slots__ = ("parts", "shape")

    def __init__(
        self, g: Any, arrays: tuple[Any, ...], index: Index, shape: tuple[int, ...]
    ) -> None:
        self.shape = shape
        self.parts = [(g, arrays, index)]

    def absorb(self, other: Deferred) -> bool:
        """Take another gradient for the same array in."""
        if not isinstance(other, Placed):
            return False
        self.parts += other.parts
        return True

    def dense(self) -> Any:
        """Return the gradient as one array or Value."""
        joined = self.joined()
        return self.placed() if joined is None else joined

    def placed(self, *before: Any) -> Any:
        """Return the sum of the parts at their indices, and of what was there before, if any."""
        inputs = [*before, *(x for g, arrays, _ in self.parts for x in (g, *arrays))]
        indices = [(Ellipsis,)] * len(before) + [index for _, _, index in self.parts]
        return place(*inputs, indices=tuple(indices), shape=self.shape)

    def add_to(self, buffer: np.ndarray) -> None:
        """Add each part at its index."""
        for g, arrays, index in self.parts:
            add_at(buffer, fill(index, arrays), g)

    def added_to(self, other: Any) -> Any:
        """Return `other`, with each part added at its index."""
        return self.placed(other)

    def joined(self) -> Any:
        """Return the parts joined, if they are slices that follow on and cover the last axis.

        The four gates of an LSTM are: no zeros need to be written first.
        """
        last = len(self.shape) - 1
        before = (slice(None),) * last
        pieces = {}  # from where each begins to where it ends, and what stands there
        for g, _, index in self.parts:
            piece = index[-1] if index else None
            if type(piece) is not slice or (index[:-1] != before and index[:-1] != (...,)):
                return None
            start, stop, step = piece.indices(self.shape[last])
            if step != 1 or stop < start or start in pieces:
                return None
            pieces[start] = stop, g
        end, in_order = 0, []
        while end in pieces:
            end, g = pieces.pop(end)
            in_order.append(g)
        covered = end == self.shape[last] and not pieces
        return np.concatenate(in_order, axis=last) if covered else None
