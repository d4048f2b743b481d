"""Products: matmul, dot, outer, einsum, and the affine map of a layer.

Imports NumPy, the engine and ops above it. A weight that is used at T time steps receives T
products aᵀg. They are kept as they are, `Product`, until all have met, and multiplied once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.backward import Deferred
from ..engine.primitive import numpy_door, primitive
from .shaping import reshape, swapaxes


@primitive(np.matmul)
def matmul(a, b):
    """y = a @ b"""
    return a @ b


@matmul.vjp
def _(g, y, a, b):
    """da = g bᵀ, db = aᵀ g"""
    if a.ndim == 1 and b.ndim == 1:  # y = Σ aᵢ bᵢ
        return lambda: g * b, lambda: g * a
    if b.ndim == 1:  # y = Σⱼ a[…, i, j] bⱼ
        return lambda: summed_outer(g, b), lambda: swapped(a) @ g if a.ndim == 2 else inner(a, g)
    if a.ndim == 1:  # y = Σᵢ aᵢ b[…, i, j]
        return lambda: b @ g if b.ndim == 2 else inner(swapped(b), g), lambda: summed_outer(a, g)
    return lambda: right_transposed(g, b, a), lambda: left_transposed(a, g, b)


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
    if a.ndim == 2 and b.ndim == 2 and is_thin(b.shape[1], a.shape):
        return Product(g.T, b.T)
    return g @ swapped(b)


def left_transposed(a, g, b):
    """Return the gradient aᵀ g of b: summed over all leading axes of a where b is one matrix."""
    if b.ndim == 2:
        return Product(rows_of(a), rows_of(g))
    return swapped(a) @ g


def rows_of(x):
    """Lay all leading axes out in one: (…, k) becomes (N, k)."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def is_thin(n, shape):
    """Say whether a product of n rows is cheaper to keep than to multiply."""
    rows, columns = shape
    return n * (rows + columns) <= rows * columns


class Product(Deferred):
    """A gradient Σ aᵀg, not yet multiplied: the rows of all a and of all g are collected.

    Parameters
    ----------
    a : array or Value
        (N, k)
    g : array or Value
        (N, m)
    """

    __slots__ = ("a", "g", "rows", "shape", "total")

    enough = 512  # rows that make a matrix product efficient; more only take memory

    def __init__(self, a: Any, g: Any) -> None:
        self.shape = (a.shape[1], g.shape[1])
        self.rows = a.shape[0]
        self.a = [a]
        self.g = [g]
        self.total: np.ndarray | None = None

    def absorb(self, other: Deferred) -> bool:
        """Take the rows of another product of the same shape in."""
        if type(other) is not Product:
            return False
        self.a += other.a
        self.g += other.g
        self.rows += other.rows
        if self.rows > self.enough and type(self.a[0]) is np.ndarray:
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


@primitive
def linear(x, weight, bias=None):
    """y = x Wᵀ + b"""
    y = x @ weight.T
    return y if bias is None else y + bias


@linear.vjp
def _(g, y, x, weight, bias=None):
    """dx = g W, dW = gᵀ x, db = g"""
    gradients = (lambda: g @ weight, lambda: Product(rows_of(g), rows_of(x)), g)
    return gradients[:2] if bias is None else gradients


@numpy_door(np.dot)
def dot(a, b):
    """NumPy's dot product: of vectors and matrices the same as ``a @ b``, also with numbers."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(b) <= 2:
        return matmul(a, b)
    letters = "abcdefghijklmnopqrstuvw"
    left = letters[: np.ndim(a) - 1]
    right = letters[len(left) : len(left) + np.ndim(b) - 2]
    return einsum(f"{left}y,{right}yz->{left}{right}z", a, b)


@numpy_door(np.outer)
def outer(a, b):
    """Every entry of a times every entry of b."""
    return reshape(a, shape=(-1, 1)) * reshape(b, shape=(1, -1))


@primitive(np.einsum)
def einsum(*operands, subscripts):
    """y = einsum(subscripts, operands)"""
    return np.einsum(subscripts, *operands)


@einsum.binder
def _(subscripts, *operands):
    """Write the subscripts out: no ``...``, no implied output."""
    return operands, {"subscripts": explicit(subscripts, [np.ndim(x) for x in operands])}


@einsum.vjp
def _(g, y, *operands, subscripts):
    """dxᵢ = einsum of g and the other operands, onto the subscripts of xᵢ"""
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    return [
        lambda i=i: einsum_gradient(i, g, operands, terms, output) for i in range(len(operands))
    ]


def einsum_gradient(i, g, operands, terms, output):
    """Return the gradient of operand i.

    A letter that only operand i has was summed over: its gradient is repeated, by a factor of
    ones. A letter that it has twice took the diagonal: its gradient is put back on it, by an
    identity matrix whose second letter is new.
    """
    others = [(terms[j], x) for j, x in enumerate(operands) if j != i]
    known = set(output).union(*(term for term, _ in others))
    spare = (c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in "".join([output, *terms]))
    factors = [(output, g), *others]
    target = ""
    for letter, n in zip(terms[i], operands[i].shape, strict=True):
        if letter in target:
            twin = next(spare)
            factors.append((letter + twin, np.eye(n, dtype=g.dtype)))
            target += twin
        else:
            if letter not in known:
                factors.append((letter, np.ones(n, g.dtype)))
            target += letter
    subscripts = ",".join(term for term, _ in factors) + "->" + target
    return einsum(subscripts, *(x for _, x in factors))


def explicit(subscripts, ndims):
    """Write subscripts with a letter for every axis and with an output."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    spare = [
        c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts
    ]
    hidden = [
        n - len(t.replace("...", "")) if "..." in t else 0
        for t, n in zip(terms, ndims, strict=True)
    ]
    letters = "".join(spare[: max(hidden, default=0)])
    if not arrow:
        counted = "".join(terms).replace("...", "")
        once = sorted(c for c in set(counted) if counted.count(c) == 1)
        output = ("..." if "..." in inputs else "") + "".join(once)
    full = [
        t.replace("...", letters[len(letters) - n :]) for t, n in zip(terms, hidden, strict=True)
    ]
    return ",".join(full) + "->" + output.replace("...", letters)
