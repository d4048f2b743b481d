"""What an op's result will look like, without computing it. Imports the engine's rules only.

An op of T time steps has T nodes of one signature: the same rule, shapes, dtypes and settings. Its
forward function is run once for each signature, on zeros, and only the result's shape is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..engine.intake import as_result
from ..engine.rule import Rule
from .refusals import depends_on_numbers

Shape = tuple[int, ...]


class Number(NamedTuple):
    """A Python number among an op's inputs. It is weak: it takes the dtype of what it meets."""

    value: int | float | bool


class Form(NamedTuple):
    """The shape and dtype of an array that is not there yet."""

    shape: Shape
    dtype: np.dtype[Any]


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
        y = y if isinstance(y, (np.ndarray, np.generic)) else as_result(y, rule)
        return Form(y.shape, y.dtype)

    try:
        form = run(np.zeros)
    except Exception:
        return run(np.ones)  # an op may refuse zeros
    if any(type(x) is Form and x.dtype.kind in "biu" for x in inputs):
        try:
            other = run(np.ones)
        except Exception:  # an id of 1 may be none
            return form
        if other != form:
            raise depends_on_numbers(rule)
    return form


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
