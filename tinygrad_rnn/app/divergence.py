"""Divergence: a run that leaves the numbers, and what its weights tell of why. Imports NumPy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .config import Config

LARGE = 1e3  # the weights of a net that learns are far below


class Diverged(FloatingPointError):
    """The loss, a gradient or a weight is no finite number any more."""


def diverged(what: str, weights: Iterable[Any], config: Config) -> Diverged:
    """Word the error: what happened at which step, its likely cause, and what to try.

    Parameters
    ----------
    what : str
        Begins with the step.
    weights : iterable of array
        As they were then.
    config : Config
        The options of the run.
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
    return Diverged(f"{what}; likely cause: {cause}; try {remedy}")
