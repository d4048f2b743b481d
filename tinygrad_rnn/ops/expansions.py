"""Ops by simpler ops: what the compiler may take instead, to see what neighbours have in common.

Each function gets an op's inputs and settings and returns the same as its forward function, up to
rounding; None where it does not apply. Imports NumPy, the engine and all ops above.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.primitive import Primitive
from .linear import linear, recurrent_linear
from .nonlinear import exp, relu, sigmoid, square
from .reduction import mean, reduced_axes
from .softmax import (
    at_ids,
    class_ids,
    is_ids,
    reduced,
    row_count,
    shifted_rows,
    softmax,
    softmax_cross_entropy,
)

Expansion = Callable[..., Any]


def expands(op: Primitive) -> Callable[[Expansion], Expansion]:
    """Enter a function into the rule of the op that it stands for."""

    def enter(function: Expansion) -> Expansion:
        op.rule.expansion = function
        return function

    return enter


@expands(linear)
def _(x, weight, bias=None):
    """Return the product and the bias, an op each."""
    y = x @ weight.T
    return y if bias is None else y + bias


@expands(recurrent_linear)
def _(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    """Return the two products and the biases, an op each."""
    y = x @ w_ih.T + h @ w_hh.T
    for bias in (b_ih, b_hh):
        y = y if bias is None else y + bias
    return y


@expands(sigmoid)
def _(x):
    """Return the fraction, an op for each sign of the formula."""
    return 1 / (1 + exp(-x)) if x.dtype.kind == "f" else None


@expands(relu)
def _(x):
    """Return NumPy's maximum."""
    return np.maximum(x, 0)


@expands(square)
def _(x):
    """Return the product."""
    return x * x


@expands(mean)
def _(x, *, axis=None, keepdims=False):
    """Return the sum, divided by the number of entries."""
    if x.dtype.kind != "f" or x.dtype.itemsize < 4:
        return None  # a sum may be larger than any number of float16
    n = math.prod(x.shape[i] for i in reduced_axes(x, axis))
    return np.sum(x, axis=axis, keepdims=keepdims) / n if n else None


@expands(softmax)
def _(x, *, axis=-1):
    """Return the exponentials and their sum, which a loss shares."""
    along_rows = axis % x.ndim == x.ndim - 1
    if not along_rows and x.dtype.kind != "f":
        return None  # whole numbers without a sign wrap around below 0
    e = exp(shifted_rows(x) if along_rows else x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


@expands(softmax_cross_entropy)
def _(logits, targets, *, reduction="mean", ignore_index=None):
    """Return log Σ eᶻ − z at the target, where z is the logits less a number for each row."""
    if not is_ids(targets) or ignore_index is not None or logits.size == 0:
        return None
    targets = class_ids(targets, logits)
    z = shifted_rows(logits)
    total = np.sum(exp(z), axis=-1, keepdims=True)
    losses = np.log(total)[..., 0] - at_ids(z, targets)
    return reduced(losses, row_count(logits, targets, ignore_index), reduction)
