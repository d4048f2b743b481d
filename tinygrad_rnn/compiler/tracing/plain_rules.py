"""NumPy's functions of arrays that need no gradient, as rules. Imports the engine, `program`.

A function that returns no single array, or none and changes its argument, is no rule: a program's
step has one result, and what is traced never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ...engine.rule import Rule
from ...engine.value import Value
from ..program.refusals import no_change_in_place, several_results


def _cast(x: Any, *, dtype: Any) -> Any:
    """y = x in another dtype"""
    return np.asarray(x).astype(dtype)[()]


CAST = Rule(_cast, differentiable=False, elementwise=True)


@cache
def rule_of(ufunc: np.ufunc) -> Rule:
    """Return the rule of a NumPy ufunc that has none among the ops."""
    return Rule(ufunc_forward(ufunc), differentiable=False, elementwise=ufunc.signature is None)


def ufunc_forward(ufunc: np.ufunc) -> Callable[..., Any]:
    """Return a ufunc as a forward function: with a name, and a formula."""

    def forward(*arrays: Any) -> Any:
        return one_result(ufunc(*arrays), ufunc)

    forward.__name__ = ufunc.__name__
    forward.__doc__ = f"y = {ufunc.__name__}(x)"
    return forward


def plain_rule(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Rule:
    """Return the rule of a NumPy function, its arguments that are no Values held fast."""

    def forward(*arrays: Any) -> Any:
        rest = iter(arrays)
        y = function(*(next(rest) if isinstance(x, Value) else x for x in args), **kwargs)
        return one_result(y, function)

    forward.__name__ = function.__name__
    forward.__doc__ = f"y = {function.__name__}(x)"
    return Rule(forward, differentiable=False)


def one_result(y: Any, function: Callable[..., Any]) -> Any:
    """Return what a NumPy function returned, if that can be the result of a step."""
    if y is None:
        raise no_change_in_place(f"np.{function.__name__}(…)")
    if isinstance(y, (tuple, list)):
        raise several_results(f"np.{function.__name__}")
    return y
