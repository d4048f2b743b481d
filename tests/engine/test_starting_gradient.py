"""The gradient that a sweep starts from: its shape and dtype, and what has no graph to sweep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engine.witness import assert_teaches
from tinygrad_rnn import Value, no_grad


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_single_number_of_any_shape_starts_with_one(shape: tuple[int, ...]) -> None:
    a = Value(np.full(shape, 3.0))
    y = a * a
    y.backward()
    assert np.shape(y.grad) == np.shape(a.grad) == shape
    np.testing.assert_array_equal(a.grad, np.full(shape, 6.0))


@pytest.mark.parametrize(
    "gradient", [[1, 2], (1.0, 2.0), np.array([1, 2]), np.array([1.0, 2.0], np.float32)]
)
def test_a_gradient_may_be_anything_array_like(gradient: Any) -> None:
    a = Value(np.ones(2))
    (a * 3.0).backward(gradient)
    assert a.grad.dtype == np.float64
    np.testing.assert_array_equal(a.grad, [3.0, 6.0])


def test_a_gradient_may_be_a_value_and_gradients_stay_arrays() -> None:
    a = Value(np.ones(2))
    y = a * 3.0
    y.backward(Value(np.array([1.0, 2.0]), requires_grad=False))
    assert isinstance(a.grad, np.ndarray)
    assert isinstance(y.grad, np.ndarray)
    np.testing.assert_array_equal(a.grad, [3.0, 6.0])


@pytest.mark.parametrize("gradient", [1.0, [1.0], np.ones(3), np.ones((1, 2)), np.ones((2, 1))])
def test_a_gradient_of_another_shape_is_refused(gradient: Any) -> None:
    a = Value(np.ones(2))
    with pytest.raises(ValueError) as caught:
        (a * 3.0).backward(gradient)
    assert_teaches(caught.value, "(2,)", str(np.shape(gradient)))
    assert a.grad is None


def test_an_array_without_gradient_is_refused() -> None:
    a = Value(np.ones((2, 3)))
    with pytest.raises(ValueError) as caught:
        (a * 3.0).backward()
    assert_teaches(caught.value, "(2, 3)", "multiply", ".sum()", "backward(gradient)")
    assert a.grad is None


def without_graph() -> dict[str, Callable[[], Value]]:
    a = Value(2.0)

    def in_no_grad() -> Value:
        with no_grad():
            return a * 3.0

    return {
        "leaf": lambda: Value(2.0),
        "no_grad": in_no_grad,
        "detach": lambda: (a * 3.0).detach(),
        "constants": lambda: Value(2.0, requires_grad=False) * 3.0,
    }


@pytest.mark.parametrize("case", ["leaf", "no_grad", "detach", "constants"])
@pytest.mark.parametrize("gradient", [None, 1.0])
def test_backward_without_a_graph_is_refused(case: str, gradient: Any) -> None:
    value = without_graph()[case]()
    with pytest.raises(RuntimeError) as caught:
        value.backward(gradient)
    assert_teaches(caught.value, "no graph", "no_grad", "detach")
    assert value.grad is None
