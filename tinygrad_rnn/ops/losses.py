"""Losses that are composed of other ops, and so have no derivative of their own.

Imports NumPy, the engine, ops above.
"""

from __future__ import annotations

import numpy as np

from ..engine.errors import ShapeError, explain
from ..engine.value import Value
from .nonlinear import sigmoid, softplus, square
from .softmax import reduced, warn_if_made_by


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean"):
    """Return −t log σ(x) − (1 − t) log(1 − σ(x)), reduced; targets are probabilities.

    Written as t · softplus(−x) + (1 − t) · softplus(x), which neither overflows nor cancels.
    """
    targets = like(logits, targets, "binary_cross_entropy_with_logits")
    warn_if_made_by(sigmoid, logits, "binary_cross_entropy_with_logits")
    losses = targets * softplus(-logits) + (1 - targets) * softplus(logits)
    return reduced(losses, np.size(losses), reduction)


def mse(prediction, target, *, reduction="mean"):
    """Return the squared error (prediction − target)², reduced."""
    losses = square(prediction - like(prediction, target, "mse"))
    return reduced(losses, np.size(losses), reduction)


def like(prediction, target, op):
    """Return a target in its prediction's dtype, refusing shapes that would be broadcast."""
    if np.shape(target) not in ((), np.shape(prediction)):
        raise ShapeError(
            explain(
                f"{op}: a target of shape {np.shape(target)} for {np.shape(prediction)}",
                where=f"{op}(prediction, target)",
                why="broadcasting would compare every entry with every other",
                fix="give both the same shape, with reshape or [:, None]",
            )
        )
    if isinstance(target, Value):
        return target if target.dtype.kind == "f" else target.detach().astype(prediction.dtype)
    target = np.asarray(target)
    return target if target.dtype.kind == "f" else target.astype(prediction.dtype)
