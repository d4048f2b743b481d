"""Broadcasting is undone: a gradient has its input's shape, summed over the repeated axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.engine.witness import gradients, scattered, some_weights
from tinygrad_rnn import Value

# op → (function, derivative by a, derivative by b), all at the full shape, by calculus.
OPS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "+": (lambda a, b: a + b, lambda a, b: a * 0 + 1, lambda a, b: a * 0 + 1),
    "-": (lambda a, b: a - b, lambda a, b: a * 0 + 1, lambda a, b: a * 0 - 1),
    "*": (lambda a, b: a * b, lambda a, b: b, lambda a, b: a),
    "/": (lambda a, b: a / b, lambda a, b: 1 / b, lambda a, b: -a / b**2),
    "**": (
        lambda a, b: a**b,
        lambda a, b: np.exp((b - 1) * np.log(a)) * b,
        lambda a, b: np.exp(b * np.log(a)) * np.log(a),
    ),
    "maximum": (np.maximum, lambda a, b: (a > b) * 1.0, lambda a, b: (b > a) * 1.0),
    "minimum": (np.minimum, lambda a, b: (a < b) * 1.0, lambda a, b: (b < a) * 1.0),
}

pairs = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0)
triples = hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3, min_side=0)


def numbers(shape: tuple[int, ...], start: float) -> np.ndarray:
    """Positive numbers, no two alike, also between two arrays of other starts."""
    return start + 0.37 * np.arange(np.prod(shape, dtype=int)).reshape(shape)


@pytest.mark.parametrize("name", OPS)
@given(shapes=pairs, order=st.booleans())
def test_two_operands(name: str, shapes: hnp.BroadcastableShapes, order: bool) -> None:
    f, by_a, by_b = OPS[name]
    (first, second), result = shapes.input_shapes, shapes.result_shape
    a, b = numbers(first, 0.6 if order else 1.1), numbers(second, 1.1 if order else 0.6)
    weights = some_weights(result)
    ga, gb = gradients(f, a, b, weights=weights)
    assert (ga.shape, gb.shape) == (first, second)
    full = np.broadcast_arrays(a, b)
    np.testing.assert_allclose(ga, scattered(weights * by_a(*full), first), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gb, scattered(weights * by_b(*full), second), rtol=1e-12, atol=1e-12)


@given(shapes=triples)
def test_where(shapes: hnp.BroadcastableShapes) -> None:
    of_mask, of_a, of_b = shapes.input_shapes
    mask = np.cos(np.arange(np.prod(of_mask, dtype=int))).reshape(of_mask) > 0.1
    weights = some_weights(shapes.result_shape)
    ga, gb = gradients(
        lambda a, b: np.where(mask, a, b), numbers(of_a, 0.6), numbers(of_b, 1.1), weights=weights
    )
    assert (ga.shape, gb.shape) == (of_a, of_b)
    full = np.broadcast_to(mask, weights.shape)
    np.testing.assert_allclose(ga, scattered(weights * full, of_a), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gb, scattered(weights * ~full, of_b), rtol=1e-12, atol=1e-12)


@given(shapes=pairs)
def test_a_constant_operand_broadcasts_the_other(shapes: hnp.BroadcastableShapes) -> None:
    first, second = shapes.input_shapes
    constant, weights = numbers(second, 1.1), some_weights(shapes.result_shape)
    for f in (lambda a: a * constant, lambda a: constant * a):
        (g,) = gradients(f, numbers(first, 0.6), weights=weights)
        assert g.shape == first
        expected = scattered(weights * np.broadcast_to(constant, weights.shape), first)
        np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-12)


@given(shapes=pairs)
def test_interior_gradients_have_their_node_s_shape(shapes: hnp.BroadcastableShapes) -> None:
    first, second = shapes.input_shapes
    a, b = Value(numbers(first, 0.6)), Value(numbers(second, 1.1))
    middle = a * 2.0
    (middle + b).backward(some_weights(shapes.result_shape))
    assert middle.grad.shape == first
    np.testing.assert_allclose(a.grad, 2 * middle.grad, rtol=1e-15)


@given(shapes=pairs)
def test_second_order_keeps_shapes(shapes: hnp.BroadcastableShapes) -> None:
    first, second = shapes.input_shapes
    a, b = Value(numbers(first, 0.6)), Value(numbers(second, 1.1))
    weights = some_weights(shapes.result_shape)
    (a * a * b).backward(weights, create_graph=True, retain_grad=False)
    by_a = a.grad
    a.grad = b.grad = None
    by_a.backward(np.ones(first), retain_grad=False)
    assert a.grad.shape == first
    full_a, full_b = np.broadcast_arrays(a.data, b.data)
    np.testing.assert_allclose(a.grad, scattered(2 * weights * full_b, first), atol=1e-11)
    np.testing.assert_allclose(b.grad, scattered(2 * weights * full_a, second), atol=1e-11)


def test_half_each_where_maximum_ties() -> None:
    a, b = gradients(np.maximum, [1.0, 2.0, 3.0], [1.0, 5.0, 0.0], weights=[1.0, 1.0, 1.0])
    np.testing.assert_array_equal(a, [0.5, 0.0, 1.0])
    np.testing.assert_array_equal(b, [0.5, 1.0, 0.0])


def test_a_number_added_to_a_matrix_collects_every_entry() -> None:
    matrix, number = gradients(lambda m, n: m + n, np.ones((3, 4)), 2.0, weights=np.ones((3, 4)))
    np.testing.assert_array_equal(matrix, np.ones((3, 4)))
    assert number.shape == ()
    assert float(number) == 12.0


def test_many_axes_of_length_one_are_only_reshaped() -> None:
    a, b = gradients(lambda a, b: a * b, np.ones((1, 1, 1)), 2.0, weights=np.ones((1, 1, 1)))
    assert (a.shape, b.shape) == ((1, 1, 1), ())
    assert (float(a[0, 0, 0]), float(b)) == (2.0, 1.0)
