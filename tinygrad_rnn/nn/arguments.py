"""What modules accept, and what they say to the rest: sizes, dtypes, inputs, states, lengths.

Imports NumPy, the engine and ops. Values are asked for shape and dtype only, never for their
numbers, so that a module can be traced.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.errors import DtypeError, ShapeError, explain
from ..engine.recording import current
from ..engine.value import Value
from ..ops.comparison import checked

Array = Any  # a NumPy array or a Value
State = tuple[Array, ...]  # (h,), for an LSTM (h, c)


def place(module: str) -> str:
    """Say where an argument was refused: the module, and the scope that it runs in."""
    scope = current.get().scope
    return f"{module} in scope {scope}" if scope else module


def checked_sizes(module: str, **sizes: Any) -> None:
    """Refuse sizes that are not whole numbers above zero."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ShapeError(
                explain(
                    f"{module}: {name}={size!r}",
                    why="it is the length of an array's axis",
                    fix=f"pass a whole number above zero as {name}",
                )
            )


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the dtype of a module's parameters: float32 or float64."""
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise DtypeError(
            explain(
                f"parameters of dtype {dtype}",
                why="they are trained by small steps, in a precision that NumPy computes fast in",
                fix="pass dtype=np.float64 or dtype=np.float32",
            )
        )
    return dtype


def checked_choice(module: str, name: str, choice: Any, choices: Any) -> Any:
    """Return a named choice, or the entry of that name where `choices` is a dict."""
    if not isinstance(choice, str) or choice not in choices:
        offered = " or ".join(f"{name}={other!r}" for other in choices)
        raise ValueError(
            explain(
                f"{module}: {name}={choice!r}",
                why="there is none of that name",
                fix=f"pass {offered}",
            )
        )
    return choices[choice] if isinstance(choices, dict) else choice


def checked_probability(module: str, p: float) -> float:
    """Return the probability of dropping an entry, which must leave something."""
    if not 0 <= p < 1:
        raise ValueError(
            explain(
                f"{module}: entries dropped with probability {p}",
                why="what is kept is scaled by 1 / (1 − p)",
                fix="pass a number from 0 (keep all) to below 1",
            )
        )
    return p


def checked_input(
    module: str, x: Any, size: int, dtype: np.dtype[Any], forms: str, ndims: tuple[int, ...] = ()
) -> Array:
    """Return the input as an array or Value, its last axis and dtype being the module's."""
    x = x if isinstance(x, Value) else np.asarray(x)
    if x.dtype.kind in "iub" and x.ndim < max(ndims, default=0):
        raise DtypeError(
            explain(
                f"{module}: x holds {x.dtype}, shape {x.shape}",
                where=place(module),
                why=f"the module takes {size} real numbers at a time, not token ids",
                fix=f"pass nn.Embedding(vocabulary_size, {size})(ids) or np.eye({size})[ids]",
            )
        )
    if x.ndim == 0 or x.shape[-1] != size or (ndims and x.ndim not in ndims):
        raise ShapeError(
            explain(
                f"{module}: x has shape {x.shape}",
                where=place(module),
                why=f"the module was built for {size} features, which lie along the last axis",
                fix=f"pass x of shape {forms}{moved(x.shape, size)}",
            )
        )
    if x.dtype != dtype:
        raise wrong_dtype(module, "x", x, dtype)
    return x


def moved(shape: tuple[int, ...], size: int) -> str:
    """Say how to bring the features to the last axis, if another axis has their number."""
    axes = [axis for axis, n in enumerate(shape[:-1]) if n == size]
    return f"; axis {axes[0]} has {size}: np.moveaxis(x, {axes[0]}, -1)" if axes else ""


def wrong_dtype(module: str, name: str, x: Array, dtype: np.dtype[Any]) -> DtypeError:
    """Word the error of an array in another precision than the module's."""
    built = f", or build the module with dtype=np.{x.dtype}" if x.dtype.kind == "f" else ""
    return DtypeError(
        explain(
            f"{module}: {name} holds {x.dtype}, the parameters {dtype}",
            where=place(module),
            why="a module computes in one precision; mixing would silently take the wider one",
            fix=f"pass {name}.astype(np.{dtype}){built}",
        )
    )


def checked_state(
    module: str,
    state: Any,
    names: tuple[str, ...],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    axes: str,
) -> State:
    """Return the state as a tuple of arrays or Values of one shape; None is zeros."""
    if state is None:
        return tuple(np.zeros(shape, dtype) for _ in names)
    pair = isinstance(state, (tuple, list))
    if pair != (len(names) > 1) or (pair and len(state) != len(names)):
        got = f"{len(state)} arrays" if pair else f"one {type(state).__name__}"
        raise ShapeError(
            explain(
                f"{module}: a state of {got}",
                where=place(module),
                why=f"what this cell carries from step to step is {' and '.join(names)}",
                fix=f"pass {names[0] if len(names) == 1 else '(' + ', '.join(names) + ')'}",
            )
        )
    members = []
    for name, member in zip(names, state if pair else (state,), strict=True):
        s = member if isinstance(member, Value) else np.asarray(member)
        if s.shape != shape:
            raise ShapeError(
                explain(
                    f"{module}: the state {name} has shape {s.shape}, expected {shape}",
                    where=place(module),
                    why=f"its axes are {axes}",
                    fix=f"pass {name} of shape {shape}, or None for zeros",
                )
            )
        if s.dtype != dtype:
            raise wrong_dtype(module, name, s, dtype)
        members.append(s)
    return tuple(members)


def valid_steps(
    module: str, lengths: Any, steps: int, batch: int | None, layout: str = ""
) -> Array:
    """Return which steps each sequence really has: (T, B, 1), True where t < length."""
    if not isinstance(lengths, Value):
        lengths = np.asarray(lengths)
    rows = 1 if batch is None else batch
    if lengths.dtype.kind not in "iu" or math.prod(lengths.shape) != rows or lengths.ndim > 1:
        raise ShapeError(
            explain(
                f"{module}: lengths of shape {lengths.shape}, {lengths.dtype}",
                where=place(module),
                why=f"each of the {rows} sequences has one whole number of steps{layout}",
                fix=f"pass {rows} integers, an array of shape ({rows},)",
            )
        )

    def check(lengths: np.ndarray) -> None:
        if np.all((lengths >= 1) & (lengths <= steps)):
            return
        raise ShapeError(
            explain(
                f"{module}: lengths from {lengths.min()} to {lengths.max()}",
                where=place(module),
                why=f"x has {steps} time steps, and a sequence without a step has no last state",
                fix=f"pass lengths from 1 to {steps}, or leave empty sequences out of the batch",
            )
        )

    lengths = checked(lengths, check=check)
    t = np.arange(steps)[:, None]  # (T, 1)
    valid = t < lengths.reshape(-1)  # (T, B)
    return valid if batch is None else np.expand_dims(valid, -1)  # (T, B, 1), unbatched (T, 1)
