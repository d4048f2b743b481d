"""NumPy's doors for functions that are composed of ops. Imports `rule`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .rule import register

F = TypeVar("F", bound=Callable[..., Any])


def numpy_door(*functions: Callable[..., Any]) -> Callable[[F], F]:
    """Open NumPy's door to a function that is composed of ops: ``np.var(v)`` arrives there.

    Parameters
    ----------
    *functions : callable
        NumPy's functions.

    Returns
    -------
    callable
        A decorator, which returns the function as it is.

    Raises
    ------
    ValueError
        If a function of NumPy's leads to another module's op already.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> @tg.extend.numpy_door(np.cbrt)
    ... def cube_root(x):
    ...     return tg.sign(x) * abs(x) ** (1 / 3)
    >>> x = tg.Value(-8.0)
    >>> float(np.cbrt(x))
    -2.0
    """

    def open_door(composed: F) -> F:
        register(composed, None, functions)
        return composed

    return open_door
