"""What the derivative is where there is none, or more than one: kinks, ties, powers of zero.

The values are those that each op documents in the first line of its derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import gradients, some_weights
from tinygrad_rnn import Value

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def slope(f: Callable[[Any], Any], *points: float, dtype: Any = np.float64) -> list[float]:
    """Return the derivative of an elementwise function at some points."""
    v = Value(np.array(points, dtype))
    y = f(v)
    y.backward(np.ones(y.shape))
    assert v.grad.dtype == dtype
    return v.grad.tolist()


# Kinks.


@DTYPES
@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (abs, [-1.0, 0.0, 0.0, 1.0]),
        (tg.relu, [0.0, 0.0, 0.0, 1.0]),
        (lambda x: np.maximum(x, 0.0), [0.0, 0.5, 0.5, 1.0]),
        (lambda x: np.maximum(0.0, x), [0.0, 0.5, 0.5, 1.0]),
        (lambda x: np.minimum(x, 0.0), [1.0, 0.5, 0.5, 0.0]),
        (lambda x: np.maximum(x, -x), [-1.0, 0.0, 0.0, 1.0]),
        (lambda x: np.clip(x, 0.0, None), [0.0, 1.0, 1.0, 1.0]),
        (lambda x: np.clip(x, None, 0.0), [1.0, 1.0, 1.0, 0.0]),
        (lambda x: np.clip(x, 0.0, 0.0), [0.0, 1.0, 1.0, 0.0]),
        (lambda x: np.where(x > 0, x, 0.0), [0.0, 0.0, 0.0, 1.0]),
        (lambda x: np.sign(x) * x, [-1.0, 0.0, 0.0, 1.0]),
    ],
)
def test_on_both_sides_of_zero_and_at_it(
    f: Callable[[Any], Any], expected: list[float], dtype: Any
) -> None:
    assert slope(f, -2.0, -0.0, 0.0, 3.0, dtype=dtype) == expected


def test_a_value_beside_itself_keeps_all_of_its_gradient() -> None:
    assert slope(lambda x: np.maximum(x, x), 2.0, -1.0) == [1.0, 1.0]
    assert slope(lambda x: np.minimum(x, x), 2.0, -1.0) == [1.0, 1.0]


@pytest.mark.parametrize("f", [np.maximum, np.minimum])
def test_a_tie_with_a_number_that_was_broadcast(f: Callable[[Any, Any], Any]) -> None:
    a, b = gradients(f, np.full((2, 3), 1.5), 1.5, weights=np.ones((2, 3)))
    np.testing.assert_array_equal(a, np.full((2, 3), 0.5))
    assert float(b) == 3.0


def test_bounds_of_clip() -> None:
    x, low, high = gradients(
        np.clip,
        [0.0, 1.0, 2.0, 3.0, 4.0],
        [1.0, 1.0, 1.0, 1.0, 1.0],
        [3.0, 3.0, 3.0, 3.0, 3.0],
        weights=[1.0, 10.0, 100.0, 1000.0, 1e4],
    )
    assert x.tolist() == [0.0, 10.0, 100.0, 1000.0, 0.0]  # at a bound, x is what counts
    assert low.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert high.tolist() == [0.0, 0.0, 0.0, 0.0, 1e4]


def test_bounds_of_clip_that_cross() -> None:
    points = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    low, high = np.full(5, 3.0), np.full(5, 1.0)
    np.testing.assert_array_equal(np.clip(points, low, high), high)
    np.testing.assert_array_equal(np.clip(Value(points), low, high).data, high)
    by_x, by_low, by_high = gradients(np.clip, points, low, high, weights=np.ones(5))
    assert by_x.tolist() == [0.0] * 5
    assert by_low.tolist() == [0.0] * 5
    assert by_high.tolist() == [1.0] * 5


# Ties of a reduction.


@DTYPES
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    ("x", "axis", "expected"),
    [
        ([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]], 1, [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]),
        ([[1.0, 3.0, 3.0], [1.0, 0.0, 3.0]], 0, [[0.5, 1.0, 0.5], [0.5, 0.0, 0.5]]),
        ([[1.0, 3.0, 3.0], [2.0, 3.0, 3.0]], None, [[0.0, 0.25, 0.25], [0.0, 0.25, 0.25]]),
        ([[3.0, 3.0], [3.0, 3.0]], (0, 1), [[0.25, 0.25], [0.25, 0.25]]),
        ([[3.0, 3.0], [3.0, 3.0]], (), [[1.0, 1.0], [1.0, 1.0]]),
        ([[0.0, -0.0], [-1.0, -2.0]], 1, [[0.5, 0.5], [1.0, 0.0]]),
    ],
)
def test_equal_parts_where_several_are_extreme(
    x: Any, axis: Any, expected: Any, sign: float, keepdims: bool, dtype: Any
) -> None:
    v = Value(np.array(x, dtype) * dtype(sign))
    y = (np.max if sign > 0 else np.min)(v, axis=axis, keepdims=keepdims)
    y.backward(np.ones(y.shape))
    assert v.grad.dtype == dtype
    np.testing.assert_array_equal(v.grad, expected)


@pytest.mark.parametrize("f", [np.max, np.min])
def test_the_parts_of_a_tie_sum_to_the_gradient(f: Callable[..., Any]) -> None:
    x = np.floor(np.random.default_rng(2).uniform(0, 3, (4, 5, 6)))
    v = Value(x)
    y = f(v, axis=(0, 2))
    weights = some_weights(y.shape)
    y.backward(weights)
    np.testing.assert_allclose(v.grad.sum(axis=(0, 2)), weights, rtol=1e-14)
    extreme = x == y.data[:, None]
    assert not v.grad[~extreme].any()
    counts = extreme.sum(axis=(0, 2))
    expected = np.broadcast_to((weights / counts)[:, None], x.shape)[extreme]
    np.testing.assert_allclose(v.grad[extreme], expected, rtol=1e-14)


# Powers.

POWERS = [  # a, b, aᵇ, derivative by a, derivative by b
    (0.0, 0.0, 1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0, 1.0, 0.0),
    (0.0, 2.0, 0.0, 0.0, 0.0),
    (0.0, 3.0, 0.0, 0.0, 0.0),
    (0.0, 1.5, 0.0, 0.0, 0.0),
    (0.0, 0.5, 0.0, np.inf, 0.0),
    (-0.0, 2.0, 0.0, 0.0, 0.0),
    (-2.0, 0.0, 1.0, 0.0, 0.0),
    (-2.0, 1.0, -2.0, 1.0, 0.0),
    (-2.0, 2.0, 4.0, -4.0, 0.0),
    (-2.0, 3.0, -8.0, 12.0, 0.0),
    (-2.0, -1.0, -0.5, -0.25, 0.0),
    (-2.0, -2.0, 0.25, 0.25, 0.0),
    (2.0, 0.0, 1.0, 0.0, np.log(2.0)),
    (4.0, 0.5, 2.0, 0.25, 2 * np.log(4.0)),
    (2.0, -1.0, 0.5, -0.25, 0.5 * np.log(2.0)),
    (1.0, 5.0, 1.0, 5.0, 0.0),
]


@DTYPES
@pytest.mark.parametrize(("a", "b", "value", "by_a", "by_b"), POWERS)
def test_power(a: float, b: float, value: float, by_a: float, by_b: float, dtype: Any) -> None:
    tolerance = 4 * float(np.finfo(dtype).eps)
    base, exponent = Value(dtype(a)), Value(dtype(b))
    y = base**exponent
    y.backward()
    found = [float(y), float(base.grad), float(exponent.grad)]
    np.testing.assert_allclose(found, [value, by_a, by_b], rtol=tolerance)


@pytest.mark.parametrize(("a", "b", "value", "by_a", "by_b"), POWERS)
def test_power_with_one_operand_a_number(
    a: float, b: float, value: float, by_a: float, by_b: float
) -> None:
    exponents = [b, np.float64(b), np.array([b, b]), *([int(b)] if b % 1 == 0 else [])]
    for exponent in exponents:
        v = Value(np.array([a, a]))
        y = v**exponent
        np.testing.assert_allclose(y.data, [value] * 2, rtol=1e-15)
        y.backward(np.ones(2))
        np.testing.assert_allclose(v.grad, [by_a] * 2, rtol=1e-15)
    v = Value(b)
    y = a**v
    y.backward()
    np.testing.assert_allclose([float(y), float(v.grad)], [value, by_b], rtol=1e-15)


@pytest.mark.parametrize(
    ("a", "b", "second"),
    [(0.0, 0, 0.0), (0.0, 1, 0.0), (0.0, 2, 2.0), (0.0, 3, 0.0), (-2.0, 3, -12.0), (-2.0, 2, 2.0)],
)
def test_second_derivative_of_a_power(a: float, b: int, second: float) -> None:
    v = Value(a)
    (v**b).backward(create_graph=True)
    first, v.grad = v.grad, None
    first.backward()
    assert float(v.grad) == second


def test_a_fractional_power_of_a_negative_number_is_numpy_s_nan() -> None:
    with pytest.raises(RuntimeWarning, match="invalid value"):
        np.array([-2.0]) ** 0.5
    with pytest.raises(RuntimeWarning, match="invalid value"):
        Value(np.array([-2.0])) ** 0.5
    with np.errstate(invalid="ignore"):
        assert np.isnan((Value(-2.0) ** 0.5).data)


@DTYPES
def test_the_slope_of_a_root_is_infinite_at_zero(dtype: Any) -> None:
    assert slope(np.sqrt, 0.0, 1.0, 4.0, dtype=dtype) == [np.inf, 0.5, 0.25]
    assert slope(lambda x: x**0.5, 0.0, 1.0, 4.0, dtype=dtype) == [np.inf, 0.5, 0.25]


# Functions whose derivative is zero wherever it exists.


@pytest.mark.parametrize("f", [np.sign, np.floor, np.ceil, np.rint, np.trunc])
def test_a_step_gives_no_gradient(f: Callable[[Any], Any]) -> None:
    steps = f(Value(np.array([-1.0, -0.5, 0.0, 0.5, 1.0])))
    assert not isinstance(steps, Value)
    assert slope(lambda x: x * f(x), 0.25, 1.75) == f(np.array([0.25, 1.75])).tolist()
