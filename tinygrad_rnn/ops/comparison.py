"""Functions whose derivative is zero wherever it exists: comparisons, rounding, places of extrema.

They give plain arrays, also of Values: no gradient can come back through them. Imports NumPy and
`engine.primitive` only.
"""

from __future__ import annotations

import numpy as np

from ..engine.primitive import primitive


@primitive(np.equal, differentiable=False, elementwise=True)
def equal(a, b):
    """y = (a = b)"""
    return a == b


@primitive(np.not_equal, differentiable=False, elementwise=True)
def not_equal(a, b):
    """y = (a ≠ b)"""
    return a != b


@primitive(np.less, differentiable=False, elementwise=True)
def less(a, b):
    """y = (a < b)"""
    return a < b


@primitive(np.less_equal, differentiable=False, elementwise=True)
def less_equal(a, b):
    """y = (a ≤ b)"""
    return a <= b


@primitive(np.greater, differentiable=False, elementwise=True)
def greater(a, b):
    """y = (a > b)"""
    return a > b


@primitive(np.greater_equal, differentiable=False, elementwise=True)
def greater_equal(a, b):
    """y = (a ≥ b)"""
    return a >= b


@primitive(np.sign, differentiable=False, elementwise=True)
def sign(x):
    """y = sign(x)"""
    return np.sign(x)


@primitive(np.floor, differentiable=False, elementwise=True)
def floor(x):
    """y = ⌊x⌋"""
    return np.floor(x)


@primitive(np.ceil, differentiable=False, elementwise=True)
def ceil(x):
    """y = ⌈x⌉"""
    return np.ceil(x)


@primitive(np.rint, differentiable=False, elementwise=True)
def rint(x):
    """y = x rounded to the nearest whole number"""
    return np.rint(x)


@primitive(np.trunc, differentiable=False, elementwise=True)
def trunc(x):
    """y = x without its fraction"""
    return np.trunc(x)


@primitive(np.isfinite, differentiable=False, elementwise=True)
def isfinite(x):
    """y = (x is neither NaN nor infinite)"""
    return np.isfinite(x)


@primitive(np.isnan, differentiable=False, elementwise=True)
def isnan(x):
    """y = (x is NaN)"""
    return np.isnan(x)


@primitive(differentiable=False, elementwise=True)
def checked(x, *, check):
    """y = x, whole numbers or truths, after check(x) has not raised"""
    if x.dtype.kind not in "biu":
        raise TypeError(f"{x.dtype} has a derivative, which would be lost here")
    check(x)
    return x


@primitive(np.argmax, differentiable=False)
def argmax(x, *, axis=None, keepdims=False):
    """y = place of the largest entry along axis"""
    return np.argmax(x, axis=axis, keepdims=keepdims)


@primitive(np.argmin, differentiable=False)
def argmin(x, *, axis=None, keepdims=False):
    """y = place of the smallest entry along axis"""
    return np.argmin(x, axis=axis, keepdims=keepdims)


@primitive(np.argsort, differentiable=False)
def argsort(x, *, axis=-1):
    """y = the order that sorts x along axis (equal entries stay in order)"""
    return np.argsort(x, axis=axis, kind="stable")


@primitive(np.zeros_like, differentiable=False, elementwise=True)
def zeros_like(x):
    """y = 0, in the shape and dtype of x"""
    return np.zeros_like(x)


@primitive(np.ones_like, differentiable=False, elementwise=True)
def ones_like(x):
    """y = 1, in the shape and dtype of x"""
    return np.ones_like(x)


@primitive(np.allclose, differentiable=False)
def allclose(a, b, *, rtol=1e-5, atol=1e-8, equal_nan=False):
    """y = (a and b agree everywhere within rtol and atol)"""
    return np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


@primitive(np.array_equal, differentiable=False)
def array_equal(a, b):
    """y = (a and b have the same shape and entries)"""
    return np.array_equal(a, b)


@primitive(np.shape, differentiable=False)
def shape(x):
    """y = the lengths of x's axes"""
    return np.shape(x)


@primitive(np.ndim, differentiable=False)
def ndim(x):
    """y = the number of x's axes"""
    return np.ndim(x)


@primitive(np.size, differentiable=False)
def size(x):
    """y = the number of x's entries"""
    return np.size(x)
