"""What a parameter is to an optimiser: an object with `.data` and `.grad`. Imports NumPy only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray


class Parameter(Protocol):
    """Anything that holds an array and its gradient; a ``Value`` is one.

    Attributes
    ----------
    data : numpy.ndarray or numpy.floating
        The numbers to be trained.
    grad : array_like or None
        The gradient, of the shape of `data`; None: it is left as it is.

    Notes
    -----
    A parameter may have a method ``note_step()``, as a ``Value`` has: a step calls it, and passes
    on the warning that it returns, if any.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import tinygrad_rnn as tg
    >>> w = SimpleNamespace(data=np.array([1.0, 2.0]), grad=np.array([10.0, 0.0]))
    >>> tg.optim.SGD([w], lr=0.1).step()
    >>> print(w.data)
    [0. 2.]
    """

    data: Any
    grad: Any


def parameter_list(params: Iterable[Parameter] | Parameter, caller: str) -> list[Parameter]:
    """Return the parameters as a list, having checked that each can be trained.

    Parameters
    ----------
    params : iterable of Parameter, or Parameter
        For example ``model.parameters()``.
    caller : str
        Who asks, for the wording of errors.

    Returns
    -------
    list of Parameter
        In the order given.

    Raises
    ------
    TypeError
        If something in it is no parameter.
    ValueError
        If it is empty, or holds a parameter twice or one that cannot be written to.
    """
    if hasattr(params, "data") and hasattr(params, "grad"):
        params = [cast(Parameter, params)]
    if isinstance(params, dict) or hasattr(params, "parameters") or not hasattr(params, "__iter__"):
        raise TypeError(
            f"{caller}: params is {type(params).__name__}, not a sequence of parameters\n"
            "  why: it is gone through in order, one parameter after the other\n"
            f"  fix: pass {_instead_of(params)}"
        )
    listed = list(params)
    if not listed:
        raise ValueError(
            f"{caller}: there is no parameter to train\n"
            "  why: the sequence is empty; a generator is, once it has been gone through\n"
            "  fix: pass a fresh model.parameters(), or keep params = list(model.parameters())"
        )
    first_place: dict[int, int] = {}
    for index, parameter in enumerate(listed):
        _check(parameter, index, caller)
        first = first_place.setdefault(id(parameter), index)
        if first != index:
            raise ValueError(
                f"{caller}: {label(parameter, index)} is the same object as parameter {first}\n"
                "  why: it would be updated twice in a step\n"
                "  fix: pass each parameter once, shared ones too"
            )
    return listed


def _check(parameter: Any, index: int, caller: str) -> None:
    """Raise unless this is something whose data can be trained."""
    if isinstance(parameter, np.ndarray) or not (
        hasattr(parameter, "data") and hasattr(parameter, "grad")
    ):
        raise TypeError(
            f"{caller}: parameter {index} is {type(parameter).__name__}, which is no parameter\n"
            "  why: a parameter is an object with .data (an array) and .grad, such as a Value\n"
            f"  fix: pass {_instead_of(parameter)}"
        )
    data = parameter.data
    if not isinstance(data, (np.ndarray, np.generic)) or not np.issubdtype(data.dtype, np.floating):
        kind = getattr(data, "dtype", type(data).__name__)
        raise TypeError(
            f"{caller}: the data of {label(parameter, index)} is {kind}, not floating point\n"
            "  why: a step is a small change, which whole numbers cannot hold\n"
            "  fix: make it an array of float32 or float64"
        )
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        raise ValueError(
            f"{caller}: the data of {label(parameter, index)} is read-only\n"
            "  why: parameters are updated in place\n"
            "  fix: give it an array of its own: parameter.data = parameter.data.copy()"
        )


def _instead_of(wrong: object) -> str:
    """Guess what was meant."""
    if hasattr(wrong, "parameters"):
        return "the model's parameters: model.parameters()"
    if isinstance(wrong, dict):
        return "its values: params.values()"
    if isinstance(wrong, tuple):
        return "parameters without their names: model.parameters()"
    return "a sequence of parameters, for example model.parameters()"


def label(parameter: Any, index: int) -> str:
    """Say which parameter it is: its place, and its name if it has one."""
    name = getattr(parameter, "name", None)
    return f"parameter {index}" + (f" ({name!r})" if isinstance(name, str) and name else "")


def gradient_of(parameter: Any, index: int, caller: str) -> NDArray[Any]:
    """Return a parameter's gradient as an array of its dtype (no copy if it is one already).

    Raises
    ------
    ValueError
        If its shape is not the shape of the data: it would be broadcast silently.
    """
    g: NDArray[Any] = np.asarray(parameter.grad, dtype=parameter.data.dtype)
    if g.shape != parameter.data.shape:
        raise ValueError(
            f"{caller}: {label(parameter, index)} has shape {parameter.data.shape}, "
            f"its gradient {g.shape}\n"
            "  why: a gradient has one entry for each entry of its parameter\n"
            "  fix: sum the gradient over the axes that were broadcast; no weight was changed"
        )
    return g
