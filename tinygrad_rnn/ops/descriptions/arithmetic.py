"""Describes `ops.arithmetic`: arithmetic of one, two or three operands. Imports it."""

from __future__ import annotations

from ..arithmetic import (
    absolute,
    add,
    clip,
    divide,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    subtract,
    where,
)
from .compose import describe

describe(
    add,
    """
    Sum of a and b; also ``a + b``.

    >>> tg.add(np.array([1.0, 2.0]), 10.0)
    array([11., 12.])
    """,
)
describe(
    subtract,
    """
    Difference of a and b; also ``a - b``.

    >>> tg.subtract(np.array([1.0, 2.0]), 10.0)
    array([-9., -8.])
    """,
)
describe(
    multiply,
    """
    Product of a and b, entry by entry; also ``a * b``.

    >>> tg.multiply(np.array([1.0, 2.0]), 10.0)
    array([10., 20.])
    """,
)
describe(
    divide,
    """
    Quotient of a and b; also ``a / b``. Dividing by 0 gives inf or NaN, and NumPy's warning.

    >>> tg.divide(np.array([1.0, 2.0]), 4.0)
    array([0.25, 0.5 ])
    """,
)
describe(
    negative,
    """
    Each entry with the other sign; also ``-x``.

    >>> tg.negative(np.array([1.0, -2.0]))
    array([-1.,  2.])
    """,
)
describe(
    power,
    """
    a to the power of b; also ``a**b``. Both may be Values; by b there is a derivative where a >
    0.

    >>> tg.power(np.array([2.0, 3.0]), 2.0)
    array([4., 9.])
    """,
)
describe(
    absolute,
    """
    Distance from 0; also ``abs(x)``. At the kink, x = 0, the gradient is 0.

    >>> tg.absolute(np.array([1.0, -2.0]))
    array([1., 2.])
    """,
)
describe(
    maximum,
    """
    The larger of a and b; where they are equal, each gets half the gradient.

    >>> tg.maximum(np.array([1.0, -2.0]), 0.0)
    array([1., 0.])
    """,
)
describe(
    minimum,
    """
    The smaller of a and b; where they are equal, each gets half the gradient.

    >>> tg.minimum(np.array([1.0, -2.0]), 0.0)
    array([ 0., -2.])
    """,
)
describe(
    where,
    """
    a where the condition holds, b elsewhere. The gradient goes to what was chosen.

    >>> tg.where(np.array([True, False]), 1.0, np.array([5.0, 6.0]))
    array([1., 6.])
    """,
)
describe(
    clip,
    """
    x limited to an interval. A bound may be None: none on that side. Beyond the bounds the
    gradient is 0.

    >>> tg.clip(np.array([-3.0, 0.5, 3.0]), -1.0, 1.0)
    array([-1. ,  0.5,  1. ])
    """,
    min="NumPy's other name for a_min, of its shape.",
    max="NumPy's other name for a_max, of its shape.",
)
