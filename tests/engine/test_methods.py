"""The methods and properties of NumPy's arrays do on Values what they do on arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engine.witness import assert_slopes
from tinygrad_rnn import Value

X = np.random.default_rng(3).permutation(np.linspace(0.21, 2.53, 24)).reshape(2, 3, 4)
M = np.random.default_rng(4).normal(size=(4, 2))

# The same line is run on an array and on a Value.
METHODS: dict[str, Callable[[Any], Any]] = {
    "sum()": lambda x: x.sum(),
    "sum(0)": lambda x: x.sum(0),
    "sum(-1)": lambda x: x.sum(-1),
    "sum(axis, keepdims)": lambda x: x.sum(axis=(0, 2), keepdims=True),
    "sum(())": lambda x: x.sum(axis=()),
    "mean()": lambda x: x.mean(),
    "mean(1)": lambda x: x.mean(1),
    "mean(axis, keepdims)": lambda x: x.mean(axis=(1, 2), keepdims=True),
    "var()": lambda x: x.var(),
    "var(axis, keepdims)": lambda x: x.var(axis=-1, keepdims=True),
    "max()": lambda x: x.max(),
    "max(axis)": lambda x: x.max(axis=(0, 1)),
    "min()": lambda x: x.min(),
    "min(axis, keepdims)": lambda x: x.min(axis=2, keepdims=True),
    "prod()": lambda x: x.prod(),
    "prod(axis)": lambda x: x.prod(axis=1),
    "cumsum()": lambda x: x.cumsum(),
    "cumsum(axis)": lambda x: x.cumsum(axis=1),
    "reshape(ints)": lambda x: x.reshape(4, 6),
    "reshape(tuple)": lambda x: x.reshape((6, 4)),
    "reshape(-1)": lambda x: x.reshape(-1),
    "reshape(2, -1)": lambda x: x.reshape(2, -1),
    "transpose()": lambda x: x.transpose(),
    "transpose(ints)": lambda x: x.transpose(1, 2, 0),
    "transpose(tuple)": lambda x: x.transpose((2, 0, 1)),
    "transpose(negative)": lambda x: x.transpose(-1, 0, 1),
    "T": lambda x: x.T,
    "swapaxes": lambda x: x.swapaxes(0, -1),
    "squeeze()": lambda x: x.reshape(2, 1, 12, 1).squeeze(),
    "squeeze(axis)": lambda x: x.reshape(2, 1, 12, 1).squeeze(axis=1),
    "squeeze(-1)": lambda x: x.reshape(2, 1, 12, 1).squeeze(-1),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "clip": lambda x: x.clip(0.5, 2.0),
    "clip(min)": lambda x: x.clip(0.5),
    "clip(None, max)": lambda x: x.clip(None, 2.0),
    "take()": lambda x: x.take([0, 5, 5]),
    "take(axis)": lambda x: x.take([0, 2, 2], axis=1),
    "take(number)": lambda x: x.take(1, axis=-1),
    "dot": lambda x: x.dot(M),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_does_what_numpy_s_does(name: str) -> None:
    f = METHODS[name]
    y = f(Value(X))
    assert isinstance(y, Value)
    expected = f(X)
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.data, expected, rtol=1e-14)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_differentiated(name: str) -> None:
    assert_slopes(METHODS[name], X)


@pytest.mark.parametrize(
    ("name", "f"),
    [("exp", np.exp), ("log", np.log), ("sqrt", np.sqrt), ("tanh", np.tanh)],
)
def test_elementwise_methods(name: str, f: Any) -> None:
    np.testing.assert_array_equal(getattr(Value(X), name)().data, f(X))
    assert_slopes(lambda x: getattr(x, name)() if isinstance(x, Value) else f(x), X)


def test_activations() -> None:
    signed = X - 1.3
    np.testing.assert_array_equal(Value(signed).relu().data, np.maximum(signed, 0))
    np.testing.assert_allclose(Value(signed).sigmoid().data, 1 / (1 + np.exp(-signed)), rtol=1e-14)
    assert_slopes(lambda x: x.relu() if isinstance(x, Value) else np.maximum(x, 0), signed)
    assert_slopes(lambda x: x.sigmoid() if isinstance(x, Value) else 1 / (1 + np.exp(-x)), signed)


def test_properties() -> None:
    v = Value(X.astype(np.float32))
    assert v.shape == (2, 3, 4)
    assert v.ndim == 3
    assert v.size == 24
    assert v.dtype == np.float32
    scalar = Value(2.0)
    assert (scalar.shape, scalar.ndim, scalar.size, scalar.dtype) == ((), 0, 1, np.float64)


def test_places_of_extrema_are_plain_arrays() -> None:
    v = Value(X)
    for axis in (None, 0, -1):
        for name in ("argmax", "argmin"):
            found = getattr(v, name)(axis=axis)
            assert isinstance(found, (np.ndarray, np.integer))
            np.testing.assert_array_equal(found, getattr(X, name)(axis=axis))


def test_methods_of_results() -> None:
    assert_slopes(lambda x: (x * x).sum(axis=0).T.reshape(3, 4).max(axis=1), X)


def test_a_shape_that_does_not_fit_names_the_op() -> None:
    with pytest.raises(ValueError, match="reshape"):
        Value(X).reshape(5, 5)
    with pytest.raises(ValueError, match="squeeze"):
        Value(X).squeeze(axis=0)
    with pytest.raises(ValueError, match="sum"):
        Value(X).sum(axis=3)
