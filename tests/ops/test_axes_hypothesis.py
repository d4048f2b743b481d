"""Reductions along any axes and rearrangements of any shape: NumPy says what is right.

Gradients come from calculus, or from following each entry to its new places.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_rnn as tg
from tests.engine.witness import some_weights
from tinygrad_rnn import Value


def numbers(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers between 0.1 and 1.1, no two alike."""
    places = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return 0.1 + (0.3 + 0.6180339887 * places) % 1.0


# name → (reference, derivative at x, given y with its axes kept and how many entries went into it)


REDUCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sum": (np.sum, lambda x, y, n: np.ones_like(x)),
    "mean": (np.mean, lambda x, y, n: np.full_like(x, 1 / n)),
    "max": (np.max, lambda x, y, n: 1.0 * (x == y)),
    "min": (np.min, lambda x, y, n: 1.0 * (x == y)),
    "prod": (np.prod, lambda x, y, n: y / x),
    "logsumexp": (
        lambda x, **kw: np.log(np.sum(np.exp(x), **kw)),
        lambda x, y, n: np.exp(x - y),
    ),
}


def some_axes(ndim: int) -> st.SearchStrategy[Any]:
    several = hnp.valid_tuple_axes(ndim)
    return st.none() | several | st.integers(-ndim, ndim - 1) if ndim else st.none()


@pytest.mark.parametrize("name", REDUCTIONS)
@settings(max_examples=50)
@given(data=st.data(), keepdims=st.booleans())
def test_reductions_along_any_axes(name: str, data: st.DataObject, keepdims: bool) -> None:
    # Axes of no entries are reduced by sum, mean and prod; an extreme of nothing is none.
    side = 0 if name in ("sum", "prod") else 1
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=side, max_side=3))
    axis = data.draw(some_axes(len(shape)))
    reference, derivative = REDUCTIONS[name]
    x = numbers(shape)
    v = Value(x[()])
    y = getattr(tg, name)(v, axis=axis, keepdims=keepdims)
    expected = reference(x, axis=axis, keepdims=keepdims)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.data, expected, rtol=1e-14)
    weights = some_weights(y.shape)
    y.backward(weights)
    kept = reference(x, axis=axis, keepdims=True)
    n = x.size / max(kept.size, 1)
    slope = weights.reshape(kept.shape) * derivative(x, kept, n)
    np.testing.assert_allclose(v.grad, slope, rtol=1e-12, atol=1e-14)


@settings(max_examples=50)
@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=4))
def test_variance_along_any_axes(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(some_axes(len(shape)))
    ddof = data.draw(st.integers(0, 1)) if axis != () else 0
    x = numbers(shape)
    v = Value(x)
    y = np.var(v, axis=axis, ddof=ddof, keepdims=True)
    np.testing.assert_allclose(y.data, np.var(x, axis=axis, ddof=ddof, keepdims=True), rtol=1e-13)
    weights = some_weights(y.shape)
    y.backward(weights)
    n = x.size / y.size
    slope = weights * 2 * (x - np.mean(x, axis=axis, keepdims=True)) / (n - ddof)
    np.testing.assert_allclose(v.grad, slope, rtol=1e-12, atol=1e-14)


@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3))
def test_rearrangements_carry_each_gradient_to_its_entry(
    data: st.DataObject, shape: tuple[int, ...]
) -> None:
    """A function that only moves entries is told apart by the numbers of the places."""
    ndim = len(shape)
    axis = st.integers(-ndim, ndim - 1)
    order = data.draw(st.permutations(range(ndim)))
    a, b = data.draw(axis), data.draw(axis)
    moves: dict[str, Callable[[Any, Any], Any]] = {
        "transpose": lambda m, x: m.transpose(x, [i - ndim * (i % 2) for i in order]),
        "swapaxes": lambda m, x: m.swapaxes(x, a, b),
        "moveaxis": lambda m, x: m.moveaxis(x, a, b),
        "flip": lambda m, x: m.flip(x, axis=a),
        "ravel": lambda m, x: m.ravel(x),
        "stack": lambda m, x: m.stack([x, x[::-1]], axis=a),
        "concatenate": lambda m, x: m.concatenate([x, x[..., :1], x], axis=-1),
        "broadcast": lambda m, x: m.broadcast_to(x, (2, *shape)),
        "pad": lambda m, x: m.pad(x, ((1, 2),) * ndim),
        "cut": lambda m, x: m.concatenate(m.split(x, [1, 2, 2], axis=a), axis=a),
    }
    f = moves[data.draw(st.sampled_from(sorted(moves)))]
    x = 1.0 + np.arange(np.prod(shape, dtype=float)).reshape(shape)
    expected = f(np, x)
    weights = some_weights(expected.shape)
    v = Value(x)
    y = f(tg, v)
    np.testing.assert_array_equal(y.data, expected)
    y.backward(weights)
    inside = expected > 0  # a margin of zeros comes from no entry
    total = np.zeros(x.size)
    np.add.at(total, expected[inside].astype(int) - 1, weights[inside])
    np.testing.assert_allclose(v.grad, total.reshape(shape), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("axis", [0, -1, None])
def test_a_single_number_may_be_taken_along_an_axis(axis: int | None) -> None:
    v = Value(1.5)
    y = tg.take(v, np.zeros(3, int), axis=axis)
    np.testing.assert_array_equal(y.data, [1.5, 1.5, 1.5])
    y.backward(np.array([1.0, 2.0, 4.0]))
    assert v.grad == 7.0
