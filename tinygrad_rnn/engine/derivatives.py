"""Derivatives of functions, returned and not written: grad, value_and_grad, vjp, jvp.

A function is run on fresh Values, swept, and leaves no ``.grad`` behind. Arrays in, arrays out;
Values in, Values out, so that the result can be differentiated again. Imports the engine only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import recording
from .errors import ShapeError, explain
from .pullback import Function, gradients_of, is_recorded, pairs, pull, result_of, variable
from .value import Value


def grad(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """Return the function that computes the gradient of `f`.

    Parameters
    ----------
    f : callable
        Returns a single number. Its arguments are numbers, arrays or Values, or lists, tuples
        and dicts of them.
    argnums : int or tuple of int
        By which positional arguments to differentiate.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns the gradient in the form of the argument, or a tuple
        for a tuple `argnums`.

    Raises
    ------
    ValueError
        When called, if `f` does not return a single number.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> float(tg.grad(lambda x: x**3)(2.0))
    12.0
    >>> float(tg.grad(tg.grad(lambda x: x**3))(2.0))
    12.0
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def value_and_grad(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """Return the function that computes ``(f(...), gradient)``; see `grad`.

    Parameters
    ----------
    f : callable
        Returns a single number; see `grad`.
    argnums : int or tuple of int
        By which positional arguments to differentiate.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns a pair: its value, and the gradient in the form of the
        argument.

    Raises
    ------
    ValueError
        When called, if `f` does not return a single number.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> y, g = tg.value_and_grad(lambda x: x * x)(3.0)
    >>> float(y), float(g)
    (9.0, 6.0)
    """

    def derivative(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        y, pullback = pull(f, args, kwargs, argnums)
        if np.size(y) != 1:
            raise ShapeError(
                explain(
                    f"the gradient of a function that returns shape {np.shape(y)}",
                    where=f"grad({getattr(f, '__name__', 'f')})",
                    why="a gradient belongs to a single number",
                    fix="reduce the result, or use jacobian or vjp",
                )
            )
        return y, pullback(np.ones(np.shape(y), y.dtype)[()])

    return derivative


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Return ``f(*primals)`` and the function g ↦ gᵀJ that goes back through it.

    Parameters
    ----------
    f : callable
        Returns one array.
    *primals : array, Value, or lists, tuples, dicts of them
        The arguments of `f`, by all of which it is differentiated.

    Returns
    -------
    value : array or Value
        ``f(*primals)``, of any shape.
    pullback : callable
        Takes a gradient of the shape of `value`; returns a tuple, one entry for each primal.

    Raises
    ------
    ValueError
        From `pullback`, if the gradient has another shape than `value`.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> y, pullback = tg.vjp(np.sin, 0.0)
    >>> [float(g) for g in pullback(2.0)]
    [2.0]
    """
    return pull(f, primals, {}, tuple(range(len(primals))))


def jvp(f: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Return ``f(*primals)`` and its directional derivative J·tangents.

    Parameters
    ----------
    f : callable
        Returns one array.
    primals, tangents : array or tuple of arrays
        The arguments of `f`, and a direction for each, of the same shapes.

    Returns
    -------
    value, tangent : array or Value
        Both of the shape of the result.

    Raises
    ------
    ValueError
        If a tangent has another form or shape than its primal.

    Notes
    -----
    The VJP is linear in g, so that its own VJP is J: two reverse sweeps make a forward one
    (J. Townsend, "A new trick for calculating Jacobian vector products", 2017).

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> y, dy = tg.jvp(lambda x: x**2, 3.0, 1.0)
    >>> float(y), float(dy)
    (9.0, 6.0)
    """
    primals, tangents = as_tuple(primals), as_tuple(tangents)
    again = is_recorded(primals) or is_recorded(tangents)
    with recording.differentiating():
        y, pullback = pull(f, primals, {}, tuple(range(len(primals))))
        if y.dtype.kind != "f":  # whole numbers and truths do not move
            return result_of(y, again), np.zeros(y.shape)[()]
        variables: list[Value] = []
        u = variable(np.zeros(y.shape, y.dtype)[()], variables)
        along = inner_product(pullback(u), tangents)
        dy = gradients_of(along, np.float64(1.0), variables, again)[0]
    return result_of(y, again), dy


def inner_product(xs: Any, ys: Any) -> Any:
    """Return Σ x·y over two structures of the same form."""
    return sum((np.sum(x * y) for x, y in pairs(xs, ys)), start=0.0)


def as_tuple(x: Any) -> tuple[Any, ...]:
    """Return a tuple of arguments as it is, anything else as the only one."""
    return x if isinstance(x, tuple) else (x,)
