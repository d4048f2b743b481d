"""What an op's result will look like, without computing it. Imports the engine's rules only.

An op of T time steps has T nodes of one signature: the same rule, shapes, dtypes and settings. Its
forward function is run once for each signature, and only the form of the result is kept: on single
entries where NumPy's rules tell the shape, else on zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...engine.intake import as_result
from ...engine.rule import RULES, Rule
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
MANY = 2**17  # forms that are remembered


def form_of(
    rule: Rule, inputs: tuple[Form | Number, ...], params: dict[str, Any], settings: Any
) -> Form:
    """Return shape and dtype of ``rule.forward(*inputs, **params)``.

    Parameters
    ----------
    rule : Rule
        The op.
    inputs : tuple of Form or Number
        What it is applied to.
    params : dict
        Its static settings.
    settings : tuple
        The same, `frozen`.

    Raises
    ------
    CaptureError
        If the shape depends on the numbers in the inputs.
    Exception
        Whatever the forward function raises for inputs of these shapes.
    """
    known = [x if type(x) is Form else (Number, type(x.value)) for x in inputs]  # type: ignore[union-attr]
    signature = (rule.forward, settings, *known)
    form = SEEN.get(signature)
    if form is None:
        if len(SEEN) == MANY:
            SEEN.clear()
        form = SEEN[signature] = measured(rule, inputs, params)
    return form


def measured(rule: Rule, inputs: tuple[Form | Number, ...], params: dict[str, Any]) -> Form:
    """Run the forward function on made-up inputs and look at the result."""
    x = inputs[0] if inputs else None
    if rule is RULES["getitem"] and len(inputs) == 1 and isinstance(x, Form):
        anything = np.broadcast_to(np.empty((), x.dtype), x.shape)  # which takes no memory
        return Form(rule.forward(anything, **params).shape, x.dtype)
    settings = {
        # A copy's numbers are drawn, not those that the next real call is to get.
        name: np.random.default_rng(0) if isinstance(setting, np.random.Generator) else setting
        for name, setting in params.items()
    }

    def run(fill: Callable[..., Any], inputs: Sequence[Form | Number]) -> Form:
        made = [x.value if isinstance(x, Number) else fill(x.shape, x.dtype)[()] for x in inputs]
        with np.errstate(all="ignore"):
            y = rule.forward(*made, **settings)
        if isinstance(y, bool):
            y = np.bool_(y)
        y = y if isinstance(y, (np.ndarray, np.generic)) else as_result(y, rule)
        return form_like(y)

    shape = shape_by_rule(rule, [x.shape for x in inputs if type(x) is Form], params)
    if shape is not None:
        entries = [Form((1,) * len(x.shape), x.dtype) if type(x) is Form else x for x in inputs]
        try:
            entry = run(regular, entries)
        except Exception:
            entry = None  # it wants to see more than one entry
        if entry is not None and len(entry.shape) == len(shape):
            return Form(shape, entry.dtype)
    try:
        form = run(np.zeros, inputs)
    except Exception:
        return run(regular, inputs)  # an op may refuse zeros
    try:
        other = run(zeros_and_ones, inputs)
    except Exception:  # an id of 1 may be none
        return form
    if other != form:
        raise depends_on_numbers(rule)
    return form


def shape_by_rule(rule: Rule, shapes: list[Shape], params: dict[str, Any]) -> Shape | None:
    """Return the shape of an op's result where NumPy's rules tell it; None if they do not.

    Running an op to see a shape costs as much as computing it. For the product of a layer's rows of
    all time steps that would take longer than the rest of compiling.
    """
    if rule.elementwise:
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:  # which the forward function words better
            return None
    if rule is RULES["matmul"] and all(len(shape) == 2 for shape in shapes):
        (n, k), (m, p) = shapes
        return (n, p) if k == m else None
    is_table = rule is RULES["concatenate"] and params.get("axis", 0) == 0 and all(shapes)
    if is_table and all(shape[1:] == shapes[0][1:] for shape in shapes):
        return (sum(shape[0] for shape in shapes), *shapes[0][1:])
    return None


def zeros_and_ones(shape: Shape, dtype: Any) -> np.ndarray:
    """Return an array that has other numbers, places and counts of them than one of zeros."""
    y = np.zeros(shape, dtype)
    y.reshape(-1)[::2] = 1
    return y


def regular(shape: Shape, dtype: Any) -> np.ndarray:
    """Return an array of ones; matrices have an inverse."""
    y = np.ones(shape, dtype)
    return y + np.eye(*shape[-2:], dtype=dtype) if len(shape) > 1 else y


PLAIN = {int, str, bool, type(None), type(...)}


def frozen(setting: Any) -> Any:
    """Turn a setting into something that can be a dictionary's key."""
    if type(setting) in PLAIN:
        return (type(setting), setting)
    if isinstance(setting, float):
        return (type(setting), setting.hex())  # −0 is not 0, and NaN is NaN
    if isinstance(setting, (list, tuple)):
        return tuple([frozen(part) for part in setting])
    if isinstance(setting, dict):
        return tuple([(name, frozen(part)) for name, part in setting.items()])
    if isinstance(setting, slice):
        return (slice, setting.start, setting.stop, setting.step)
    if isinstance(setting, np.ndarray):
        return (setting.shape, setting.dtype, setting.tobytes())
    try:
        hash(setting)
    except TypeError:
        return object()  # it may change, or its place be taken by another: like nothing else
    return (type(setting), setting)
