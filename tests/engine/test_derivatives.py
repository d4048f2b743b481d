"""grad, value_and_grad, vjp, jvp: against derivatives by hand and difference quotients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import slopes
from tinygrad_rnn import Value

X = np.array([0.4, -1.2, 2.0])


A = np.random.default_rng(11).normal(size=(3, 3))

# A function of one number and its derivative, by calculus.
NUMBERS: dict[str, tuple[Callable[[Any], Any], Callable[[float], float]]] = {
    "x³": (lambda x: x**3, lambda x: 3 * x**2),
    "1/x": (lambda x: 1 / x, lambda x: -1 / x**2),
    "tanh": (lambda x: np.tanh(x), lambda x: 1 - math.tanh(x) ** 2),
    "x sin x": (lambda x: x * np.sin(x), lambda x: math.sin(x) + x * math.cos(x)),
    "e^(x²)": (lambda x: np.exp(x * x), lambda x: 2 * x * math.exp(x * x)),
    "log": (lambda x: np.log(x), lambda x: 1 / x),
    "2^x": (lambda x: 2**x, lambda x: math.log(2) * 2**x),
    "sigmoid": (tg.sigmoid, lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
    "the argument": (lambda x: x, lambda x: 1.0),
    "a constant": (lambda x: 5.0, lambda x: 0.0),
    "a loop": (lambda x: sum(x**k for k in range(4)), lambda x: 1 + 2 * x + 3 * x**2),
    "a branch": (lambda x: x * x if x > 1 else -x, lambda x: 2 * x if x > 1 else -1.0),
}

# A function of an array that returns a number, an array, …; checked by difference quotients.
ARRAYS: dict[str, Callable[[Any], Any]] = {
    "quadratic form": lambda x: x @ A @ x,
    "softmax": lambda x: tg.softmax(x),
    "matrix": lambda x: np.outer(x, x * x),
    "logsumexp": lambda x: tg.logsumexp(x),
    "recurrence": lambda x: np.tanh(A @ np.tanh(A @ x + x)),
    "picking": lambda x: x[[0, 0, 2]] * x[1],
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("x", [0.7, 1.3])
def test_grad_of_a_number(name: str, x: float) -> None:
    f, slope = NUMBERS[name]
    assert float(tg.grad(f)(x)) == pytest.approx(slope(x), rel=1e-13)
    y, g = tg.value_and_grad(f)(x)
    assert float(y) == pytest.approx(float(f(x)), rel=1e-15)
    assert float(g) == pytest.approx(slope(x), rel=1e-13)


@pytest.mark.parametrize("name", NUMBERS)
def test_jvp_and_vjp_of_a_number(name: str) -> None:
    f, slope = NUMBERS[name]
    y, dy = tg.jvp(f, 0.7, 2.0)
    assert float(y) == pytest.approx(float(f(0.7)), rel=1e-15)
    assert float(dy) == pytest.approx(2 * slope(0.7), rel=1e-13)
    y, pullback = tg.vjp(f, 0.7)
    assert float(y) == pytest.approx(float(f(0.7)), rel=1e-15)
    assert float(pullback(2.0)[0]) == pytest.approx(2 * slope(0.7), rel=1e-13)


def quotients(f: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """∂f/∂x of shape f(x) + x, by difference quotients, one entry of f at a time."""
    shape = np.shape(f(x))
    places = list(np.ndindex(shape))
    rows = [slopes(lambda x, at=at: np.asarray(f(x))[at], x)[0] for at in places]
    return np.reshape(rows, shape + x.shape)


@pytest.mark.parametrize("name", ARRAYS)
def test_jacobian_vjp_and_jvp_agree_with_difference_quotients(name: str) -> None:
    f = ARRAYS[name]
    expected = quotients(f, X)
    found = tg.jacobian(f)(X)
    assert isinstance(found, (np.ndarray, np.generic))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    rng = np.random.default_rng(12)
    direction, weights = rng.normal(size=3), rng.normal(size=np.shape(f(X)))
    y, dy = tg.jvp(f, X, direction)
    np.testing.assert_allclose(y, f(X), rtol=1e-14)
    np.testing.assert_allclose(dy, found @ direction, rtol=1e-11, atol=1e-13)
    y, pullback = tg.vjp(f, X)
    np.testing.assert_allclose(y, f(X), rtol=1e-14)
    (g,) = pullback(weights)
    np.testing.assert_allclose(g, np.tensordot(weights, found, np.ndim(weights)), rtol=1e-11)


def test_a_pullback_can_be_used_again() -> None:
    _, pullback = tg.vjp(lambda x: x * x, X)
    for weights in (np.ones(3), np.array([0.0, 1.0, 2.0]), np.ones(3)):
        np.testing.assert_allclose(pullback(weights)[0], 2 * X * weights, rtol=1e-15)


# Which arguments.


def three(a: Any, b: Any, c: Any) -> Any:
    return np.sum(a * b * b * c)


def test_argnums() -> None:
    a, b, c = 2.0, 3.0, 5.0
    by = (b * b * c, 2 * a * b * c, a * b * b)
    for i in range(3):
        assert float(tg.grad(three, i)(a, b, c)) == by[i]
        assert float(tg.grad(three, argnums=i)(a, b, c)) == by[i]
    assert float(tg.grad(three, -1)(a, b, c)) == by[2]
    both = tg.grad(three, (2, 0))(a, b, c)
    assert isinstance(both, tuple)
    assert [float(g) for g in both] == [by[2], by[0]]
    (only,) = tg.grad(three, (1,))(a, b, c)
    assert float(only) == by[1]
    y, (ga, gb) = tg.value_and_grad(three, (0, 1))(a, b, c)
    assert (float(y), float(ga), float(gb)) == (90.0, by[0], by[1])


def test_argnums_beyond_the_arguments() -> None:
    with pytest.raises((IndexError, ValueError, TypeError)):
        tg.grad(three, 3)(1.0, 2.0, 3.0)


def test_an_argument_twice_in_argnums_is_refused_or_given_twice() -> None:
    try:
        first, second = tg.grad(three, (0, 0))(2.0, 3.0, 5.0)
    except (ValueError, TypeError):
        return
    assert float(first) == float(second) == 45.0


def test_the_same_array_as_two_arguments() -> None:
    def f(a: Any, b: Any) -> Any:
        return np.sum(a * a * b)

    ga, gb = tg.grad(f, (0, 1))(X, X)
    np.testing.assert_allclose(ga, 2 * X * X, rtol=1e-15)
    np.testing.assert_allclose(gb, X * X, rtol=1e-15)
    v = Value(X)
    ga, gb = tg.grad(f, (0, 1))(v, v)
    np.testing.assert_allclose(ga.data, 2 * X * X, rtol=1e-15)
    np.testing.assert_allclose(gb.data, X * X, rtol=1e-15)
    np.testing.assert_allclose(tg.grad(f)(v, v).data, 2 * X * X, rtol=1e-15)
    np.testing.assert_allclose(tg.jvp(f, (X, X), (np.ones(3), np.zeros(3)))[1], np.sum(2 * X * X))


def test_an_unused_argument_has_zeros_of_its_shape_and_dtype() -> None:
    g = tg.grad(lambda a, b: np.sum(a * a), 1)(X, np.ones((2, 3), np.float32))
    assert isinstance(g, np.ndarray)
    assert (g.shape, g.dtype) == ((2, 3), np.float32)
    np.testing.assert_array_equal(g, 0.0)


def test_a_function_that_returns_a_constant_has_zeros() -> None:
    for constant in (3, 3.0, np.float64(3.0), np.array(3.0), Value(3.0), Value(1.0) * 3.0):
        y, g = tg.value_and_grad(lambda x, constant=constant: constant)(X)
        assert float(y) == 3.0
        np.testing.assert_array_equal(g, np.zeros(3))


def test_keyword_arguments_are_passed_on() -> None:
    def f(x: Any, *, power: int = 1) -> Any:
        return np.sum(x**power)

    np.testing.assert_allclose(tg.grad(f)(X, power=3), 3 * X**2, rtol=1e-14)
