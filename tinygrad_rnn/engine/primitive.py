"""What an op-writer touches: @primitive for the forward function, .vjp for the derivative.

Imports the engine below; knows no particular op.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Signature, signature
from types import FunctionType
from typing import Any, overload

from .rule import VJP, Bind, Forward, Rule, register
from .value import apply


class Primitive:
    """An op that can be called: on arrays it returns an array, on Values it records.

    Parameters
    ----------
    rule : Rule
        The op as data.

    Attributes
    ----------
    rule : Rule
        What is recorded on the nodes that it makes.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.tanh
    <op tanh(x): y = tanh x>
    >>> tg.tanh(np.zeros(2)), tg.tanh(tg.Value(0.0))
    (array([0., 0.]), Value(0., op=tanh))
    """

    __signature__: Signature

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.__name__ = rule.name
        self.__doc__ = rule.forward.__doc__
        self.__module__ = rule.forward.__module__
        self.__wrapped__ = rule.forward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the op, and record it if an argument is a Value."""
        rule = self.rule
        if len(args) in rule.strict and (not args or args[-1] is not None):
            if not kwargs:
                return apply(rule, args)
            if set(rule.settings).issuperset(kwargs):
                return apply(rule, args, kwargs)
        return apply(rule, *rule.bind(*args, **kwargs))

    def vjp(self, function: VJP) -> VJP:
        """Register the vector-Jacobian product ``(g, y, *inputs, **params) → gradients``.

        Parameters
        ----------
        function : callable
            Gets the gradient `g` of the output, the output `y`, the inputs and the settings;
            returns one gradient for each input: an array, None where an input can have none,
            or a function of no arguments where the gradients are costly apart. Written with
            operators, NumPy functions and ops, so that it runs on arrays and on Values.
        """
        self.rule.vjp = function
        return function

    def binder(self, function: Bind) -> Bind:
        """Register how a call as people write it becomes ``(inputs, params)``."""
        function.__qualname__ = self.rule.name  # what Python's own TypeError calls it
        self.rule.bind = function
        self.__signature__ = signature(function)  # what help() shows
        self.rule.strict = frozenset()
        return function

    def __repr__(self) -> str:
        return f"<op {self.rule.call_form()}: {self.rule.formula}>"


@overload
def primitive(forward: Forward, /) -> Primitive: ...
@overload
def primitive(
    *doors: Callable[..., Any],
    differentiable: bool = True,
    elementwise: bool = False,
    random: bool = False,
    by_position: int | None = None,
) -> Callable[[Forward], Primitive]: ...


def primitive(
    *doors: Callable[..., Any],
    differentiable: bool = True,
    elementwise: bool = False,
    random: bool = False,
    by_position: int | None = None,
) -> Any:
    """Make an op of a forward function on arrays.

    Parameters
    ----------
    *doors : callable
        The forward function itself (plain ``@primitive``), or NumPy functions through which the
        op shall also be reached: ``@primitive(np.tanh)`` makes ``np.tanh(v)`` work.
    differentiable : bool
        False if the derivative is zero wherever it exists: results are plain arrays.
    elementwise : bool
        Whether each entry of the output depends only on the inputs' entries at its place.
    random : bool
        Whether it draws numbers, so that no two calls may be taken for the same.
    by_position : int, optional
        How many settings may be passed by position; by default all.

    Returns
    -------
    Primitive
        The op. Its derivative is added with ``@op.vjp``.

    Raises
    ------
    ValueError
        If another module has an op of that name, or behind that NumPy function.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> @primitive
    ... def cube(x):
    ...     \"\"\"y = x³\"\"\"
    ...     return x * x * x
    >>> @cube.vjp
    ... def _(g, y, x):
    ...     \"\"\"dx = g · 3x²\"\"\"
    ...     return g * 3 * x * x
    >>> x = tg.Value(2.0)
    >>> cube(x).backward()
    >>> float(x.grad)
    12.0
    """

    def make(forward: Forward) -> Primitive:
        rule = Rule(
            forward,
            differentiable=differentiable,
            elementwise=elementwise,
            random=random,
            by_position=by_position,
        )
        op = Primitive(rule)
        register(op, rule, numpy_functions)
        return op

    if len(doors) == 1 and isinstance(doors[0], FunctionType):
        numpy_functions: tuple[Callable[..., Any], ...] = ()
        return make(doors[0])
    numpy_functions = doors
    return make
