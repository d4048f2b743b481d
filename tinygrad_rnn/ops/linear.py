"""Products with weights: matmul, and the affine maps of layers.

Imports NumPy, the engine and ops above it. A weight that is used at T time steps receives T
products aᵀg. They are kept as they are, `Product`, until all have met, and multiplied once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.backward import Deferred
from ..engine.primitive import primitive
from .affine import add_onto, misfit, repeated_column
from .shaping import swapaxes
from .turned import turned

SMALL = 2**14  # entries of a matrix that stays near, so that adding to it costs nothing


@primitive(np.matmul)
def matmul(a, b):
    """y = a @ b"""
    try:
        return a @ b
    except ValueError as error:
        raise misfit("matmul", a, b, np.shape(b)[-2:][0] if np.ndim(b) else None) from error


@matmul.vjp
def _(g, y, a, b):
    """da = g bᵀ, db = aᵀ g"""
    if a.ndim == 1 and b.ndim == 1:  # y = Σ aᵢ bᵢ
        return lambda: g * b, lambda: g * a
    if b.ndim == 1:  # y = Σⱼ a[…, i, j] bⱼ
        return lambda: summed_outer(g, b), lambda: swapped(a) @ g if a.ndim == 2 else inner(a, g)
    if a.ndim == 1:  # y = Σᵢ aᵢ b[…, i, j]
        return lambda: b @ g if b.ndim == 2 else inner(swapped(b), g), lambda: summed_outer(a, g)
    if b.ndim == 2:  # one matrix, whose gradient is summed over all leading axes of a
        return lambda: right_transposed(g, b, a), lambda: rows_product(a, g)
    return lambda: g @ swapped(b), lambda: swapped(a) @ g


def swapped(x):
    """Transpose the matrices in the last two axes."""
    return x.T if x.ndim == 2 else swapaxes(x, -1, -2)


def inner(a, g):
    """Return Σ over all but the last axis of a[…, i, j] · g[…, i]."""
    return (a * np.expand_dims(g, -1)).sum(axis=tuple(range(a.ndim - 1)))


def summed_outer(a, b):
    """Return a[…, i] · b[…, j]; of two vectors as a product not yet multiplied."""
    if a.ndim == 1 and b.ndim == 1:
        return Product(a.reshape(1, -1), b.reshape(1, -1))
    return np.expand_dims(a, -1) * np.expand_dims(b, -2)


def right_transposed(g, b, a):
    """Return the gradient g bᵀ of a, not yet multiplied where it is thin (b has few columns)."""
    if a.ndim == 2 and is_thin(b.shape[1], a.shape):
        return Product(g.T, b.T)
    return times_transposed(g, b)


def rows_product(a, b):
    """Return Σ aᵀb over all leading axes, where b may have been broadcast to those of a."""
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b):
        if a.shape[:-1] != b.shape[:-1]:
            b = np.broadcast_to(b, (*a.shape[:-1], b.shape[-1]))
        a, b = rows_of(a), rows_of(b)
    if len(a) == 1 or is_kept(len(a), (a.shape[1], b.shape[1])):
        return Product(a, b)
    return a.T @ b


def is_kept(n, shape):
    """Say whether a product of n rows is kept for later: if they are few, and it is not small."""
    return n <= Product.enough and (math.prod(shape) > SMALL or is_thin(n, shape))


def rows_of(x):
    """Lay all leading axes out in one: (…, k) becomes (N, k)."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def sum_of_rows(x):
    """Return the sum over all leading axes; a single row needs none."""
    rows = rows_of(x)
    return rows[0] if len(rows) == 1 else rows.sum(axis=0)


def is_thin(n, shape):
    """Say whether a product of n rows takes so little memory that it is better kept for later."""
    rows, columns = shape
    return 2 * n * (rows + columns) <= rows * columns


class Product(Deferred):
    """A gradient Σ aᵀg, not yet multiplied: the rows of all a and of all g are collected.

    Parameters
    ----------
    a : array or Value
        (N, k)
    g : array or Value
        (N, m)
    """

    __slots__ = ("a", "g", "rows", "total")

    enough = 128  # rows that make a matrix product efficient; more only take memory

    def __init__(self, a: Any, g: Any) -> None:
        self.rows = len(a)
        self.a = [a]
        self.g = [g]
        self.total: Any = None

    def absorb(self, other: Deferred) -> bool:
        """Take the rows of another product of the same shape in."""
        if type(other) is not Product:
            return False
        self.a += other.a
        self.g += other.g
        self.rows += other.rows
        if self.rows > self.enough:
            self.total = self.dense()
            self.a, self.g, self.rows = [], [], 0
        return True

    def dense(self) -> Any:
        """Multiply: one product over all rows collected so far."""
        if not self.a:
            return self.total
        y = joined(self.a).T @ joined(self.g)
        if self.total is not None:
            y += self.total
        return y

    def add_to(self, buffer: np.ndarray) -> None:
        """Multiply and add."""
        buffer += self.dense()


def joined(rows: list[Any]) -> Any:
    """Join matrices along their rows; a single one needs no copy."""
    return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=0)


def times_transposed(x, weight):
    """Return x Wᵀ: as one product, for many with a transposed matrix are slow."""
    if x.ndim <= 2:
        return x @ weight.T
    return (rows_of(x) @ weight.T).reshape(*x.shape[:-1], weight.shape[0])


def mapped(x, weight):
    """Return x Wᵀ of arrays."""
    try:
        return x @ turned(weight, len(x)) if x.ndim == 2 else times_transposed(x, weight)
    except ValueError as error:
        raise misfit("linear", x, weight, np.shape(weight)[-1]) from error


@primitive
def linear(x, weight, bias=None):
    """y = x Wᵀ + b"""
    y = mapped(x, weight)
    return y if bias is None else add_onto(y, bias)


@linear.vjp
def _(g, y, x, weight, bias=None):
    """dx = g W, dW = gᵀ x, db = g"""
    gradients = (lambda: g @ weight, lambda: rows_product(g, x), g)
    return gradients[:2] if bias is None else gradients


@primitive
def recurrent_linear(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    """y = x W_ihᵀ + h W_hhᵀ + b_ih + b_hh"""
    y = add_onto(mapped(x, w_ih), mapped(h, w_hh))
    if len(w_hh) != len(w_ih):
        raise repeated_column(len(w_ih))
    b = b_ih if b_hh is None else b_hh if b_ih is None else b_ih + b_hh
    return y if b is None else add_onto(y, b)


@recurrent_linear.vjp
def _(g, y, x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    """dx = g W_ih, dh = g W_hh, dW_ih = gᵀ x, dW_hh = gᵀ h, db_ih = g, db_hh = g"""
    of_rows = None

    def db():  # summed once for both biases
        nonlocal of_rows
        if of_rows is None:
            tables = getattr(b_ih, "ndim", 0) > 1 or getattr(b_hh, "ndim", 0) > 1
            of_rows = g if tables else sum_of_rows(g)
        return of_rows

    gradients = (
        lambda: g @ w_ih,
        lambda: g @ w_hh,
        lambda: rows_product(g, x),
        lambda: rows_product(g, h),
        db,
        db,
    )
    return gradients if b_hh is not None else gradients[: 4 if b_ih is None else 5]
