"""Clipping: keep exploding gradients within bounds. Imports NumPy, `options` and `parameters`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .options import real
from .parameters import Parameter, label, parameter_list

SMALL = 1e-280  # a sum of squares, beside which those that have vanished are nothing


def clip_grad_norm_(
    params: Iterable[Parameter] | Parameter,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    """Scale all gradients down together so that their norm, as one long vector, fits `max_norm`.

    Their direction stays. Parameters without a gradient are passed over.

    Parameters
    ----------
    params : iterable of Parameter, or Parameter
        Whose ``.grad`` is scaled, in place where it can be written to.
    max_norm : float
        The norm to be kept to, at least 0; ``math.inf`` only measures.
    norm_type : float
        The p of the p-norm, above 0; ``math.inf`` takes the largest entry.
    error_if_nonfinite : bool
        Whether to raise if the norm is nan or infinite.

    Returns
    -------
    float
        The norm before clipping, computed in float64 without overflow.

    Raises
    ------
    RuntimeError
        If the norm is not finite and `error_if_nonfinite`; it names the parameters to blame.
    TypeError, ValueError
        For a bound that makes no sense, or no parameters.

    Notes
    -----
    As in PyTorch, gradients are multiplied by ``max_norm / (norm + 1e-6)`` if that is below 1.
    Where the norm is not finite they are left as they are, so that one can see which are to
    blame; PyTorch would spread the nan to all of them.

    References
    ----------
    Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks
    (arXiv:1211.5063), algorithm 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.zeros(2), grad=np.array([30.0, 40.0]))
    >>> clip_grad_norm_([w], max_norm=5.0)
    50.0
    >>> print(w.grad.round(4))
    [3. 4.]
    """
    caller = "clip_grad_norm_"
    max_norm = _bound("max_norm", max_norm, caller, at_least_0=True)
    norm_type = _bound("norm_type", norm_type, caller, at_least_0=False)
    listed = parameter_list(params, caller)
    norm = _norm([np.asarray(p.grad) for p in listed if p.grad is not None], norm_type)
    if not math.isfinite(norm):
        if error_if_nonfinite:
            raise RuntimeError(_blame(listed, norm))
        return norm
    scale = max_norm / (norm + 1e-6)
    if scale < 1:
        for parameter in listed:
            g = parameter.grad
            if isinstance(g, np.ndarray) and g.flags.writeable:
                g *= scale
            elif g is not None:  # a NumPy scalar, or an array that is somebody else's
                parameter.grad = g * scale
    return norm


def clip_grad_value_(params: Iterable[Parameter] | Parameter, clip_value: float) -> None:
    """Clip every entry of every gradient to between −clip_value and clip_value.

    The direction of the gradient changes. Parameters without a gradient are passed over.

    Parameters
    ----------
    params : iterable of Parameter, or Parameter
        Whose ``.grad`` is clipped, in place where it can be written to.
    clip_value : float
        The largest absolute value to be kept, at least 0.

    Raises
    ------
    TypeError, ValueError
        For a bound that makes no sense, or no parameters.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.zeros(2), grad=np.array([30.0, -0.5]))
    >>> clip_grad_value_([w], 1.0)
    >>> print(w.grad)
    [ 1.  -0.5]
    """
    caller = "clip_grad_value_"
    bound = _bound("clip_value", clip_value, caller, at_least_0=True)
    for parameter in parameter_list(params, caller):
        g = parameter.grad
        if isinstance(g, np.ndarray) and g.flags.writeable:
            np.clip(g, -bound, bound, out=g)
        elif g is not None:
            parameter.grad = np.clip(g, -bound, bound)


def _norm(gradients: list[NDArray[Any]], p: float) -> float:
    """‖g‖ₚ = (Σ|gᵢ|ᵖ)^(1/p) over the entries of all arrays together."""
    if p == 2:
        vectors = [np.asarray(g, np.float64).ravel() for g in gradients]
        with np.errstate(over="ignore", invalid="ignore"):
            total = sum(float(np.dot(a, a)) for a in vectors)
        if SMALL < total < math.inf:
            return math.sqrt(total)
    magnitudes = [np.abs(g, dtype=np.float64).ravel() for g in gradients]
    largest = float(np.max([np.max(a, initial=0.0) for a in magnitudes], initial=0.0))
    if math.isinf(p) or largest == 0.0 or not math.isfinite(largest):
        return largest
    # Relative to the largest entry no power overflows, and those that vanish do not count.
    total = 0.0
    for a in magnitudes:
        a /= largest
        total += float(np.sum(a**p))
    return float(largest * total ** (1 / p))


def _bound(name: str, value: float, caller: str, *, at_least_0: bool) -> float:
    """Return a bound as a float; raise unless it is a number that can be one."""
    need = "a number of at least 0" if at_least_0 else "a number above 0"
    try:
        number = real(value)
        if number > 0 or (at_least_0 and number == 0):
            return number
        kind: type[Exception] = ValueError
    except TypeError:
        kind = TypeError
    raise kind(
        f"{caller}: {name}={value!r} cannot be used\n"
        f"  why: it is {need}\n"
        f"  fix: write for example {name}={5.0 if at_least_0 else 2.0}"
    )


def _blame(listed: list[Parameter], norm: float) -> str:
    """Name the parameters whose gradients are not finite."""
    lines = [f"clip_grad_norm_: the norm of the gradients is {norm}"]
    for index, parameter in enumerate(listed):
        if parameter.grad is not None:
            g = np.asarray(parameter.grad)
            nans, infinities = int(np.isnan(g).sum()), int(np.isinf(g).sum())
            if nans or infinities:
                lines.append(
                    f"  where: {label(parameter, index)} has {nans} nan and {infinities} infinite "
                    f"of {g.size} entries"
                )
    if len(lines) == 1:
        lines.append("  where: every entry is finite, their norm exceeds float64")
    lines.append("  why: no finite factor brings such gradients to max_norm; nothing was changed")
    lines.append("  fix: lower the learning rate, or clip from the first step on")
    return "\n".join(lines)
