"""Describes `ops.linear`: products with weights. Imports it, and `compose`."""

from __future__ import annotations

from ..linear import linear, matmul, recurrent_linear
from .compose import describe

describe(
    matmul,
    """
    Matrix product, as NumPy's: of vectors, matrices, and stacks of matrices; also ``a @ b``.

    >>> tg.matmul(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0]))
    array([21., 43.])
    """,
    a="(…, n, k), or (k,).",
    b="(…, k, m), or (k,).",
    returns="(…, n, m), without the axis of a vector.",
    raises={"ValueError": "If the axes of length k differ."},
)
describe(
    linear,
    """
    An affine map of the last axis: what a layer computes. The bias may be left out.

    >>> tg.linear(np.array([1.0, 2.0]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([11.5])
    """,
    x="(…, D).",
    weight="(H, D), as in PyTorch.",
    bias="(H,).",
    returns="(…, H).",
    raises={"ValueError": "If the lengths of D or H differ."},
)
describe(
    recurrent_linear,
    """
    The affine map of a recurrent step: the input's product and the state's. Both biases, or
    none.

    >>> tg.recurrent_linear(np.ones((1, 2)), np.ones((1, 1)), np.ones((1, 2)), np.ones((1, 1)))
    array([[3.]])
    """,
    x="(…, D).",
    h="(…, H).",
    w_ih="(G·H, D).",
    w_hh="(G·H, H).",
    b_ih="(G·H,).",
    b_hh="(G·H,).",
    returns="(…, G·H).",
    raises={"ValueError": "If the lengths of D or H differ."},
)
