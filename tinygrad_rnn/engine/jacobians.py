"""Whole matrices of derivatives, and products with them: jacobian, hessian, hvp.

They leave no ``.grad`` behind either. Imports `derivatives` and below.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .derivatives import as_tuple, grad, inner_product
from .errors import explain
from .pullback import Function, pull


def jacobian(f: Function, argnums: int = 0) -> Function:
    """Return the function that computes ∂f/∂x, of the shape of f(x) followed by that of x.

    Parameters
    ----------
    f : callable
        Returns one array.
    argnums : int
        By which positional argument to differentiate: an array or Value.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns an array of the shape of f(x) followed by that of x.

    Raises
    ------
    TypeError
        When called, if the argument is a list, tuple or dict.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    def derivative(*args: Any, **kwargs: Any) -> Any:
        if not isinstance(argnums, int) or isinstance(args[argnums], (dict, list, tuple)):
            raise TypeError(
                explain(
                    "the jacobian by several arguments, or by a structure of them",
                    where=f"jacobian({getattr(f, '__name__', 'f')}, argnums={argnums})",
                    why="it is one array: the shape of f(x) followed by that of x",
                    fix="take it by one array at a time, or use vjp",
                )
            )
        y, pullback = pull(f, args, kwargs, argnums)
        rows = []
        for place in np.ndindex(np.shape(y)):
            one = np.zeros(np.shape(y), y.dtype)
            one[place] = 1
            rows.append(pullback(one))
        shape = np.shape(y) + np.shape(args[argnums])
        return np.reshape(np.stack(rows), shape) if rows else np.zeros(shape, y.dtype)

    return derivative


def hessian(f: Function, argnums: int = 0) -> Function:
    """Return the function that computes the matrix of second derivatives of `f`, a number.

    Parameters
    ----------
    f : callable
        Returns a single number.
    argnums : int
        By which positional argument to differentiate.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns an array of the argument's shape, twice.

    Raises
    ------
    TypeError
        When called, if the argument is a list, tuple or dict.
    ValueError
        When called, if `f` does not return a single number.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.hessian(lambda x: x[0] * x[1] * x[1])(np.array([1.0, 2.0]))
    array([[0., 4.],
           [4., 2.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Any, tangents: Any) -> Any:
    """Return the Hessian of `f` times a direction, without forming the Hessian.

    Parameters
    ----------
    f : callable
        Returns a single number.
    primals, tangents : array or tuple of arrays
        The arguments of `f`, and a direction for each, of the same shapes.

    Returns
    -------
    array, Value or tuple of them
        Of the form of `primals`.

    Raises
    ------
    ValueError
        If a tangent has another form or shape than its primal, or `f` returns no single number.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    several = isinstance(primals, tuple)
    primals, tangents = as_tuple(primals), as_tuple(tangents)
    every = tuple(range(len(primals)))
    products = grad(lambda *x: inner_product(grad(f, every)(*x), tangents), every)(*primals)
    return products if several else products[0]
