"""Reducing along axes: sums, means, extrema, products. Imports NumPy, the engine, ops above.

``axis`` is None (all axes), a number or a tuple of numbers; ``keepdims`` keeps reduced axes with
length 1, as in NumPy. Only the axis may be passed by position: NumPy's third argument is the dtype.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..engine.doors import numpy_door
from ..engine.primitive import primitive
from .arithmetic import where
from .nonlinear import as_floats, exp, square
from .shaping import broadcast_to, concatenate, flip, reshape, transpose


def reduced_axes(x, axis):
    """Return the reduced axes as a tuple of numbers from 0; NumPy lets a number have axis 0."""
    whole = axis is None or x.ndim == 0
    return tuple(range(x.ndim)) if whole else normalize_axis_tuple(axis, x.ndim)


def restore(g, x, axis):
    """Give a reduced array its reduced axes back, with length 1."""
    axes = reduced_axes(x, axis)
    return reshape(g, shape=tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


@primitive(np.sum, by_position=1)
def sum(x, *, axis=None, keepdims=False):
    """y = Σ x"""
    return np.sum(x, axis=axis, keepdims=keepdims)


@sum.vjp
def _(g, y, x, *, axis=None, keepdims=False):
    """dx = g, repeated along the reduced axes"""
    return broadcast_to(restore(g, x, axis), shape=x.shape)


@primitive(np.mean, by_position=1)
def mean(x, *, axis=None, keepdims=False):
    """y = Σ x / n"""
    return np.mean(x, axis=axis, keepdims=keepdims)


@mean.vjp
def _(g, y, x, *, axis=None, keepdims=False):
    """dx = g / n, repeated along the reduced axes"""
    n = math.prod(x.shape[i] for i in reduced_axes(x, axis))
    return broadcast_to(restore(g / n, x, axis), shape=x.shape)


@numpy_door(np.var)
def var(x, axis=None, *, keepdims=False, ddof=0):
    """Squared distance from the mean, averaged: Σ (x − mean x)² / (n − ddof)."""
    distance = x - mean(x, axis=axis, keepdims=True)
    n = math.prod(distance.shape[i] for i in reduced_axes(distance, axis))
    return sum(square(distance), axis=axis, keepdims=keepdims) / (n - ddof if n > ddof else 0)


@primitive(np.max, np.amax, by_position=1)
def max(x, *, axis=None, keepdims=False):
    """y = max x"""
    return np.max(x, axis=axis, keepdims=keepdims)


@max.vjp
def _(g, y, x, *, axis=None, keepdims=False):
    """dx = g at the largest entry, in equal parts where several are largest"""
    return to_extremes(g, y, x, axis)


@primitive(np.min, np.amin, by_position=1)
def min(x, *, axis=None, keepdims=False):
    """y = min x"""
    return np.min(x, axis=axis, keepdims=keepdims)


@min.vjp
def _(g, y, x, *, axis=None, keepdims=False):
    """dx = g at the smallest entry, in equal parts where several are smallest"""
    return to_extremes(g, y, x, axis)


def to_extremes(g, y, x, axis):
    """Give g to the entries that equal the extreme y, in equal parts."""
    extreme = restore(y, x, axis)
    chosen = (x == extreme) | ((x != x) & (extreme != extreme))  # a NaN is the extreme of all
    count = chosen.astype(g.dtype).sum(axis=axis, keepdims=True)
    return where(chosen, restore(g, x, axis) / count, 0.0)


@primitive(by_position=1)
def logsumexp(x, *, axis=None, keepdims=False):
    """y = log Σ eˣ"""
    x = as_floats(x)
    m = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, 0)  # all −∞ gives −∞, and ∞ gives ∞, without ∞ − ∞
    with np.errstate(divide="ignore"):
        y = m + np.log(np.sum(np.exp(x - m), axis=axis, keepdims=True))
    return y if keepdims else np.squeeze(y, axis=reduced_axes(x, axis))[()]


@logsumexp.vjp
@np.errstate(invalid="ignore")
def _(g, y, x, *, axis=None, keepdims=False):
    """dx = g · eˣ⁻ʸ, the softmax of x"""
    y = restore(where(y == -np.inf, 0.0, y), x, axis)  # where all are −∞, none gets anything
    return restore(g, x, axis) * exp(where(x == y, 0.0, x - y))  # ∞ − ∞ is 0 here


@primitive(np.cumsum)
def cumsum(x, *, axis=None):
    """yₜ = x₀ + … + xₜ"""
    return np.cumsum(x, axis=axis)


@cumsum.vjp
def _(g, y, x, *, axis=None):
    """dxₜ = gₜ + gₜ₊₁ + …"""
    along = 0 if axis is None else axis
    return reshape(flip(cumsum(flip(g, axis=along), axis=along), axis=along), shape=x.shape)


@primitive(np.prod, by_position=1)
def prod(x, *, axis=None, keepdims=False):
    """y = Π x"""
    return np.prod(x, axis=axis, keepdims=keepdims)


@prod.vjp
def _(g, y, x, *, axis=None, keepdims=False):
    """dxᵢ = g · Πⱼ≠ᵢ xⱼ, right also where entries are 0"""
    axes = reduced_axes(x, axis)
    order = [i for i in range(x.ndim) if i not in axes] + list(axes)
    moved = transpose(x, axes=order)  # the reduced axes last …
    n = math.prod(x.shape[i] for i in axes)
    rows = reshape(moved, shape=(x.size // n if n else 0, n))  # … and as one
    others = product_before(rows) * flip(product_before(flip(rows, axis=1)), axis=1)
    back = transpose(reshape(others, shape=moved.shape), axes=np.argsort(order).tolist())
    return restore(g, x, axis) * back


def product_before(rows):
    """Return Πⱼ<ᵢ xⱼ for each place i of each row, in log₂ n doubling steps and no division."""
    n = rows.shape[1]
    ones = np.ones((rows.shape[0], n), rows.dtype)
    result = concatenate([ones[:, :1], rows[:, :-1]], axis=1)
    step = 1
    while step < n:
        result = result * concatenate([ones[:, :step], result[:, :-step]], axis=1)
        step *= 2
    return result
