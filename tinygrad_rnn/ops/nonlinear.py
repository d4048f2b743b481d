"""Elementwise functions of one operand. Imports NumPy, `engine.primitive` and ops above it."""

from __future__ import annotations

import numpy as np

from ..engine.primitive import primitive
from .arithmetic import where

INTEGER = np.dtype(int)  # what a Python number counts as here


@primitive(np.exp, elementwise=True)
def exp(x):
    """y = eˣ"""
    return np.exp(x)


@exp.vjp
def _(g, y, x):
    """dx = g · y"""
    return g * y


@primitive(np.expm1, elementwise=True)
def expm1(x):
    """y = eˣ − 1"""
    return np.expm1(x)


@expm1.vjp
def _(g, y, x):
    """dx = g · (y + 1)"""
    return g * (y + 1)


@primitive(np.log, elementwise=True)
def log(x):
    """y = log x"""
    return np.log(x)


@log.vjp
def _(g, y, x):
    """dx = g / x"""
    return g / x


@primitive(np.log1p, elementwise=True)
def log1p(x):
    """y = log(1 + x)"""
    return np.log1p(x)


@log1p.vjp
def _(g, y, x):
    """dx = g / (1 + x)"""
    return g / (1 + x)


@primitive(np.sqrt, elementwise=True)
def sqrt(x):
    """y = √x"""
    return np.sqrt(x)


@sqrt.vjp
@np.errstate(divide="ignore", invalid="ignore")
def _(g, y, x):
    """dx = g / 2y (infinite where x = 0)"""
    return g / (2 * y)


@primitive(np.square, elementwise=True)
def square(x):
    """y = x²"""
    return x * x


@square.vjp
def _(g, y, x):
    """dx = g · 2x"""
    return g * (2 * x)


@primitive(np.sin, elementwise=True)
def sin(x):
    """y = sin x"""
    return np.sin(x)


@sin.vjp
def _(g, y, x):
    """dx = g · cos x"""
    return g * cos(x)


@primitive(np.cos, elementwise=True)
def cos(x):
    """y = cos x"""
    return np.cos(x)


@cos.vjp
def _(g, y, x):
    """dx = −g · sin x"""
    return -g * sin(x)


@primitive(np.tanh, elementwise=True)
def tanh(x):
    """y = tanh x"""
    return np.tanh(x)


@tanh.vjp
def _(g, y, x):
    """dx = g · (1 − y²)"""
    return g * (1 - y * y)


def as_floats(x):
    """Return x, or whole numbers and truths as float64: unsigned ones would wrap around."""
    kind = getattr(x, "dtype", INTEGER).kind
    return x if kind in "fc" else np.asarray(x, np.float64)[()]


@primitive(elementwise=True)
@np.errstate(over="ignore")  # e⁻ˣ = ∞ gives the right y = 0
def sigmoid(x):
    """y = 1 / (1 + e⁻ˣ)"""
    y = np.exp(-as_floats(x))
    y += 1
    return np.reciprocal(y)


@sigmoid.vjp
def _(g, y, x):
    """dx = g · y · (1 − y)"""
    return g * y * (1 - y)


@primitive(elementwise=True)
def relu(x):
    """y = max(x, 0)"""
    return np.maximum(x, 0)


@relu.vjp
def _(g, y, x):
    """dx = g where x > 0 (0 where x = 0)"""
    return where(x > 0, g, 0.0)


@primitive(elementwise=True)
def softplus(x):
    """y = log(1 + eˣ)"""
    return np.logaddexp(0, x)


@softplus.vjp
def _(g, y, x):
    """dx = g · sigmoid(x)"""
    return g * sigmoid(x)
