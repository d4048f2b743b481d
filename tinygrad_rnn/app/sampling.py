"""Sampling: let a language model write. Imports NumPy, the engine and nn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine.errors import explain
from ..engine.recording import no_grad
from ..nn import LanguageModel


def probabilities(
    logits: ArrayLike, *, temperature: float = 1.0, top_k: int | None = None
) -> NDArray[np.float64]:
    """Return the probability with which each token comes next.

    Parameters
    ----------
    logits : array_like
        The model's scores, of shape (V,).
    temperature : float
        What scores are divided by: below 1 the likely becomes likelier, above 1 all become more
        alike, and at 0 the best one is certain.
    top_k : int, optional
        Keep only so many tokens, those with the highest scores; of equals the first ones.

    Returns
    -------
    numpy.ndarray of float64
        Of shape (V,), with sum 1.

    Raises
    ------
    ValueError
        If the temperature is below 0 or not finite, or `top_k` no whole number of at least 1.
    FloatingPointError
        If a score is NaN or infinite; −∞ is a probability of 0.

    Notes
    -----
    p = softmax(logits / temperature), over those that are kept.

    Examples
    --------
    >>> scores = np.log([0.2, 0.3, 0.5])
    >>> probabilities(scores).round(3)
    array([0.2, 0.3, 0.5])
    >>> probabilities(scores, temperature=0.5).round(3)    # 0.04, 0.09 and 0.25, of 0.38
    array([0.105, 0.237, 0.658])
    >>> probabilities(scores, top_k=2).round(3)    # 0.3 and 0.5, of 0.8
    array([0.   , 0.375, 0.625])
    """
    check_temperature(temperature)
    check_top_k(top_k)
    scores = np.asarray(logits, dtype=np.float64)  # (V,)
    if not np.all(scores < np.inf):
        raise FloatingPointError("scores that are not finite: the model has left the numbers")
    ranking = np.argsort(-scores, kind="stable")  # (V,) the best first
    if temperature == 0:
        top_k = 1
    kept = ranking[:top_k]  # (K,)
    with np.errstate(over="ignore"):  # at a tiny temperature a score may fall to −∞: never chosen
        scaled = (scores[kept] - scores[kept[0]]) / (temperature or 1.0)  # (K,) none above 0
    e = np.exp(scaled)
    p = np.zeros_like(scores)
    p[kept] = e / e.sum()
    return p


def generate(
    model: LanguageModel,
    prime: ArrayLike,
    length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    generator: np.random.Generator,
) -> Iterator[int]:
    """Write token after token, each chosen by chance according to the model.

    Parameters
    ----------
    model : LanguageModel
        Switched to evaluation while it computes.
    prime : array_like of int
        The ids that it reads first, of shape (N,), at least one.
    length : int
        How many tokens to write.
    temperature, top_k
        See `probabilities`.
    generator : numpy.random.Generator
        Decides; one number of it for each token.

    Yields
    ------
    int
        The ids written, without those of `prime`.
    """
    logits, state = read_on(model, np.asarray(prime), None)  # (V,)
    for written in range(length):
        p = probabilities(logits, temperature=temperature, top_k=top_k)
        # The token whose stretch of [0, 1) is hit, when all lie side by side as long as likely.
        edges = np.cumsum(p)
        token = int(np.searchsorted(edges, generator.random() * edges[-1], side="right"))
        yield token
        if written + 1 < length:
            logits, state = read_on(model, np.array([token]), state)


def read_on(
    model: LanguageModel, ids: NDArray[Any], state: Any
) -> tuple[NDArray[np.floating[Any]], Any]:
    """Let the model read ids of shape (N,); return its scores of the next one, and its state."""
    with evaluating(model), np.errstate(over="ignore", invalid="ignore"):  # `probabilities` looks
        logits, state = model(ids[:, None], state)  # (N, 1, V)
    return logits.data[-1, 0], state


@contextmanager
def evaluating(model: LanguageModel) -> Iterator[None]:
    """Compute without dropout and without a graph, then switch the model back."""
    training = model.training
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        model.train(training)


def check_temperature(temperature: Any) -> None:
    """Refuse what scores cannot be divided by."""
    if not isinstance(temperature, Real) or not 0 <= float(temperature) < math.inf:
        raise ValueError(
            explain(
                f"a temperature of {temperature!r}",
                why="scores are divided by it",
                fix="pass a number of at least 0, for example temperature=0.8",
            )
        )


def check_top_k(top_k: Any) -> None:
    """Refuse what is no number of tokens."""
    if top_k is not None and (not isinstance(top_k, Integral) or top_k < 1):
        raise ValueError(
            explain(
                f"top_k={top_k!r}",
                why="it is the number of tokens to choose from",
                fix="pass a whole number of at least 1, or None for all",
            )
        )
