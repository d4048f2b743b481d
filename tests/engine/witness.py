"""Witnesses that know nothing of the engine: difference quotients, scattered sums, wording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn import Value


def slopes(f: Callable[..., Any], *inputs: Any, step: float = 1e-5) -> list[np.ndarray]:
    """Return the central difference quotients of a function of arrays that returns a number."""
    points = [np.array(x, dtype=np.float64) for x in inputs]
    results = []
    for x in points:
        result = np.zeros_like(x)
        for place in np.ndindex(x.shape):
            middle = x[place]
            x[place] = middle + step
            above = float(f(*points))
            x[place] = middle - step
            below = float(f(*points))
            x[place] = middle
            result[place] = (above - below) / (2 * step)
        results.append(result)
    return results


def gradients(f: Callable[..., Any], *inputs: Any, weights: Any = None) -> list[Any]:
    """Return the gradients that a backward call leaves on fresh leaves."""
    leaves = [Value(np.array(x, dtype=np.float64)) for x in inputs]
    f(*leaves).backward(weights)
    return [leaf.grad for leaf in leaves]


def some_weights(shape: Sequence[int]) -> np.ndarray:
    """Return an array in which every entry is another number, to tell the entries apart."""
    return np.cos(1.0 + np.arange(np.prod(shape, dtype=int))).reshape(shape)


def assert_slopes(f: Callable[..., Any], *inputs: Any) -> None:
    """Compare the gradients of a function of arrays or Values with its difference quotients."""
    weights = some_weights(np.shape(f(*(np.array(x, dtype=np.float64) for x in inputs))))
    found = gradients(f, *inputs, weights=weights)
    expected = slopes(lambda *x: np.sum(f(*x) * weights), *inputs)
    for g, slope in zip(found, expected, strict=True):
        assert g.shape == slope.shape
        np.testing.assert_allclose(g, slope, rtol=1e-7, atol=1e-8)


def scattered(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum g over the axes along which an array of this shape was broadcast to g's shape."""
    size = int(np.prod(shape, dtype=int))
    places = np.broadcast_to(np.arange(size).reshape(shape), g.shape)
    total = np.zeros(size)
    for place, entry in zip(places.ravel().tolist(), g.ravel().tolist(), strict=True):
        total[place] += entry
    return total.reshape(shape)


def assert_teaches(error: BaseException, *words: str) -> None:
    """Check the four parts of an error: what happened, then lines for where, why and fix."""
    first, *rest = str(error).splitlines()
    assert first.strip() == first != "", error
    labels = [line[2:].partition(":")[0] for line in rest if line.startswith("  ")]
    assert labels == ["where", "why", "fix"], f"{labels} in:\n{error}"
    for word in words:
        assert word in str(error), f"{word!r} is missing in:\n{error}"
