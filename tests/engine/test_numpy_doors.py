"""NumPy's functions on Values: the same numbers, recorded and differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import assert_slopes
from tinygrad_rnn import RULES, Value

X = np.random.default_rng(5).permutation(np.linspace(0.21, 2.53, 12)).reshape(3, 4)
W = np.random.default_rng(6).normal(size=(4, 2))
B = np.array([0.3, 1.7, 0.9, 2.1])
CUBE = np.random.default_rng(7).normal(size=(2, 4, 3))

# The same line is run on arrays and on Values.
CALLS: dict[str, Callable[[Any], Any]] = {
    # ufuncs
    "add": lambda x: np.add(x, B),
    "add, array first": lambda x: np.add(B, x),
    "subtract": lambda x: np.subtract(B, x),
    "multiply": lambda x: np.multiply(x, 3),
    "divide": lambda x: np.divide(1.0, x),
    "true_divide": lambda x: np.true_divide(x, B),
    "negative": lambda x: np.negative(x),
    "power": lambda x: np.power(x, 1.5),
    "power, array first": lambda x: np.power(B, x),
    "absolute": lambda x: np.absolute(x - 1),
    "abs": lambda x: np.abs(x - 1),
    "maximum": lambda x: np.maximum(x, B),
    "minimum": lambda x: np.minimum(B, x),
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "square": np.square,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "matmul": lambda x: np.matmul(x, W),
    "matmul, array first": lambda x: np.matmul(W.T, np.transpose(x)),
    # reductions
    "sum": np.sum,
    "sum, axis by position": lambda x: np.sum(x, 0),
    "sum, axes": lambda x: np.sum(x, axis=(0, 1)),
    "sum, keepdims": lambda x: np.sum(x, axis=-1, keepdims=True),
    "mean": np.mean,
    "mean, axis by position": lambda x: np.mean(x, 1),
    "var": np.var,
    "var, axis": lambda x: np.var(x, axis=0, keepdims=True),
    "var, ddof": lambda x: np.var(x, axis=1, ddof=1),
    "max": np.max,
    "amax": lambda x: np.amax(x, 0),
    "min": lambda x: np.min(x, axis=1),
    "amin": lambda x: np.amin(x),
    "prod": lambda x: np.prod(x, axis=1),
    "cumsum": lambda x: np.cumsum(x, 1),
    "cumsum, flat": np.cumsum,
    # shapes
    "reshape": lambda x: np.reshape(x, (2, -1)),
    "ravel": np.ravel,
    "transpose": np.transpose,
    "transpose, axes": lambda x: np.transpose(x, (1, 0)),
    "swapaxes": lambda x: np.swapaxes(x, 0, -1),
    "moveaxis": lambda x: np.moveaxis(x, 0, -1),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "expand_dims, several": lambda x: np.expand_dims(x, (0, -1)),
    "squeeze": lambda x: np.squeeze(np.expand_dims(x, (0, 2))),
    "squeeze, axis": lambda x: np.squeeze(np.expand_dims(x, (0, 2)), 0),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 4)),
    "flip": np.flip,
    "flip, axis": lambda x: np.flip(x, 1),
    "atleast_2d": lambda x: np.atleast_2d(x[0]),
    "pad": lambda x: np.pad(x, 1),
    "pad, each side": lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=3),
    "pad, mode": lambda x: np.pad(x, (1, 2), "constant"),
    # joining and splitting
    "concatenate": lambda x: np.concatenate([x, x * x]),
    "concatenate, axis by position": lambda x: np.concatenate((x, X), 1),
    "concatenate, arrays first": lambda x: np.concatenate([X, X, x], axis=-1),
    "stack": lambda x: np.stack([x, x * x]),
    "stack, axis": lambda x: np.stack((X, x), axis=-1),
    "hstack": lambda x: np.hstack([x, X]),
    "vstack": lambda x: np.vstack([x, B]),
    "split": lambda x: np.split(x, 2, axis=1)[1],
    "split, places": lambda x: np.split(x, [1, 2])[1],
    # picking
    "where": lambda x: np.where(X > 1, x, 0.5),
    "where, its own condition": lambda x: np.where(x > 1, x * x, B),
    "clip": lambda x: np.clip(x, 0.5, 2),
    "clip, keywords": lambda x: np.clip(x, a_min=B * 0.5, a_max=None),
    "take": lambda x: np.take(x, [0, 3, 3]),
    "take, axis": lambda x: np.take(x, [0, 2, 2], axis=0),
    "take, axis by keyword": lambda x: np.take(x, indices=[1, 1], axis=-1),
    # products
    "dot": lambda x: np.dot(x, W),
    "dot, array first": lambda x: np.dot(B, np.transpose(x)),
    "dot, vectors": lambda x: np.dot(x[0], B),
    "dot, number": lambda x: np.dot(2.0, x),
    "dot, three axes": lambda x: np.dot(x, CUBE),
    "outer": lambda x: np.outer(x[0], B),
    "outer, matrices": lambda x: np.outer(x, x),
    "einsum": lambda x: np.einsum("ij,jk->ik", x, W),
    "einsum, array first": lambda x: np.einsum("kj,ij->ki", W.T, x),
    "einsum, implied output": lambda x: np.einsum("ij,ij", x, X),
    "einsum, trace": lambda x: np.einsum("ii->", x[:, :3]),
    "einsum, diagonal": lambda x: np.einsum("ii->i", x[:, :3]),
    "einsum, sum": lambda x: np.einsum("ij->j", x),
    "einsum, batch": lambda x: np.einsum("...j,bjk->b...k", x, CUBE),
    "einsum, three operands": lambda x: np.einsum("ij,jk,lj->ikl", x, W, x),
}


def value_of(result: Any) -> Value:
    assert isinstance(result, Value)
    return result


@pytest.mark.parametrize("name", CALLS)
def test_the_same_numbers(name: str) -> None:
    f = CALLS[name]
    y = value_of(f(Value(X)))
    expected = f(X)
    assert isinstance(expected, (np.ndarray, np.generic))
    assert y.shape == expected.shape
    assert y.dtype == expected.dtype
    np.testing.assert_allclose(y.data, expected, rtol=1e-13)


@pytest.mark.parametrize("name", CALLS)
def test_the_gradient_comes_through(name: str) -> None:
    assert_slopes(CALLS[name], X)


def test_the_door_leads_to_the_same_rule() -> None:
    v = Value(X)
    assert value_of(np.tanh(v)).rule is RULES["tanh"] is value_of(tg.tanh(v)).rule
    assert value_of(np.sum(v)).rule is RULES["sum"] is v.sum().rule
    assert value_of(np.add(v, 1.0)).rule is RULES["add"] is (v + 1.0).rule
    assert value_of(X.T @ v).rule is RULES["matmul"]
    joined = np.concatenate([v, v])
    assert value_of(joined).rule is RULES["concatenate"]


def test_members_of_a_join_are_its_inputs() -> None:
    v, w = Value(X), Value(X)
    for join in (np.stack, np.concatenate, tg.stack, tg.concatenate):
        y = join([v, X, w])
        assert len(y.inputs) == 3
        assert (y.inputs[0] is v, y.inputs[1] is X, y.inputs[2] is w) == (True, True, True)


@pytest.mark.parametrize("other", [2.0, B, np.float64(2.0), np.float32(2.0), np.array(2.0)])
def test_array_operator_value(other: Any) -> None:
    v = Value(X)
    for y, expected in (
        (other + v, other + X),
        (other - v, other - X),
        (other * v, other * X),
        (other / v, other / X),
        (other**v, other**X),
    ):
        assert isinstance(y, Value)
        np.testing.assert_array_equal(y.data, expected)


def test_split_gives_a_list_of_indexing_nodes() -> None:
    v = Value(np.arange(6.0))
    parts = np.split(v, 3)  # type: ignore[call-overload]
    assert isinstance(parts, list)
    assert [part.rule for part in parts] == [RULES["getitem"]] * 3
    with pytest.raises(ValueError, match="split"):
        np.split(v, 4)  # type: ignore[call-overload]


PLAIN: dict[str, Callable[[Any], Any]] = {
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "rint": np.rint,
    "trunc": np.trunc,
    "isnan": np.isnan,
    "isfinite": np.isfinite,
    "argmax": lambda x: np.argmax(x, axis=1),
    "argmin": lambda x: np.argmin(x),
    "argsort": lambda x: np.argsort(x, axis=0),
    "zeros_like": np.zeros_like,
    "ones_like": np.ones_like,
    "greater": lambda x: np.greater(x, 1.0),
    "less_equal": lambda x: np.less_equal(B, x),
    "equal": lambda x: np.equal(x, X),
    "not_equal": lambda x: np.not_equal(x, 1.0),
    "shape": np.shape,
    "ndim": np.ndim,
    "size": np.size,
    "allclose": lambda x: np.allclose(x, X),
    "array_equal": lambda x: np.array_equal(x, X),
}


@pytest.mark.parametrize("name", PLAIN)
def test_functions_without_a_derivative_give_plain_results(name: str) -> None:
    f = PLAIN[name]
    found, expected = f(Value(X)), f(X)
    assert not isinstance(found, Value)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", [*CALLS, *PLAIN])
def test_arrays_pass_by(name: str) -> None:
    y = (CALLS | PLAIN)[name](X)
    assert not isinstance(y, Value)


def test_our_functions_on_arrays_return_arrays() -> None:
    for f in (tg.tanh, tg.softmax, tg.relu, tg.sum, tg.logsumexp):
        assert isinstance(f(X), (np.ndarray, np.generic))
    assert isinstance(tg.stack([X, X]), np.ndarray)
    assert all(isinstance(part, np.ndarray) for part in tg.split(X, 2, axis=1))
