"""Shapes and indices that nobody thought of: Hypothesis draws them, NumPy says what is right.

Gradients come from calculus, entry by entry, and from `np.add.at`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_rnn as tg
from tests.engine.witness import gradients, scattered, some_weights
from tinygrad_rnn import RULES, Value


def numbers(shape: tuple[int, ...], start: float) -> np.ndarray:
    """Numbers between 0 and 1, no two alike, also between two arrays of other starts."""
    return (start + 0.6180339887 * np.arange(np.prod(shape, dtype=int)).reshape(shape)) % 1.0


# Elementwise rules: name → (function, derivatives by each input, at the full shape).

sigmoid = scipy.special.expit
ELEMENTWISE: dict[str, tuple[Callable[..., Any], list[Callable[..., Any]]]] = {
    "add": (lambda a, b: a + b, [lambda a, b: 1.0, lambda a, b: 1.0]),
    "subtract": (lambda a, b: a - b, [lambda a, b: 1.0, lambda a, b: -1.0]),
    "multiply": (lambda a, b: a * b, [lambda a, b: b, lambda a, b: a]),
    "divide": (
        lambda a, b: a / (b + 1),
        [lambda a, b: 1 / (b + 1), lambda a, b: -a / (b + 1) ** 2],
    ),
    "power": (
        lambda a, b: (a + 1) ** b,
        [
            lambda a, b: b * np.exp((b - 1) * np.log(a + 1)),
            lambda a, b: np.exp(b * np.log(a + 1)) * np.log(a + 1),
        ],
    ),
    "maximum": (np.maximum, [lambda a, b: a > b, lambda a, b: b > a]),
    "minimum": (np.minimum, [lambda a, b: a < b, lambda a, b: b < a]),
    "where": (
        lambda a, b, c: np.where(a > 0.5, b, c),
        [lambda a, b, c: 0.0, lambda a, b, c: a > 0.5, lambda a, b, c: a <= 0.5],
    ),
    "clip": (
        lambda a, b, c: np.clip(a, b - 0.4, c + 0.4),
        [
            lambda a, b, c: (a > b - 0.4) & (a < c + 0.4),
            lambda a, b, c: (a < b - 0.4) & (b - 0.4 <= c + 0.4),
            lambda a, b, c: (a > c + 0.4) | (b - 0.4 > c + 0.4),
        ],
    ),
    "negative": (lambda x: -x, [lambda x: -1.0]),
    "absolute": (lambda x: abs(x - 0.5), [lambda x: np.sign(x - 0.5)]),
    "exp": (np.exp, [np.exp]),
    "expm1": (np.expm1, [np.exp]),
    "log": (lambda x: np.log(x + 1), [lambda x: 1 / (x + 1)]),
    "log1p": (np.log1p, [lambda x: 1 / (1 + x)]),
    "sqrt": (lambda x: np.sqrt(x + 1), [lambda x: 0.5 * (x + 1) ** -0.5]),
    "square": (np.square, [lambda x: 2 * x]),
    "sin": (np.sin, [np.cos]),
    "cos": (np.cos, [lambda x: -np.sin(x)]),
    "tanh": (np.tanh, [lambda x: np.cosh(x) ** -2]),
    "sigmoid": (lambda x: tg.sigmoid(x), [lambda x: sigmoid(x) * sigmoid(-x)]),
    "relu": (lambda x: tg.relu(x - 0.5), [lambda x: x > 0.5]),
    "softplus": (lambda x: tg.softplus(x), [sigmoid]),
}


def test_every_elementwise_rule_is_here() -> None:
    built_in = {
        rule.name
        for rule in RULES.values()
        if rule.elementwise
        and rule.differentiable
        and rule.forward.__module__.startswith("tinygrad_rnn.")
    }
    assert built_in == set(ELEMENTWISE)


@pytest.mark.parametrize("name", ELEMENTWISE)
@settings(max_examples=30)
@given(data=st.data())
def test_elementwise_rules_broadcast(name: str, data: st.DataObject) -> None:
    f, derivatives = ELEMENTWISE[name]
    n = len(derivatives)
    drawn = data.draw(
        hnp.mutually_broadcastable_shapes(num_shapes=n, max_dims=4, min_side=0, max_side=3)
    )
    inputs = [numbers(shape, 0.17 + 0.31 * i) for i, shape in enumerate(drawn.input_shapes)]
    full = np.broadcast_arrays(*inputs)
    values = [Value(x) for x in inputs]
    y = f(*values)
    assert y.shape == drawn.result_shape
    np.testing.assert_allclose(y.data, f(*full), rtol=1e-15)
    weights = some_weights(y.shape)
    y.backward(weights)
    for v, derivative in zip(values, derivatives, strict=True):
        expected = scattered(np.asarray(weights * derivative(*full)), v.shape)
        found = np.zeros(v.shape) if v.grad is None else v.grad
        assert np.shape(found) == v.shape
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


# Indexing: parts of every kind, in any order.


@st.composite
def indices(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """An index of integers, slices, None, integer arrays that broadcast, and masks."""
    ids = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=3))
    parts: list[Any] = []
    axis = 0
    while axis < len(shape):
        n = shape[axis]
        kinds = ["slice", "none", "ellipsis"] + ["int", "array", "mask"] * (n > 0)
        kind = draw(st.sampled_from(kinds))
        if kind == "ellipsis":
            parts.append(...)
            break
        if kind == "none":
            parts.append(None)
            continue
        axis += 1
        if kind == "slice":
            parts.append(draw(st.slices(n)))
        elif kind == "int":
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind == "array":
            broadcast = draw(st.sampled_from([ids, ids[1:], ids[:1] and (1, *ids[1:])]))
            parts.append(draw(hnp.arrays(np.intp, broadcast, elements=st.integers(-n, n - 1))))
        else:  # a mask of as many places as the arrays have, or the two would not broadcast
            mask = np.zeros(n, bool)
            mask[draw(st.integers(0, n - 1))] = True
            parts.append(mask)
    return tuple(parts[:12])


@settings(max_examples=200)
@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
def test_indexing_is_transposed_by_np_add_at(data: st.DataObject, shape: tuple[int, ...]) -> None:
    x = numbers(shape, 0.2)
    drawn = data.draw(st.lists(indices(shape), min_size=1, max_size=3))
    v, total, expected = Value(x), Value(0.0), np.zeros(shape)
    for i, index in enumerate(drawn):
        part = v[index]
        np.testing.assert_array_equal(part.data, x[index])
        weights = some_weights(part.shape) + i
        total = total + tg.sum(part * weights)
        np.add.at(expected, index, weights)
    total.backward()
    assert v.grad.shape == shape
    np.testing.assert_allclose(v.grad, expected, rtol=1e-13, atol=1e-13)


@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
def test_take(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    n = int(np.prod(shape)) if axis is None else shape[axis]
    ids = data.draw(
        hnp.arrays(
            st.sampled_from([np.int64, np.int8, np.int32]),
            hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
            elements=st.integers(-n, n - 1),
        )
    )
    x = numbers(shape, 0.2)
    expected = np.take(x, ids, axis=axis)
    weights = some_weights(expected.shape)
    (g,) = gradients(lambda v: np.take(v, ids, axis=axis), x, weights=weights)
    places = np.take(np.arange(x.size).reshape(shape), ids, axis=axis)
    total = np.zeros(x.size)
    np.add.at(total, places, weights)
    np.testing.assert_allclose(g, total.reshape(shape), rtol=1e-13, atol=1e-14)
