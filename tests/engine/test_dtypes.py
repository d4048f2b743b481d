"""float32 stays float32 through every op and its gradient, also beside Python numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value

X = np.array([[0.3, 0.7], [0.5, 0.9]])

BESIDE_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "x + 1": lambda x: x + 1,
    "1.5 + x": lambda x: 1.5 + x,
    "x - 1": lambda x: x - 1,
    "1 - x": lambda x: 1 - x,
    "2 * x": lambda x: 2 * x,
    "x * 2.5": lambda x: x * 2.5,
    "x / 3": lambda x: x / 3,
    "1 / x": lambda x: 1 / x,
    "x**2": lambda x: x**2,
    "x**0.5": lambda x: x**0.5,
    "x**-1": lambda x: x**-1,
    "2**x": lambda x: 2**x,
    "x**x": lambda x: x**x,
    "-x": lambda x: -x,
    "abs": lambda x: abs(x - 0.5),
    "maximum": lambda x: np.maximum(x, 0.5),
    "minimum": lambda x: np.minimum(1, x),
    "clip": lambda x: np.clip(x, 0.4, 0.8),
    "where": lambda x: np.where(np.array([True, False]), x, 0.0),
    "relu": lambda x: tg.relu(x - 0.5),
    "sigmoid": tg.sigmoid,
    "softplus": tg.softplus,
    "tanh": np.tanh,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "square": np.square,
    "sin": np.sin,
    "cos": np.cos,
    "sum": lambda x: np.sum(x, axis=0),
    "mean": np.mean,
    "var": lambda x: np.var(x, axis=1),
    "max": lambda x: np.max(x, axis=0),
    "min": np.min,
    "prod": np.prod,
    "cumsum": lambda x: np.cumsum(x, axis=0),
    "logsumexp": lambda x: tg.logsumexp(x, axis=-1),
    "softmax": tg.softmax,
    "log_softmax": tg.log_softmax,
    "cross entropy": lambda x: tg.softmax_cross_entropy(x, np.array([0, 1])),
    "cross entropy, ignoring": lambda x: tg.softmax_cross_entropy(
        x, np.array([0, 1]), ignore_index=1
    ),
    "reshape": lambda x: x.reshape(4),
    "transpose": lambda x: x.T,
    "flip": np.flip,
    "pad": lambda x: np.pad(x, 1, constant_values=2),
    "index": lambda x: x[0],
    "repeated index": lambda x: x[[0, 0]],
    "mask": lambda x: x[np.array([True, False])],
    "take": lambda x: np.take(x, [1, 1], axis=1),
    "stack": lambda x: np.stack([x, x]),
    "concatenate": lambda x: np.concatenate([x, x[:1]]),
    "matmul": lambda x: x @ x,
    "vector": lambda x: x @ x[0],
    "dot number": lambda x: np.dot(x, 2.0),
    "outer": lambda x: np.outer(x[0], x[1]),
    "einsum": lambda x: np.einsum("ij,jk->i", x, x),
    "trace": lambda x: np.einsum("ii", x),
    "linear": lambda x: tg.linear(x, x, x[0]),
    "dropout": lambda x: tg.dropout(x, p=0.25, generator=np.random.default_rng(0)),
    "one step": lambda x: tg.tanh(x @ x + x[0]),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("name", BESIDE_NUMBERS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_an_op_keeps_the_dtype(name: str, dtype: Any, create_graph: bool) -> None:
    x = Value(X.astype(dtype))
    y = BESIDE_NUMBERS[name](x)
    assert y.dtype == dtype
    y.backward(np.ones(y.shape), create_graph=create_graph)
    assert x.grad.dtype == dtype
    assert y.grad.dtype == dtype


# NumPy itself makes a float64 array of the number in np.dot(array, 2.0).
@pytest.mark.parametrize("name", [name for name in BESIDE_NUMBERS if name != "dot number"])
def test_arrays_give_the_dtype_that_values_give(name: str) -> None:
    y = BESIDE_NUMBERS[name](X.astype(np.float32))
    assert isinstance(y, (np.ndarray, np.generic))
    assert y.dtype == np.float32


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_float32_leaf_in_a_float64_expression(create_graph: bool) -> None:
    small, large = Value(np.ones(3, np.float32)), Value(np.full(3, 2.0))
    y = small * large
    assert y.dtype == np.float64
    z = small.sum() * 3.0
    assert z.dtype == np.float32
    (y.sum() + z).backward(create_graph=create_graph)
    assert small.grad.dtype == np.float32
    assert large.grad.dtype == np.float64
    np.testing.assert_array_equal(getattr(small.grad, "data", small.grad), [5.0] * 3)


def test_gradients_on_the_way_have_their_value_s_dtype() -> None:
    small = Value(np.ones(3, np.float32))
    middle = small * 2.0
    (middle * np.full(3, 2.0)).sum().backward()
    assert middle.grad.dtype == np.float32
    assert small.grad.dtype == np.float32


def test_a_value_of_a_python_number_promotes_as_numpy_s_float64_does() -> None:
    small = Value(np.ones(3, np.float32))
    assert (small * Value(2.0)).dtype == np.float64
    assert (small * np.float64(2.0)).dtype == np.float64
    assert (small * np.float32(2.0)).dtype == np.float32
    assert (small * 2.0).dtype == np.float32


def test_a_float32_scalar_stays_one() -> None:
    x = Value(np.float32(0.5))
    y = (x * 2 + 1.0).tanh() ** 2
    assert isinstance(y.data, np.float32)
    y.backward()
    assert isinstance(x.grad, np.float32)


def test_a_starting_gradient_takes_the_root_s_dtype() -> None:
    x = Value(np.ones(2, np.float32))
    y = x * 2.0
    y.backward(np.array([1.0, 2.0]))
    assert y.grad.dtype == np.float32
    assert x.grad.dtype == np.float32


def test_integer_constants_take_part() -> None:
    x = Value(np.array([1.0, 2.0], np.float32))
    y = x * np.array([1, 2], np.int8) + np.array([True, False])
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [1.0, 2.0])
