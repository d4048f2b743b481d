"""What an op's result will look like, without computing it. Imports the engine's rules only.

An op of T time steps has T nodes of one signature: the same rule, shapes, dtypes and settings. Its
forward function is run once for each signature, on zeros, and only the result's shape is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..engine.intake import as_result
from ..engine.rule import Rule
from .refusals import depends_on_numbers, no_plain_numbers

Shape = tuple[int, ...]


class Number(NamedTuple):
    """A Python number among an op's inputs. It is weak: it takes the dtype of what it meets."""

    value: int | float | bool


class Form(NamedTuple):
    """The shape and dtype of an array that is not there yet."""

    shape: Shape
    dtype: np.dtype[Any]


def form_like(x: Any) -> Form:
    """Return the form of an array, NumPy scalar or Value.

    Raises
    ------
    CaptureError
        If it holds objects of Python, which have no place in a program's memory, or is an array
        whose operations are not those of others.
    """
    if x.dtype.hasobject or isinstance(x, SPECIAL):
        raise no_plain_numbers(x)
    return Form(x.shape, x.dtype)


SPECIAL = (np.ma.MaskedArray, np.matrix)
SEEN: dict[Any, Form] = {}


def form_of(rule: Rule, inputs: tuple[Form | Number, ...], params: dict[str, Any]) -> Form:
    """Return shape and dtype of ``rule.forward(*inputs, **params)``.

    Parameters
    ----------
    rule : Rule
        The op.
    inputs : tuple of Form or Number
        What it is applied to.
    params : dict
        Its static settings.

    Raises
    ------
    CaptureError
        If the shape depends on the numbers in the inputs.
    Exception
        Whatever the forward function raises for inputs of these shapes.
    """
    signature = (
        rule.forward,
        *((type(x), type(x.value)) if type(x) is Number else x for x in inputs),
        *((name, frozen(setting)) for name, setting in params.items()),
    )
    form = SEEN.get(signature)
    if form is None:
        form = SEEN[signature] = measured(rule, inputs, params)
    return form


def measured(rule: Rule, inputs: tuple[Form | Number, ...], params: dict[str, Any]) -> Form:
    """Run the forward function on made-up inputs and look at the result."""
    settings = {
        # A copy's numbers are drawn, not those that the next real call is to get.
        name: np.random.default_rng(0) if isinstance(setting, np.random.Generator) else setting
        for name, setting in params.items()
    }

    def run(fill: Callable[..., Any]) -> Form:
        made = [x.value if isinstance(x, Number) else fill(x.shape, x.dtype)[()] for x in inputs]
        with np.errstate(all="ignore"):
            y = rule.forward(*made, **settings)
        if isinstance(y, bool):
            y = np.bool_(y)
        y = y if isinstance(y, (np.ndarray, np.generic)) else as_result(y, rule)
        return form_like(y)

    try:
        form = run(np.zeros)
    except Exception:
        return run(regular)  # an op may refuse zeros
    try:
        other = run(zeros_and_ones)
    except Exception:  # an id of 1 may be none
        return form
    if other != form:
        raise depends_on_numbers(rule)
    return form


def zeros_and_ones(shape: Shape, dtype: Any) -> np.ndarray:
    """Return an array that has other numbers, places and counts of them than one of zeros."""
    return (np.arange(1, math.prod(shape) + 1) % 2).reshape(shape).astype(dtype)


def regular(shape: Shape, dtype: Any) -> np.ndarray:
    """Return an array of ones; matrices have an inverse."""
    y = np.ones(shape, dtype)
    return y + np.eye(*shape[-2:], dtype=dtype) if len(shape) > 1 else y


def frozen(setting: Any) -> Any:
    """Turn a setting into something that can be a dictionary's key."""
    if isinstance(setting, (list, tuple)):
        return tuple(map(frozen, setting))
    if isinstance(setting, dict):
        return tuple((name, frozen(part)) for name, part in setting.items())
    if isinstance(setting, slice):
        return (slice, setting.start, setting.stop, setting.step)
    if isinstance(setting, np.ndarray):
        return (setting.shape, setting.dtype, setting.tobytes())
    try:
        hash(setting)
    except TypeError:
        return id(setting)
    return (type(setting), setting)
