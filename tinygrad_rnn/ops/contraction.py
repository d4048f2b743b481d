"""Products written by their axes: einsum, and dot and outer, which are cases of others.

Imports NumPy, the engine and ops above it.
"""

from __future__ import annotations

import numpy as np

from ..engine.doors import numpy_door
from ..engine.primitive import primitive
from .linear import matmul
from .shaping import reshape


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
    if not isinstance(subscripts, str):
        raise TypeError("einsum takes its subscripts first and as a string, as in 'ij,jk->ik'")
    if subscripts.partition("->")[0].count(",") != len(operands) - 1:
        raise ValueError(f"einsum: {subscripts!r} does not describe {len(operands)} operands")
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
    known = {
        pair for term, x in [(output, g), *others] for pair in zip(term, np.shape(x), strict=True)
    }
    spare = (c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in "".join([output, *terms]))
    factors = [(output, g), *others]
    target = ""
    for letter, n in zip(terms[i], operands[i].shape, strict=True):
        if letter in target:
            twin = next(spare)
            factors.append((letter + twin, np.eye(n, dtype=g.dtype)))
            target += twin
        else:
            if (letter, n) not in known:
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
