"""Divergence: a run that leaves the numbers: where it began, its likely cause, what to try.

Imports the engine and the file above.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..engine.errors import NonFiniteError
from ..engine.watching import debug
from .config import Config

LARGE = 1e3  # the weights of a net that learns are far below


class Diverged(FloatingPointError):
    """The loss, a gradient or a weight is no finite number any more."""


def first_appearance(compute: Callable[[], Any]) -> str:
    """Compute once more, watched by `tinygrad_rnn.debug`, and say which op gave NaN or infinity.

    Parameters
    ----------
    compute : callable
        What has led to a number that is not finite; its generator should be as it was then.

    Returns
    -------
    str
        The op and where it stands, with its time step; empty if nothing is found.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> first_appearance(lambda: tg.exp(tg.Value(np.array([1.0, 1000.0]))))
    'inf appears: exp'
    """
    try:
        with debug(in_place=False, precision=False):
            compute()
    except NonFiniteError as error:
        what = str(error).partition("\n")[0].partition(" gives it")[0]
        scope = re.search(r"in scope ([^\s,]+)", str(error))
        return f"{what} in {scope[1]}" if scope else what
    return ""


def diverged(what: str, weights: Iterable[Any], config: Config, began: str = "") -> Diverged:
    """Word the error: what happened at which step, its likely cause, and what to try.

    Parameters
    ----------
    what : str
        Begins with the step.
    weights : iterable of array
        As they were then.
    config : Config
        The options of the run.
    began : str
        What `first_appearance` returned.
    """
    largest = max(float(np.max(np.abs(w))) for w in weights)
    slower = f"a lower --lr (it is {config.learning_rate:g})"
    clip = f"a lower --clip (it is {config.clip:g})" if config.clip else "--clip 5 (there is none)"
    if not largest <= LARGE:
        cause = f"the steps were too long, the weights have grown to {largest:.2g}"
        remedy = f"{slower} or {clip}"
    else:
        cause = f"a sum too large for {config.dtype}, the weights are of ordinary size"
        remedy = f"{slower}, {clip} or, in a new run, --dtype float64 or a shorter --seq-length"
    place = f"; tinygrad_rnn.debug() finds: {began}" if began else ""
    return Diverged(f"{what}{place}; likely cause: {cause}; try {remedy}")
