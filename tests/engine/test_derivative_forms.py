"""Derivatives of functions come in the form of their arguments, and leave nothing behind."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value

X = np.array([0.4, -1.2, 2.0])


class Pair(NamedTuple):
    a: Any
    b: Any


A = np.random.default_rng(11).normal(size=(3, 3))

# Structures.


def test_dicts_lists_and_tuples_come_back_in_their_form() -> None:
    weights = {"w": A, "layers": [np.ones(3), (2.0, np.full(3, 0.5))]}

    def f(p: Any) -> Any:
        first, (scale, shift) = p["layers"]
        return np.sum(p["w"] @ first * scale + shift)

    g = tg.grad(f)(weights)
    assert set(g) == {"w", "layers"}
    assert isinstance(g["layers"], list)
    assert isinstance(g["layers"][1], tuple)
    np.testing.assert_allclose(g["w"], np.full((3, 3), 2.0))
    np.testing.assert_allclose(g["layers"][0], 2 * A.sum(axis=0))
    assert float(g["layers"][1][0]) == pytest.approx(A.sum())
    np.testing.assert_allclose(g["layers"][1][1], np.ones(3))


def test_the_passed_structure_is_left_alone() -> None:
    weights = {"w": X, "b": [1.0]}
    tg.grad(lambda p: np.sum(p["w"] * p["b"][0]))(weights)
    assert weights["w"] is X
    assert weights["b"] == [1.0]


def test_structures_in_jvp_and_hvp() -> None:
    def f(p: Any) -> Any:
        return np.sum(p["a"] ** 2 * p["b"])

    p, t = {"a": X, "b": 2.0}, {"a": np.ones(3), "b": 1.0}
    _, dy = tg.jvp(f, p, t)
    assert float(dy) == pytest.approx(np.sum(4 * X) + np.sum(X**2), rel=1e-14)
    found = tg.hvp(f, p, t)
    np.testing.assert_allclose(found["a"], 4.0 + 2 * X, rtol=1e-14)
    assert float(found["b"]) == pytest.approx(np.sum(2 * X), rel=1e-14)


def test_directions_are_matched_by_key_not_by_order() -> None:
    def f(p: Any) -> Any:
        return 3 * p["a"] ** 2 + 10 * p["b"] ** 2

    p, t = {"a": 1.0, "b": 1.0}, {"b": 0.0, "a": 1.0}
    assert float(tg.jvp(f, p, t)[1]) == 6.0
    found = tg.hvp(f, p, t)
    assert {key: float(part) for key, part in found.items()} == {"a": 6.0, "b": 0.0}


def test_a_namedtuple_comes_back_as_one() -> None:
    g = tg.grad(lambda p: p.a * p.b)(Pair(2.0, 3.0))
    assert isinstance(g, Pair)
    assert (float(g.a), float(g.b)) == (3.0, 2.0)


# Arrays in, arrays out; Values in, Values out; nothing left behind.


def test_arrays_in_arrays_out() -> None:
    for f in (tg.grad, tg.hessian, lambda f: tg.value_and_grad(f)):
        found = f(lambda x: np.sum(x**3))(X)
        for part in found if isinstance(found, tuple) else (found,):
            assert isinstance(part, (np.ndarray, np.generic))
    assert isinstance(tg.grad(lambda x: x * x)(3), np.float64)
    for part in (*tg.jvp(np.tanh, X, X), tg.vjp(np.tanh, X)[0], tg.vjp(np.tanh, X)[1](X)[0]):
        assert isinstance(part, np.ndarray)
    assert isinstance(tg.hvp(lambda x: np.sum(x**3), X, X), np.ndarray)


def test_values_in_values_out_that_can_be_differentiated_again() -> None:
    x = Value(X)
    y, g = tg.value_and_grad(lambda x: np.sum(x**3))(x)
    assert isinstance(y, Value)
    assert isinstance(g, Value)
    np.testing.assert_allclose(g.data, 3 * X**2, rtol=1e-14)
    assert x.grad is None
    (y + np.sum(g * g)).backward()  # 3x² + 36x³
    np.testing.assert_allclose(x.grad, 3 * X**2 + 36 * X**3, rtol=1e-13)


def test_values_in_values_out_for_every_derivative() -> None:
    x = Value(X)
    results = [
        tg.jacobian(np.tanh)(x),
        tg.hessian(lambda x: np.sum(x**3))(x),
        *tg.jvp(np.tanh, x, np.ones(3)),
        tg.vjp(np.tanh, x)[0],
        *tg.vjp(np.tanh, x)[1](np.ones(3)),
        tg.hvp(lambda x: np.sum(x**3), x, np.ones(3)),
    ]
    assert all(isinstance(result, Value) for result in results)
    assert all(result.requires_grad for result in results)
    assert x.grad is None


def test_no_gradient_is_left_behind() -> None:
    x, w = Value(X), Value(np.ones(3))
    w.grad = np.full(3, 7.0)
    middle: list[Value] = []

    def f(x: Any) -> Any:
        middle.append(x * w)
        return np.sum(middle[-1] ** 2)

    tg.grad(f)(x)
    tg.grad(f)(X)
    tg.hvp(f, X, X)
    assert x.grad is None
    np.testing.assert_array_equal(w.grad, 7.0)
    assert all(node.grad is None for node in middle)


def test_results_are_the_caller_s_own() -> None:
    x = X.copy()
    g = tg.grad(lambda x: np.sum(x * x) / 2)(x)
    ga, gb = tg.grad(lambda a, b: np.sum(a + b), (0, 1))(x, x)
    weights = np.ones(3)
    (back,) = tg.vjp(lambda x: x + 1.0, x)[1](weights)
    for array in (g, ga, gb, back):
        assert array.flags.writeable
        assert not np.shares_memory(array, x)
    assert not np.shares_memory(ga, gb)
    assert not np.shares_memory(back, weights)
    ga += 1.0
    np.testing.assert_array_equal(gb, 1.0)


def test_float32_stays_float32() -> None:
    x = X.astype(np.float32)
    assert tg.grad(lambda x: np.sum(x * x))(x).dtype == np.float32
    assert tg.jacobian(np.tanh)(x).dtype == np.float32
    assert tg.hessian(lambda x: np.sum(x**3))(x).dtype == np.float32
    assert all(part.dtype == np.float32 for part in tg.jvp(np.tanh, x, x))
    assert tg.vjp(np.tanh, x)[1](X)[0].dtype == np.float32
    assert tg.hvp(lambda x: np.sum(x**3), x, x).dtype == np.float32
