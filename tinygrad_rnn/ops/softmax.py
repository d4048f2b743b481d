"""Softmax, and the loss of classification built on it. Imports NumPy, the engine, ops above.

All are stable: the largest logit is taken off before an exponential is formed.
"""

from __future__ import annotations

import numpy as np

from ..engine.errors import LogitsWarning, OutOfRangeError, ShapeError, explain
from ..engine.graph import Node
from ..engine.places import warn_program
from ..engine.primitive import Primitive, primitive
from ..engine.rule import Rule
from ..engine.value import Value
from .arithmetic import where
from .nonlinear import as_floats, exp

CALM = 16.0


@primitive
def softmax(x, *, axis=-1):
    """y = eˣ / Σ eˣ"""
    e = shifted(x, axis)
    np.exp(e, out=e)
    e /= e.sum(axis=axis, keepdims=True)
    return e


def shifted(x, axis):
    """Return x less its largest entry along axis, in floats, in an array of its own."""
    x = as_floats(x)
    return x - x.max(axis=axis, keepdims=True)


@softmax.vjp
def _(g, y, x, *, axis=-1):
    """dx = y · (g − Σ g y)"""
    return y * (g - np.sum(g * y, axis=axis, keepdims=True))


@primitive
def log_softmax(x, *, axis=-1):
    """y = x − log Σ eˣ"""
    z = shifted(x, axis)
    z -= np.log(np.exp(z).sum(axis=axis, keepdims=True))
    return z


@log_softmax.vjp
def _(g, y, x, *, axis=-1):
    """dx = g − eʸ · Σ g"""
    return g - exp(y) * np.sum(g, axis=axis, keepdims=True)


@primitive
def softmax_cross_entropy(logits, targets, *, reduction="mean", ignore_index=None):
    """y = −Σ targets · log softmax(logits), averaged over rows"""
    check_targets(logits, targets, ignore_index)
    z = shifted(logits, -1)
    log_total = np.log(np.exp(z).sum(axis=-1))
    if not is_ids(targets):
        losses = (targets * (log_total[..., None] - z)).sum(axis=-1)
    elif ignore_index is None:
        losses = log_total - z[places_of(targets)]
    else:
        counted = targets != ignore_index
        losses = np.where(counted, log_total - z[places_of(targets * counted)], 0)
    return reduced(losses, row_count(logits, targets, ignore_index), reduction)


@softmax_cross_entropy.binder
def _(logits, targets, *, reduction="mean", ignore_index=None):
    """Targets may be a list, or the one id of a vector of logits."""
    targets = targets if hasattr(targets, "dtype") else np.asarray(targets)
    warn_if_made_by(softmax, logits, "softmax_cross_entropy")
    return (logits, targets), {"reduction": reduction, "ignore_index": ignore_index}


@softmax_cross_entropy.vjp
def _(g, y, logits, targets, *, reduction="mean", ignore_index=None):
    """dlogits = g · (Σ targets · softmax(logits) − targets), dtargets = −g · log softmax(logits)"""
    if reduction == "mean":
        g = g / row_count(logits, targets, ignore_index)
    elif reduction == "none":
        g = np.expand_dims(g, -1)
    if not is_ids(targets):
        mass = np.sum(targets, axis=-1, keepdims=True)  # 1, if they are probabilities
        return lambda: g * (softmax(logits) * mass - targets), lambda: -g * log_softmax(logits)
    counted = True if ignore_index is None else targets != ignore_index
    d = less_one_at(softmax(logits), targets if counted is True else targets * counted)
    d *= g
    return d if counted is True else where(np.expand_dims(counted, -1), d, 0.0), None


@primitive(differentiable=False)
def one_hot(ids, like, *, ignore_index=None):
    """y = 1 at each id, 0 elsewhere; in the shape and dtype of the second input"""
    check_rows(ids, like)
    y = np.zeros(like.shape, like.dtype)
    if ignore_index is None:
        y[places_of(ids)] = 1
        return y
    counted = ids != ignore_index
    y[places_of(ids * counted)] = 1
    return y * counted[..., None]


def less_one_at(p, ids):
    """Return p, which nobody else holds, less 1 at each id: p − one_hot(ids)."""
    if isinstance(p, Node):
        return p - one_hot(ids, p)
    p[places_of(ids)] -= 1
    return p


def check_rows(ids, x):
    """Refuse ids that are not one for each row."""
    if ids.shape != x.shape[:-1]:
        raise ShapeError(f"ids of shape {ids.shape} for rows of shape {x.shape}")


def places_of(ids):
    """Return the index of the entries that ids name, one in each row."""
    if ids.size == 1:  # NumPy finds one entry ten times as quickly as an array of one
        return (0,) * ids.ndim + (ids.item(),)
    if ids.ndim == 1:
        return np.arange(len(ids)), ids
    return (*np.indices(ids.shape, sparse=True), ids)


@primitive(differentiable=False)
def class_ids(targets, logits):
    """y = targets, each of them the number of a class"""
    check_targets(logits, targets, None)
    return targets


def only_in_programs(forward):
    """Make an op that is not among `RULES`: it takes the place of ops whose gradients are there."""
    return Primitive(Rule(forward, differentiable=False))


@only_in_programs
def shifted_rows(x):
    """y = x less the largest of each row, if any entry is far from 0: eʸ is neither 0 nor ∞"""
    x = as_floats(x)
    return x.copy() if x.size and is_calm(x) else shifted(x, -1)


def is_calm(x):
    """Say whether sums of many eˣ are numbers of float32 without taking anything off."""
    entries = x.reshape(-1)  # the largest of all is found many times faster than that of each row
    calm = entries[entries.argmax()] <= CALM and entries[entries.argmin()] >= -CALM
    return calm and x.dtype.itemsize > 2


@primitive
def at_ids(x, ids):
    """y = x[…, ids[…]]: in each row the entry that the id names"""
    check_rows(ids, x)
    return x[places_of(ids)].reshape(ids.shape)


@at_ids.vjp
def _(g, y, x, ids):
    """dx = g at each id, 0 elsewhere"""
    return np.expand_dims(g, -1) * one_hot(ids, x), None


def warn_if_made_by(curve, logits, op):
    """Warn if logits are the result of the very curve that the loss applies to them."""
    name = curve.rule.name
    if isinstance(logits, Value) and logits.rule is curve.rule:
        warn_program(
            explain(
                f"{op} of probabilities: its logits are a result of {name}",
                where=f"{op}(logits, targets)",
                why=f"the loss applies {name} itself; twice, it learns slowly and badly",
                fix=f"pass what went into {name}",
            ),
            LogitsWarning,
        )


def is_ids(targets):
    """Say whether targets are class ids rather than probabilities."""
    return targets.dtype.kind in "iu"


def row_count(logits, targets, ignore_index):
    """Return how many rows count in the mean."""
    if is_ids(targets) and ignore_index is not None:
        return (targets != ignore_index).astype(logits.dtype).sum()
    return logits.size // logits.shape[-1]


def check_targets(logits, targets, ignore_index):
    """Refuse targets of a wrong shape, and ids that name no class."""
    if ignore_index is not None and not is_ids(targets):
        raise ShapeError(
            explain(
                f"softmax_cross_entropy: ignore_index={ignore_index} with {targets.dtype} targets",
                why="probabilities name no class that could be left out",
                fix="set rows of probabilities to zero, or pass class ids",
            )
        )
    classes = logits.shape[-1]
    wanted = logits.shape[:-1] if is_ids(targets) else logits.shape
    if targets.shape != wanted:
        swapped = targets.ndim > 1 and targets.shape[:2] == wanted[1::-1]
        order = "; their first two axes stand in the other order: np.swapaxes(targets, 0, 1)"
        raise ShapeError(
            explain(
                f"softmax_cross_entropy: {targets.dtype} targets of shape {targets.shape}"
                f" for logits of shape {logits.shape}",
                why="ids have one entry for each row of logits, probabilities one for each logit",
                fix=f"pass ids of shape {logits.shape[:-1]} or floats of shape {logits.shape}"
                + (order if swapped else ""),
            )
        )
    if not is_ids(targets) or targets.size == 0:
        return
    low, high = (targets.item(),) * 2 if targets.size == 1 else (targets.min(), targets.max())
    if low < 0 or high >= classes:
        wrong = ((targets < 0) | (targets >= classes)) & (targets != ignore_index)
        if np.any(wrong):
            place = tuple(np.argwhere(wrong)[0].tolist())
            raise OutOfRangeError(
                explain(
                    f"softmax_cross_entropy: target {targets[place]} at {place}",
                    why=f"the logits have {classes} classes, numbered 0 to {classes - 1}",
                    fix="check the vocabulary; ignore_index= leaves padding out",
                )
            )


def reduced(losses, rows, reduction):
    """Reduce the losses of rows to their mean or sum, or leave them."""
    if reduction == "mean":
        if rows == 0:
            raise ShapeError(
                explain(
                    "the mean loss of no row",
                    why="there is no row, or all of them are ignored",
                    fix="leave such a batch out, or pass reduction='sum', which is 0",
                )
            )
        return losses.sum() / rows
    if reduction == "sum":
        return losses.sum()
    if reduction == "none":
        return losses
    raise ValueError(f"reduction {reduction!r}: it is 'mean', 'sum' or 'none'")
