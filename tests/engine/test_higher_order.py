"""Second order and beyond: create_graph, nested derivatives, hessian, hvp, jacobian of jacobian."""

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
A = np.random.default_rng(13).normal(size=(3, 3))

# create_graph


def test_with_create_graph_gradients_are_values() -> None:
    x = Value(2.0)
    middle = x * x
    y = middle * x
    y.backward(create_graph=True)
    assert isinstance(x.grad, Value)
    assert isinstance(middle.grad, Value)
    assert float(x.grad.data) == 12.0
    assert float(middle.grad.data) == 2.0


def test_second_and_third_derivatives_by_backward() -> None:
    x = Value(2.0)
    (x**4).backward(create_graph=True)
    first, x.grad = x.grad, None
    first.backward(create_graph=True)
    second, x.grad = x.grad, None
    second.backward()
    assert [float(first.data), float(second.data), float(x.grad)] == [32.0, 48.0, 48.0]
    assert not isinstance(x.grad, Value)


def test_a_gradient_penalty() -> None:
    # L = y² + |dy/dx|², y = Σ w x²: dy/dx = 2wx; dL/dw by hand
    w, x = Value(np.array([0.5, -1.0, 2.0])), Value(X)
    y = np.sum(w * x * x)
    y.backward(create_graph=True, retain_grad=False)
    slope, x.grad, w.grad = x.grad, None, None
    (y * y + np.sum(slope * slope)).backward()
    expected = 2 * float(y) * X**2 + 8 * w.data * X**2
    np.testing.assert_allclose(w.grad, expected, rtol=1e-13)


def test_create_graph_accumulates_on_leaves_too() -> None:
    x = Value(3.0)
    y = x * x
    y.backward(create_graph=True)
    y.backward(create_graph=True)
    assert isinstance(x.grad, Value)
    assert float(x.grad.data) == 12.0
    y.backward()
    assert float(np.asarray(getattr(x.grad, "data", x.grad))) == 18.0


def test_a_gradient_that_does_not_depend_on_anything_is_a_constant_value() -> None:
    x = Value(X)
    np.sum(x * 2.0).backward(create_graph=True)
    assert isinstance(x.grad, Value)
    np.testing.assert_array_equal(x.grad.data, 2.0)


def test_recorded_gradients_equal_plain_ones() -> None:
    def f(x: Any, w: Any) -> Any:
        h = np.tanh(x @ w + w[0])
        return np.sum(h[1:] * np.exp(x[:-1]) + np.concatenate([h[:1], x[1:2]]))

    rng = np.random.default_rng(14)
    arrays = (rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))
    plain, recorded = [Value(a) for a in arrays], [Value(a) for a in arrays]
    f(*plain).backward()
    f(*recorded).backward(create_graph=True)
    for p, r in zip(plain, recorded, strict=True):
        np.testing.assert_allclose(r.grad.data, p.grad, rtol=1e-13, atol=1e-15)


# Nested functions.


@pytest.mark.parametrize(
    ("f", "derivatives"),
    [
        (lambda x: x**4, [32.0, 48.0, 48.0, 24.0]),
        (lambda x: np.exp(2 * x), [2 * math.exp(4), 4 * math.exp(4), 8 * math.exp(4)]),
        (lambda x: np.sin(x), [math.cos(2), -math.sin(2), -math.cos(2), math.sin(2)]),
        (lambda x: 1 / x, [-1 / 4, 2 / 8, -6 / 16]),
        (
            lambda x: np.tanh(x),
            [
                1 - math.tanh(2) ** 2,
                -2 * math.tanh(2) * (1 - math.tanh(2) ** 2),
                (1 - math.tanh(2) ** 2) * (6 * math.tanh(2) ** 2 - 2),
            ],
        ),
    ],
)
def test_grad_of_grad(f: Callable[[Any], Any], derivatives: list[float]) -> None:
    for expected in derivatives:
        f = tg.grad(f)
        assert float(f(2.0)) == pytest.approx(expected, rel=1e-11)
        assert isinstance(f(2.0), np.float64)


def test_a_closure_is_differentiated_through_both_levels() -> None:
    # d/dx [x · d/dy (x y²) at y = x] = d/dx 2x³ = 6x²
    assert float(tg.grad(lambda x: x * tg.grad(lambda y: x * y * y)(x))(3.0)) == 54.0
    # d/dx [x · d/dy (x + y)] = 1: no confusion of the two perturbations
    assert float(tg.grad(lambda x: x * tg.grad(lambda y: x + y)(2.0))(3.0)) == 1.0
    # d/dx [d/dy (x y)] at a constant y = d/dx x = 1
    assert float(tg.grad(lambda x: tg.grad(lambda y: x * y)(2.0))(3.0)) == 1.0


def test_a_derivative_inside_a_function_of_a_plain_closure() -> None:
    w = Value(2.0)
    g = tg.grad(lambda x: x * x * w)(3.0)
    assert float(g) == 12.0
    assert w.grad is None


def test_mixed_second_derivatives_agree_in_both_orders() -> None:
    def f(a: Any, b: Any) -> Any:
        return np.sum(np.sin(a) * b**2)

    ab = tg.grad(lambda b: np.sum(tg.grad(f, 0)(X, b)))(X)
    ba = tg.grad(lambda a: np.sum(tg.grad(f, 1)(a, X)))(X)
    np.testing.assert_allclose(ab, np.cos(X) * 2 * X, rtol=1e-13)
    np.testing.assert_allclose(ba, ab, rtol=1e-13)


def test_no_grad_outside_does_not_turn_a_derivative_off() -> None:
    with tg.no_grad():
        assert float(tg.grad(lambda x: x**3)(2.0)) == 12.0
        assert float(tg.grad(tg.grad(lambda x: x**3))(2.0)) == 12.0
        np.testing.assert_allclose(tg.hessian(lambda x: np.sum(x**3))(X), np.diag(6 * X))
        assert float(tg.jvp(lambda x: x**3, 2.0, 1.0)[1]) == 12.0
        assert not (Value(1.0) * 2.0).requires_grad


def test_no_grad_inside_cuts_that_part() -> None:
    def f(x: Any) -> Any:
        with tg.no_grad():
            fixed = x * x
        return fixed * x

    assert float(tg.grad(f)(3.0)) == 9.0


# Matrices of derivatives.


def potential(x: Any) -> Any:
    return np.sum(np.exp(x[0] * x[1]) + x[2] ** 3 * x[0]) + np.sum(np.tanh(A @ x) ** 2)


def test_hessian_against_differences_of_the_gradient() -> None:
    found = tg.hessian(potential)(X)
    rows = [slopes(lambda x, i=i: tg.grad(potential)(x)[i], X)[0] for i in range(3)]
    np.testing.assert_allclose(found, rows, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found, found.T, rtol=1e-11, atol=1e-12)


def test_hessian_of_a_quadratic_form_and_of_a_number() -> None:
    np.testing.assert_allclose(tg.hessian(lambda x: x @ A @ x)(X), A + A.T, rtol=1e-12, atol=1e-14)
    assert float(tg.hessian(lambda x: x**3)(2.0)) == 12.0
    found = tg.hessian(lambda a, b: np.sum(a * b**2), 1)(X, X)
    np.testing.assert_allclose(found, np.diag(2 * X), rtol=1e-13)


def test_hvp_is_hessian_times_direction() -> None:
    direction = np.array([1.0, -0.5, 0.25])
    found = tg.hvp(potential, X, direction)
    np.testing.assert_allclose(found, tg.hessian(potential)(X) @ direction, rtol=1e-11)


def test_hvp_of_several_arguments() -> None:
    # f = a² b: H = [[2b, 2a], [2a, 0]]
    found = tg.hvp(lambda a, b: a * a * b, (2.0, 3.0), (1.0, 10.0))
    assert isinstance(found, tuple)
    assert [float(part) for part in found] == [6.0 + 40.0, 4.0]


def test_hvp_of_a_linear_function_is_zero() -> None:
    np.testing.assert_array_equal(tg.hvp(lambda x: np.sum(x * 3.0), X, X), np.zeros(3))


def test_jacobian_shapes() -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    assert tg.jacobian(lambda x: x[0] @ x.T)(matrix).shape == (2, 2, 3)
    assert tg.jacobian(lambda x: np.sum(x))(matrix).shape == (2, 3)
    assert tg.jacobian(lambda x: x * x)(2.0).shape == ()
    assert tg.jacobian(lambda a, b: a * b, 1)(X, 2.0).shape == (3,)
    assert tg.jacobian(lambda x: x[:0])(X).shape == (0, 3)
    np.testing.assert_array_equal(tg.jacobian(lambda x: np.ones(2))(X), np.zeros((2, 3)))


def test_jacobian_of_a_jacobian() -> None:
    found = tg.jacobian(tg.jacobian(lambda x: x**3))(X)
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = 6 * X
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_grad_of_an_expression_with_jvp_inside() -> None:
    # jvp of x³ along 1 is 3x², whose derivative is 6x
    found = tg.grad(lambda x: tg.jvp(lambda z: z**3, x, 1.0)[1])(2.0)
    assert float(found) == 12.0


def test_grad_by_the_direction_of_a_jvp() -> None:
    found = tg.grad(lambda v: np.sum(tg.jvp(lambda x: x**2, X, v)[1]))(np.ones(3))
    np.testing.assert_allclose(found, 2 * X, rtol=1e-14)


def test_a_step_of_newton_s_method_finds_the_minimum_of_a_quadratic() -> None:
    H = A @ A.T + np.eye(3)

    def f(x: Any) -> Any:
        return 0.5 * (x @ H @ x) - np.sum(x)

    step = np.linalg.solve(tg.hessian(f)(X), tg.grad(f)(X))
    np.testing.assert_allclose(tg.grad(f)(X - step), np.zeros(3), atol=1e-12)


@pytest.mark.parametrize("constant", [3, np.array([1, 2]), np.array([True, False]), np.ones(2)])
def test_derivatives_of_constants_of_any_dtype(constant: Any) -> None:
    y, dy = tg.jvp(lambda x: constant, X, X)
    np.testing.assert_array_equal(y, constant)
    np.testing.assert_array_equal(dy, np.zeros(np.shape(constant)))
    found = tg.jacobian(lambda x: constant)(X)
    np.testing.assert_array_equal(found, np.zeros((*np.shape(constant), 3)))
