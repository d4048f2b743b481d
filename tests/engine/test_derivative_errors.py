"""Derivatives of functions refuse what does not fit together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import assert_teaches
from tinygrad_rnn import Value

X = np.array([0.4, -1.2, 2.0])
A = np.random.default_rng(13).normal(size=(3, 3))


@pytest.mark.parametrize("derivative", [tg.grad, tg.value_and_grad, tg.hessian])
def test_the_gradient_of_what_is_no_single_number(derivative: Any) -> None:
    with pytest.raises(ValueError) as caught:
        derivative(lambda x: x * x)(X)
    assert_teaches(caught.value, "(3,)", "jacobian")


def test_integer_arrays_have_no_gradient() -> None:
    with pytest.raises(TypeError) as caught:
        tg.grad(lambda x: np.sum(x * x))(np.arange(3))
    assert_teaches(caught.value, "int64", "astype(float)")


@pytest.mark.parametrize("weights", [np.ones(2), np.ones((2, 3)), 1.0, np.ones((3, 1)), [[1.0]]])
def test_a_pullback_takes_the_shape_of_the_result(weights: Any) -> None:
    _, pullback = tg.vjp(np.exp, X)
    with pytest.raises(ValueError) as caught:
        pullback(weights)
    assert str(np.shape(weights)) in str(caught.value)
    assert "(3,)" in str(caught.value)


@pytest.mark.parametrize(
    ("primals", "tangents"),
    [
        (X, 1.0),
        (X, np.ones((2, 3))),
        (X, np.ones(4)),
        ((X, X), (X,)),
        ((X,), (X, X)),
        ({"a": X}, {"b": X}),
    ],
)
@pytest.mark.parametrize("derivative", [tg.jvp, tg.hvp])
def test_directions_have_the_form_of_the_arguments(
    derivative: Any, primals: Any, tangents: Any
) -> None:
    def f(*args: Any) -> Any:
        leaves = [a["a"] if isinstance(a, dict) else a for a in args]
        return sum((np.sum(a * a) for a in leaves), Value(0.0))

    with pytest.raises((ValueError, TypeError, KeyError)):
        derivative(f, primals, tangents)


def test_a_second_derivative_through_a_first_order_backward_is_refused() -> None:
    def slope(x: tg.Value, create_graph: bool) -> tg.Value:
        y = x**3
        y.backward(create_graph=create_graph)
        return x.grad * 1.0

    with pytest.raises(tg.GraphError, match=r"create_graph=True"):
        tg.grad(lambda x: slope(x, False))(2.0)
    assert float(tg.grad(lambda x: slope(x, True))(2.0)) == 12.0
    with pytest.raises(tg.GraphError, match=r"first-order graph has no second derivative"):
        tg.grad(tg.grad(lambda x: slope(x, False)))(2.0)


def test_a_derivative_that_really_is_zero_is_zero() -> None:
    assert float(tg.grad(lambda x: x.detach() * 2.0)(2.0)) == 0.0
    assert float(tg.grad(lambda x: 7.0)(2.0)) == 0.0
