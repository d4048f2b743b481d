"""Rearranging entries without computing: reshaping, transposing, joining, flipping, padding.

Imports NumPy, `engine.primitive` and ops above it. Functions without ``@primitive`` are composed
of ops that have one.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..engine.doors import numpy_door
from ..engine.primitive import primitive


@primitive
def astype(x, *, dtype):
    """y = x in another float dtype"""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"{dtype} holds no fractions, so that no gradient comes back from it")
    return np.asarray(x).astype(dtype)[()]


@astype.vjp
def _(g, y, x, *, dtype):
    """dx = g (the sweep gives it back in x's dtype)"""
    return g


@primitive(np.reshape)
def reshape(x, *, shape):
    """y = x in another shape"""
    return np.reshape(x, shape)


@reshape.vjp
def _(g, y, x, *, shape):
    """dx = g in x's shape"""
    return reshape(g, shape=x.shape)


@primitive(np.transpose)
def transpose(x, *, axes=None):
    """y = x with its axes reordered"""
    return np.transpose(x, axes)


@transpose.vjp
def _(g, y, x, *, axes=None):
    """dx = g with the axes put back"""
    order = None if axes is None else np.argsort([axis % x.ndim for axis in axes]).tolist()
    return transpose(g, axes=order)


@primitive(np.broadcast_to)
def broadcast_to(x, *, shape):
    """y = x repeated to fill shape"""
    return np.broadcast_to(x, shape)


@broadcast_to.vjp
def _(g, y, x, *, shape):
    """dx = g (the sweep sums over the repeated axes)"""
    return g


@primitive(np.flip)
def flip(x, *, axis=None):
    """y = x in reverse order along axis"""
    return np.flip(x, axis)


@flip.vjp
def _(g, y, x, *, axis=None):
    """dx = g in reverse order along axis"""
    return flip(g, axis=axis)


@primitive(np.concatenate)
def concatenate(*arrays, axis=0):
    """y = the arrays one after the other along axis (None: flattened)"""
    return np.concatenate(arrays, axis=axis)


@concatenate.vjp
def _(g, y, *arrays, axis=0):
    """dxᵢ = the part of g that xᵢ went to"""
    before = () if axis is None else (slice(None),) * normalize_axis_index(axis, y.ndim)
    ends = np.cumsum([x.size if axis is None else x.shape[axis] for x in arrays]).tolist()
    parts = [g[(*before, slice(start, end))] for start, end in zip([0, *ends], ends, strict=False)]
    return [part.reshape(x.shape) for part, x in zip(parts, arrays, strict=True)]


@primitive(np.stack)
def stack(*arrays, axis=0):
    """y = the arrays side by side along a new axis"""
    return np.stack(arrays, axis=axis)


@stack.vjp
def _(g, y, *arrays, axis=0):
    """dxᵢ = the i-th slice of g"""
    before = (slice(None),) * normalize_axis_index(axis, y.ndim)
    return [g[(*before, i)] for i in range(len(arrays))]


@primitive(np.pad)
def pad(x, *, pad_width, mode="constant", constant_values=0):
    """y = x with a constant margin"""
    if mode != "constant":
        raise ValueError(f"mode {mode!r} is not differentiated here; only 'constant' is")
    return np.pad(x, pad_width, mode=mode, constant_values=constant_values)


@pad.binder
def _(x, pad_width, mode="constant", *, constant_values=0):
    """NumPy's order."""
    return (x,), {"pad_width": pad_width, "mode": mode, "constant_values": constant_values}


@pad.vjp
def _(g, y, x, *, pad_width, mode="constant", constant_values=0):
    """dx = g without the margin"""
    margins = np.broadcast_to(pad_width, (x.ndim, 2)).tolist()
    return g[tuple(slice(m, m + n) for (m, _), n in zip(margins, x.shape, strict=True))]


# Composed: every one is a single reshape, transpose or slice.


@numpy_door(np.ravel)
def ravel(x):
    """Lay all entries out in one axis."""
    return reshape(x, shape=(-1,))


@numpy_door(np.expand_dims)
def expand_dims(x, axis):
    """Insert axes of length 1 at the places `axis` of the result."""
    axes = (axis,) if np.ndim(axis) == 0 else tuple(axis)
    places = normalize_axis_tuple(axes, np.ndim(x) + len(axes))
    lengths = iter(np.shape(x))
    shape = (1 if i in places else next(lengths) for i in range(np.ndim(x) + len(axes)))
    return reshape(x, shape=tuple(shape))


@numpy_door(np.squeeze)
def squeeze(x, axis=None):
    """Drop axes of length 1: all of them, or the given ones."""
    shape = np.shape(x)
    ones = tuple(i for i, n in enumerate(shape) if n == 1)
    dropped = ones if axis is None else normalize_axis_tuple(axis, len(shape))
    if not set(dropped) <= set(ones):
        raise ValueError(f"squeeze: axis {axis} of shape {shape} has a length other than 1")
    return reshape(x, shape=tuple(n for i, n in enumerate(shape) if i not in dropped))


@numpy_door(np.moveaxis)
def moveaxis(x, source, destination):
    """Move axes to new places; the others keep their order."""
    sources = normalize_axis_tuple(source, np.ndim(x))
    places = normalize_axis_tuple(destination, np.ndim(x))
    if len(sources) != len(places):
        raise ValueError(f"moveaxis: {len(sources)} axes, but {len(places)} places for them")
    order = [i for i in range(np.ndim(x)) if i not in sources]
    for place, i in sorted(zip(places, sources, strict=True)):
        order.insert(place, i)
    return transpose(x, axes=tuple(order))


@numpy_door(np.swapaxes)
def swapaxes(x, axis1, axis2):
    """Exchange two axes."""
    order = list(range(np.ndim(x)))
    i, j = (normalize_axis_index(axis, np.ndim(x)) for axis in (axis1, axis2))
    order[i], order[j] = j, i
    return transpose(x, axes=tuple(order))


@numpy_door(np.atleast_2d)
def atleast_2d(x):
    """Give a number or vector the shape of a matrix with one row."""
    return x if np.ndim(x) >= 2 else reshape(x, shape=(1, -1))


@numpy_door(np.hstack)
def hstack(arrays):
    """Join arrays along their second axis (vectors along their only one)."""
    arrays = [x if np.ndim(x) else reshape(x, shape=(1,)) for x in arrays]
    return concatenate(arrays, axis=0 if np.ndim(arrays[0]) == 1 else 1)


@numpy_door(np.vstack)
def vstack(arrays):
    """Join arrays along their first axis (vectors become rows)."""
    return concatenate([atleast_2d(x) for x in arrays], axis=0)
