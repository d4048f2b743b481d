"""Functions composed of ops: each against NumPy's own, on arrays and on Values, by both doors.

A case is one line, run with ``m = np`` on arrays for the reference, with ``m = tg`` on arrays and
Values, and with ``m = np`` on Values. Results may be one array or several.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import some_weights
from tinygrad_rnn import Value
from tinygrad_rnn.check import gradcheck

RNG = np.random.default_rng(11)
X = RNG.normal(size=(2, 6, 3))
V, W = RNG.normal(size=4), RNG.normal(size=4)
M, N = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))
A3, B3, B4 = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 4, 3)), RNG.normal(size=(2, 1, 4, 3))
ONE = np.float64(1.5)
NONE = np.zeros((0, 4))

Function = Callable[..., Any]
CASES: list[tuple[str, Function, tuple[Any, ...]]] = [
    ("split, sections", lambda m, x: m.split(x, 2), (X,)),
    ("split, one section", lambda m, x: m.split(x, 1), (X,)),
    ("split, axis", lambda m, x: m.split(x, 3, axis=1), (X,)),
    ("split, last axis", lambda m, x: m.split(x, 3, -1), (X,)),
    ("split, NumPy's integer", lambda m, x: m.split(x, np.int64(3), axis=1), (X,)),
    ("split, places", lambda m, x: m.split(x, [1, 4], axis=1), (X,)),
    ("split, places in a tuple", lambda m, x: m.split(x, (2,), axis=1), (X,)),
    ("split, places in an array", lambda m, x: m.split(x, np.array([2, 3]), axis=1), (X,)),
    ("split, an empty part", lambda m, x: m.split(x, [2, 2], axis=1), (X,)),
    ("split, overlapping", lambda m, x: m.split(x, [4, 2], axis=1), (X,)),
    ("split, from the end", lambda m, x: m.split(x, [-2], axis=1), (X,)),
    ("split, beyond the end", lambda m, x: m.split(x, [4, 9], axis=1), (X,)),
    ("split, no place", lambda m, x: m.split(x, [], axis=1), (X,)),
    ("split, nothing", lambda m, x: m.split(x, 2), (NONE,)),
    ("squeeze", lambda m, x: m.squeeze(x), (X[:, None, :1],)),
    ("squeeze, axis", lambda m, x: m.squeeze(x, 1), (X[:, None, :1],)),
    ("squeeze, axes", lambda m, x: m.squeeze(x, axis=(1, -2)), (X[:, None, :1],)),
    ("squeeze, no axis", lambda m, x: m.squeeze(x, axis=()), (X[:, None],)),
    ("squeeze to a number", lambda m, x: m.squeeze(x), (np.array([[2.0]]),)),
    ("squeeze a number", lambda m, x: m.squeeze(x), (ONE,)),
    ("squeeze nothing", lambda m, x: m.squeeze(x, 1), (NONE[:, None],)),
    ("expand_dims", lambda m, x: m.expand_dims(x, 0), (X,)),
    ("expand_dims, last", lambda m, x: m.expand_dims(x, -1), (X,)),
    ("expand_dims, axes", lambda m, x: m.expand_dims(x, (0, 2, -1)), (X,)),
    ("expand_dims, a list", lambda m, x: m.expand_dims(x, [1, 0]), (X,)),
    ("expand_dims, NumPy's integer", lambda m, x: m.expand_dims(x, np.int64(1)), (X,)),
    ("expand_dims, a number", lambda m, x: m.expand_dims(x, (0, 1)), (ONE,)),
    ("swapaxes", lambda m, x: m.swapaxes(x, 0, 2), (X,)),
    ("swapaxes, from the end", lambda m, x: m.swapaxes(x, -1, -2), (X,)),
    ("swapaxes, itself", lambda m, x: m.swapaxes(x, 1, 1), (X,)),
    ("moveaxis", lambda m, x: m.moveaxis(x, 0, -1), (X,)),
    ("moveaxis, several", lambda m, x: m.moveaxis(x, (0, 1), (-1, 0)), (X,)),
    ("moveaxis, exchanged", lambda m, x: m.moveaxis(x, (0, 1), (1, 0)), (X,)),
    ("moveaxis, all", lambda m, x: m.moveaxis(x, [2, 0, 1], [0, 1, 2]), (X,)),
    ("ravel", lambda m, x: m.ravel(x), (X,)),
    ("ravel a number", lambda m, x: m.ravel(x), (ONE,)),
    ("ravel nothing", lambda m, x: m.ravel(x), (NONE,)),
    ("var", lambda m, x: m.var(x), (X,)),
    ("var, axis", lambda m, x: m.var(x, axis=1), (X,)),
    ("var, axes", lambda m, x: m.var(x, axis=(0, -1), keepdims=True), (X,)),
    ("var, sample", lambda m, x: m.var(x, axis=1, ddof=1), (X,)),
    ("var, no axis", lambda m, x: m.var(x, axis=()), (X,)),
    ("var of equal numbers", lambda m, x: m.var(x, axis=0), (np.full((4, 2), 0.25),)),
    ("var of none", lambda m, x: m.var(x, axis=1), (NONE,)),
    ("outer", lambda m, a, b: m.outer(a, b), (V, W[:3])),
    ("outer of matrices", lambda m, a, b: m.outer(a, b), (M, N)),
    ("outer of numbers", lambda m, a, b: m.outer(a, b), (ONE, V)),
    ("outer with nothing", lambda m, a, b: m.outer(a, b), (V, NONE)),
    ("dot, 0 x 0", lambda m, a, b: m.dot(a, b), (ONE, np.float64(2.0))),
    ("dot, 0 x 2", lambda m, a, b: m.dot(a, b), (ONE, M)),
    ("dot, 3 x 0", lambda m, a, b: m.dot(a, b), (A3, ONE)),
    ("dot, 1 x 1", lambda m, a, b: m.dot(a, b), (V, W)),
    ("dot, 1 x 2", lambda m, a, b: m.dot(a, b), (V, N)),
    ("dot, 2 x 1", lambda m, a, b: m.dot(a, b), (M, V)),
    ("dot, 2 x 2", lambda m, a, b: m.dot(a, b), (M, N)),
    ("dot, 3 x 1", lambda m, a, b: m.dot(a, b), (A3, V)),
    ("dot, 3 x 2", lambda m, a, b: m.dot(a, b), (A3, N)),
    ("dot, 1 x 3", lambda m, a, b: m.dot(a, b), (V, B3)),
    ("dot, 2 x 3", lambda m, a, b: m.dot(a, b), (M, B3)),
    ("dot, 3 x 3", lambda m, a, b: m.dot(a, b), (A3, B3)),
    ("dot, 3 x 4", lambda m, a, b: m.dot(a, b), (A3, B4)),
    ("dot, over no entries", lambda m, a, b: m.dot(a, b), (NONE.T, NONE)),
    ("atleast_2d, a number", lambda m, x: np.atleast_2d(x), (ONE,)),
    ("atleast_2d, a vector", lambda m, x: np.atleast_2d(x), (V,)),
    ("atleast_2d, more", lambda m, x: np.atleast_2d(x), (X,)),
    ("hstack, vectors", lambda m, a, b: np.hstack([a, b]), (V, W[:2])),
    ("hstack, matrices", lambda m, a, b: np.hstack([a, b]), (M, M[:, :1])),
    ("hstack, numbers", lambda m, a, b: np.hstack([a, b]), (ONE, np.float64(2.0))),
    ("hstack, a number beside a vector", lambda m, a, b: np.hstack([a, b]), (ONE, V)),
    ("hstack, a tuple", lambda m, a, b: np.hstack((a, b, a)), (M, M[:, :1])),
    ("vstack, vectors", lambda m, a, b: np.vstack([a, b]), (V, W)),
    ("vstack, a row below a matrix", lambda m, a, b: np.vstack([a, b]), (M, V)),
    ("vstack, numbers", lambda m, a, b: np.vstack((a, b)), (ONE, np.float64(2.0))),
]
EVERY_CASE = pytest.mark.parametrize(
    ("f", "inputs"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)


def parts_of(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (list, tuple)) else [result]


def joined(result: Any) -> Any:
    """Lay all parts of a result out in one vector, so that one gradient covers them."""
    return np.concatenate([np.ravel(part) for part in parts_of(result)])


@EVERY_CASE
@pytest.mark.parametrize("door", [tg, np], ids=["tg", "np"])
def test_results_are_numpy_s(f: Function, inputs: tuple[Any, ...], door: Any) -> None:
    expected = f(np, *inputs)
    on_values = f(door, *map(Value, inputs))
    on_arrays = f(tg, *inputs)
    assert isinstance(on_values, (type(expected), Value))
    for results in (on_arrays, on_values):
        assert len(parts_of(results)) == len(parts_of(expected))
        for y, reference in zip(parts_of(results), parts_of(expected), strict=True):
            assert isinstance(y, Value) == (results is on_values)
            assert np.shape(y) == np.shape(reference)
            np.testing.assert_allclose(getattr(y, "data", y), reference, rtol=1e-14, atol=1e-15)


@EVERY_CASE
def test_gradients_agree_with_differences(f: Function, inputs: tuple[Any, ...]) -> None:
    assert gradcheck(lambda *x: joined(f(tg, *x)), inputs)


@EVERY_CASE
def test_float32_stays_float32(f: Function, inputs: tuple[Any, ...]) -> None:
    values = [Value(np.float32(x)) for x in inputs]
    y = joined(f(tg, *values))
    assert y.dtype == np.float32
    y.backward(some_weights(y.shape))
    assert {v.grad.dtype for v in values} == {np.dtype(np.float32)}


# Those that NumPy has not, or has not had for long.


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_unstack_is_the_inverse_of_stack(axis: int) -> None:
    v = Value(X)
    parts = tg.unstack(v, axis)
    assert isinstance(parts, tuple)
    assert len(parts) == X.shape[axis]
    for i, part in enumerate(parts):
        np.testing.assert_array_equal(part.data, np.take(X, i, axis=axis))
    y = np.stack(parts, axis=axis)
    np.testing.assert_array_equal(y.data, X)
    weights = some_weights(X.shape)
    y.backward(weights)
    np.testing.assert_array_equal(v.grad, weights)
    assert gradcheck(lambda x: joined([p * p for p in tg.unstack(x, axis)]), X)


def test_unstack_of_arrays_and_of_nothing() -> None:
    assert [part.tolist() for part in tg.unstack(N.T)] == N.T.tolist()
    assert tg.unstack(Value(NONE)) == ()
    assert [part.shape for part in tg.unstack(Value(NONE), 1)] == [(0,)] * 4
    assert [float(part) for part in tg.unstack(Value(np.array([1.0, 2.0])))] == [1.0, 2.0]
