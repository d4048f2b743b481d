"""Dropout: random, and so the one op that draws numbers. Imports NumPy and `engine.primitive`."""

from __future__ import annotations

import numpy as np

from ..engine.errors import explain
from ..engine.primitive import primitive


@primitive(differentiable=False, random=True)
def keep_mask(x, *, p, generator):
    """y = 1/(1 − p) with probability 1 − p, else 0"""
    if x.dtype.kind != "f":
        raise TypeError(f"dropout scales what it keeps, so that {x.dtype} would lose its fractions")
    kept = generator.random(x.shape, dtype=np.float32) >= p
    return kept.astype(x.dtype) / x.dtype.type(1 - p)


def dropout(x, *, p=0.5, generator):
    """Set entries to zero with probability p, and scale the others so that the mean stays.

    Parameters
    ----------
    x : array or Value
        Any shape.
    p : float
        Probability of zero, 0 ≤ p < 1.
    generator : numpy.random.Generator
        Where the random numbers come from.

    Returns
    -------
    array or Value
        Of the shape and dtype of `x`.

    Raises
    ------
    ValueError
        If `p` is no such probability.
    TypeError
        If `generator` is no NumPy generator.

    Notes
    -----
    Inverted dropout, after N. Srivastava et al., "Dropout", JMLR 15 (2014).

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> tg.dropout(np.ones(6), p=0.5, generator=np.random.default_rng(0))
    array([2., 2., 2., 0., 0., 0.])
    """
    if not 0 <= p < 1:
        raise ValueError(explain(f"dropout with p = {p}", why="p is a probability below 1"))
    if not isinstance(generator, np.random.Generator):
        raise TypeError(
            explain(
                f"dropout with a generator of type {type(generator).__name__}",
                why="randomness is explicit here, so that a run can be repeated",
                fix="pass generator=np.random.default_rng(seed)",
            )
        )
    x = x if hasattr(x, "dtype") else np.asarray(x)
    return x * keep_mask(x, p=p, generator=generator)
