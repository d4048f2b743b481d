"""Elementwise arithmetic of one, two or three operands. Imports NumPy and `engine.primitive` only.

Everywhere: g is the gradient that arrives, y the output, a, b, x the inputs. Gradients are written
in the shape of the output; the sweep sums over the axes along which an input was broadcast. Where
the inputs' gradients are costly apart, each is a function, called only if somebody wants it.
"""

from __future__ import annotations

import math

import numpy as np

from ..engine.primitive import primitive
from .comparison import sign


@primitive(np.add, elementwise=True)
def add(a, b):
    """y = a + b"""
    return a + b


@add.vjp
def _(g, y, a, b):
    """da = g, db = g"""
    return g, g


@primitive(np.subtract, elementwise=True)
def subtract(a, b):
    """y = a − b"""
    return a - b


@subtract.vjp
def _(g, y, a, b):
    """da = g, db = −g"""
    return g, lambda: -g


@primitive(np.multiply, elementwise=True)
def multiply(a, b):
    """y = a · b"""
    return a * b


@multiply.vjp
def _(g, y, a, b):
    """da = g · b, db = g · a"""
    return lambda: g * b, lambda: g * a


@primitive(np.divide, elementwise=True)
def divide(a, b):
    """y = a / b"""
    return a / b


@divide.vjp
def _(g, y, a, b):
    """da = g / b, db = −g · y / b"""
    return lambda: g / b, lambda: -g * y / b


@primitive(np.negative, elementwise=True)
def negative(x):
    """y = −x"""
    return -x


@negative.vjp
def _(g, y, x):
    """dx = −g"""
    return -g


@primitive(np.power, elementwise=True)
def power(a, b):
    """y = aᵇ"""
    return a**b


@power.vjp
def _(g, y, a, b):
    """da = g · b · aᵇ⁻¹ (0 where b = 0), db = g · y · log a (0 where a ≤ 0)"""
    return (
        lambda: g * power_slope(a, b),
        lambda: g * y * log_where_positive(a),
    )


@np.errstate(divide="ignore", invalid="ignore")
def power_slope(a, b):
    """Return b · aᵇ⁻¹, which is 0 where b = 0, and infinite at a = 0 where b < 1."""
    return b * a ** (b - 1 + (b == 0))


def log_where_positive(a):
    """Return log a, and 0 where a ≤ 0; a Python number stays one, so that float32 stays float32."""
    if isinstance(a, (int, float)) and not isinstance(a, np.generic):
        return math.log(a) if a > 0 else 0.0
    return np.log(where(a > 0, a, 1.0))


@primitive(np.absolute, elementwise=True)
def absolute(x):
    """y = |x|"""
    return abs(x)


@absolute.vjp
def _(g, y, x):
    """dx = g · sign(x) (0 where x = 0)"""
    return g * sign(x)


@primitive(np.maximum, elementwise=True)
def maximum(a, b):
    """y = max(a, b)"""
    return np.maximum(a, b)


@maximum.vjp
def _(g, y, a, b):
    """da = g where a > b, db = g where b > a; half each where a = b"""
    return lambda: share(g, a > b, a == b), lambda: share(g, b > a, a == b)


@primitive(np.minimum, elementwise=True)
def minimum(a, b):
    """y = min(a, b)"""
    return np.minimum(a, b)


@minimum.vjp
def _(g, y, a, b):
    """da = g where a < b, db = g where b < a; half each where a = b"""
    return lambda: share(g, a < b, a == b), lambda: share(g, b < a, a == b)


def share(g, won, tied):
    """Give all of g to the one that was chosen, half of it at a tie."""
    return where(won, g, where(tied, g / 2, 0.0))


@primitive(np.where, elementwise=True)
def where(condition, a, b):
    """y = a where condition, else b"""
    return np.where(condition, a, b)[()]


@where.vjp
def _(g, y, condition, a, b):
    """da = g where condition, db = g elsewhere"""
    return None, lambda: where(condition, g, 0.0), lambda: where(condition, 0.0, g)


@primitive(np.clip, elementwise=True)
def clip(x, a_min, a_max):
    """y = x, but at least a_min and at most a_max"""
    return np.minimum(np.maximum(x, a_min), a_max)


@clip.binder
def _(x, a_min=None, a_max=None, *, min=None, max=None):
    """A bound of None is no bound; NumPy has two names for each."""
    low = min if a_min is None else a_min
    high = max if a_max is None else a_max
    return (x, -np.inf if low is None else low, np.inf if high is None else high), {}


@clip.vjp
def _(g, y, x, a_min, a_max):
    """dx = g where a_min ≤ x ≤ a_max; da_min = g where x < a_min; da_max = g where x > a_max"""
    return (
        lambda: where((x >= a_min) & (x <= a_max), g, 0.0),
        lambda: where((x < a_min) & (a_min <= a_max), g, 0.0),
        lambda: where((x > a_max) | (a_min > a_max), g, 0.0),
    )
