"""Softmax and cross-entropy of integer targets, with the derivative; imports NumPy alone.

The two belong together: apart, the softmax overflows, the logarithm meets zero and the derivative
is a (V, V) matrix per position; together the derivative is ``p - onehot``. The numbered lines are
derived in ``docs/derivation.md``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

REDUCTIONS = ("mean", "sum", "none")


class Cache(NamedTuple):
    """What `backward` needs; N counts the positions, whatever their shape was."""

    log_p: np.ndarray  # (N, V) log-probabilities
    targets: np.ndarray  # (N,)  integers, 0 where the position is ignored
    counted: np.ndarray  # (N,)  False where the position is ignored
    divisor: int  # what the sum over positions was divided by
    shape: tuple[int, ...]  # of the logits


def forward(
    logits: np.ndarray,
    targets: np.ndarray,
    *,
    reduction: str = "mean",
    ignore_index: int | None = None,
) -> tuple[Any, Cache]:
    """Loss of predicting `targets` from `logits`: -log softmax(logits)[target].

    Parameters
    ----------
    logits : array, shape (..., V), floating
        One score per class. Any size of number is safe.
    targets : array, shape (...), integer
        The right class of every position, in 0 ... V-1.
    reduction : {"mean", "sum", "none"}
        How the positions' losses are put together. A mean is over the counted positions.
    ignore_index : int, optional
        Positions whose target is this number have no loss and no gradient. It may be a class.

    Returns
    -------
    loss : scalar of the logits' dtype, or an array of the targets' shape for "none"
    cache : Cache
        For `backward`.

    Raises
    ------
    ValueError
        Shapes that do not fit, a class outside 0 ... V-1, or an unknown reduction.
    TypeError
        Logits that are not floating-point or targets that are not integers.

    Notes
    -----
    Natural logarithms: the loss is in nats. Lines (C1) to (C5) of the derivation.

    Examples
    --------
    >>> loss, cache = forward(np.array([[2.0, 0.0]]), np.array([0]))
    >>> round(float(loss), 6)
    0.126928
    >>> backward(cache).round(6)
    array([[-0.119203,  0.119203]])
    """
    logits, targets = np.asarray(logits), np.asarray(targets)
    counted = _check(logits, targets, reduction, ignore_index)

    z = logits.reshape(-1, logits.shape[-1])  # (N, V)
    counted = counted.reshape(-1)  # (N,)
    target = np.where(counted, targets.reshape(-1), 0)  # (N,)
    n = np.arange(len(z))  # (N,)
    divisor = int(counted.sum()) if reduction == "mean" else 1

    s = z - z.max(axis=1, keepdims=True)  # (C1) (N, V) no exponential above 1
    total = np.exp(s).sum(axis=1, keepdims=True)  # (C2) (N, 1) between 1 and V
    log_p = s - np.log(total)  # (C3) (N, V)
    losses = -log_p[n, target]  # (C4) (N,)
    losses = np.where(counted, losses, 0)

    cache = Cache(log_p, target, counted, divisor, logits.shape)
    if reduction == "none":
        return losses.reshape(targets.shape), cache
    loss = losses.sum() / divisor  # (C5) a sum has divisor 1
    return loss, cache


def backward(cache: Cache, d_loss: Any = 1.0) -> np.ndarray:
    """Gradient of the loss with respect to the logits.

    Parameters
    ----------
    cache : Cache
        From `forward`.
    d_loss : float or array
        Gradient that arrives at the loss: a scalar, or the targets' shape after "none".

    Returns
    -------
    array, shape (..., V)
        Zero at ignored positions.

    Raises
    ------
    ValueError
        If `d_loss` has the wrong number of entries.

    Notes
    -----
    Lines (C6) to (C8) of the derivation.

    Examples
    --------
    >>> loss, cache = forward(np.array([[2.0, 0.0]]), np.array([0]))
    >>> backward(cache).round(6)  # softmax less a 1 at the target
    array([[-0.119203,  0.119203]])
    """
    log_p, target, counted, divisor, shape = cache
    n = np.arange(len(log_p))  # (N,)
    g = np.asarray(d_loss, dtype=log_p.dtype).reshape(-1, 1)  # (N, 1), or (1, 1) for a scalar loss

    dz: np.ndarray = np.exp(log_p)  # (C6) (N, V) the probabilities p
    dz[n, target] -= 1  # (C7) p - onehot(target)
    dz *= g / divisor  # (C8)
    dz[~counted] = 0
    return dz.reshape(shape)


def _check(
    logits: np.ndarray, targets: np.ndarray, reduction: str, ignore_index: int | None
) -> np.ndarray:
    """Refuse what cannot be a loss; return which positions count, in the targets' shape."""
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"cross_entropy: unknown reduction {reduction!r}; "
            "write reduction='mean', 'sum' or 'none'."
        )
    if not np.issubdtype(logits.dtype, np.floating):
        raise TypeError(
            f"cross_entropy: logits have dtype {logits.dtype}, which has no derivative; "
            "pass logits.astype(np.float64)."
        )
    if not np.issubdtype(targets.dtype, np.integer):
        raise TypeError(
            f"cross_entropy: targets have dtype {targets.dtype}, but they number classes; "
            "pass integers, for one-hot rows onehot.argmax(axis=-1)."
        )
    if logits.ndim == 0 or targets.shape != logits.shape[:-1]:
        raise ValueError(
            f"cross_entropy: targets of shape {targets.shape} do not fit logits of shape "
            f"{logits.shape}: every row of V logits has one target; "
            f"pass targets of shape {logits.shape[:-1]}."
        )
    counted = np.ones(targets.shape, dtype=bool)
    if ignore_index is not None:
        counted = np.asarray(targets != ignore_index)
    classes = logits.shape[-1]
    wrong = counted & ((targets < 0) | (targets >= classes))
    if wrong.any():
        raise ValueError(
            f"cross_entropy: target {targets[wrong][0]} is no class: {classes} logits per position "
            f"number the classes 0 to {classes - 1}; if it marks positions to leave out, pass it "
            "as ignore_index."
        )
    if reduction == "mean" and not counted.any():
        raise ValueError(
            "cross_entropy: no position is counted, so there is no mean (0/0); skip this batch, "
            "or pass reduction='sum', whose value is then 0."
        )
    return counted
