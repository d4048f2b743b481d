"""Describes `ops.nonlinear`: curves. Imports it, and `compose`."""

from __future__ import annotations

from ..nonlinear import (
    cos,
    exp,
    expm1,
    log,
    log1p,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    square,
    tanh,
)
from .compose import describe

describe(
    exp,
    """
    Exponential of each entry.

    >>> tg.exp(np.array([0.0, 1.0]))
    array([1.        , 2.71828183])
    """,
)
describe(
    expm1,
    """
    Exponential less 1, exact also where x is small.

    >>> tg.expm1(np.array([0.0, 1e-10]))
    array([0.e+00, 1.e-10])
    """,
)
describe(
    log,
    """
    Natural logarithm. At 0 it is -inf, below NaN, and NumPy warns.

    >>> tg.log(np.array([1.0, 10.0]))
    array([0.        , 2.30258509])
    """,
)
describe(
    log1p,
    """
    Logarithm of 1 + x, exact also where x is small.

    >>> tg.log1p(np.array([0.0, 1e-10]))
    array([0.e+00, 1.e-10])
    """,
)
describe(
    sqrt,
    """
    Square root. Its slope at 0 is infinite.

    >>> tg.sqrt(np.array([4.0, 2.0]))
    array([2.        , 1.41421356])
    """,
)
describe(
    square,
    """
    Each entry times itself.

    >>> tg.square(np.array([3.0, -2.0]))
    array([9., 4.])
    """,
)
describe(
    sin,
    """
    Sine of an angle in radians.

    >>> tg.sin(np.array([0.0, np.pi / 2]))
    array([0., 1.])
    """,
)
describe(
    cos,
    """
    Cosine of an angle in radians.

    >>> tg.cos(np.array([0.0, np.pi / 2])).round(3)
    array([1., 0.])
    """,
)
describe(
    tanh,
    """
    Hyperbolic tangent: between −1 and 1, with slope 1 at 0.

    >>> tg.tanh(np.array([0.0, 1.0, 100.0]))
    array([0.        , 0.76159416, 1.        ])
    """,
)
describe(
    sigmoid,
    """
    Logistic function: between 0 and 1, ½ at 0. Stable at any x.

    >>> tg.sigmoid(np.array([0.0, 1.0, -800.0]))
    array([0.5       , 0.73105858, 0.        ])
    """,
    raises={"ValueError": "If x holds no numbers."},
)
describe(
    relu,
    """
    x where it is positive, 0 elsewhere. At the kink, x = 0, the gradient is 0.

    >>> tg.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """,
)
describe(
    softplus,
    """
    A smooth relu; its slope is the sigmoid. Stable at any x.

    >>> tg.softplus(np.array([-800.0, 0.0, 800.0]))
    array([0.00000000e+00, 6.93147181e-01, 8.00000000e+02])
    """,
)
