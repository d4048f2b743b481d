"""Describes `ops.contraction`: sums of products. Imports it, and `compose`."""

from __future__ import annotations

from ..contraction import dot, einsum, outer
from .compose import NO_NUMBERS, describe

describe(
    dot,
    """
    NumPy's dot product: of vectors and matrices the same as ``a @ b``, also with numbers.

    >>> tg.dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """,
    a="(…, k), or a number.",
    b="(k,), (…, k, m), or a number.",
    returns="Of the shape of a, then that of b, both without k.",
    raises={"ValueError": "If the axes of length k differ."},
)
describe(
    outer,
    """
    Every entry of a times every entry of b.

    >>> tg.outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [6., 8.]])
    """,
    a="Any shape, taken as (n,).",
    b="Any shape, taken as (m,).",
    returns="(n, m).",
    raises=NO_NUMBERS,
)
describe(
    einsum,
    """
    Sums of products in Einstein's notation. A letter is an axis; those missing behind the arrow
    are summed over.

    >>> tg.einsum("ij,j->i", np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0]))
    array([21., 43.])
    """,
    operands="One for each term, of a shape with a length for each letter.",
    subscripts="The axes of each operand, and behind -> those of the result.",
    returns="Of the shape that the letters behind the arrow give.",
    raises={"ValueError": "If subscripts and shapes do not fit."},
)
