"""Slopes from differences, against derivatives that mathematics gives in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import digamma, gammaln

from tinygrad_rnn.check.differences import (
    complex_step,
    slope,
    slopes_along,
    slopes_by_entry,
)

Function = Callable[[Any], Any]


def at(f: Function, x: float) -> Any:
    return slope(lambda t: f(x + t), abs(x))


@pytest.mark.parametrize(
    ("f", "x", "true"),
    [
        (np.exp, 1.0, np.e),
        (np.cos, 0.0, 0.0),
        (np.log, 0.1, 10.0),
        (np.log, 1e-3, 1e3),  # the first steps leave the domain
        (np.sin, 1e4, np.cos(1e4)),  # the first steps span many periods
        (lambda x: np.sin(30 * x), 0.7, 30 * np.cos(21.0)),
        (np.tanh, 10.0, 1 / np.cosh(10.0) ** 2),
        (lambda x: np.sqrt(x), 1e-6, 500.0),
        (gammaln, 3.5, digamma(3.5)),
        (lambda x: 1e6 + x, 2.0, 1.0),  # rounding eats nearly everything
        (lambda x: np.maximum(x, 0), 1e-4, 1.0),  # a kink close by
        (lambda x: x * 0.0 + 3.0, 1.0, 0.0),
    ],
)
def test_the_error_that_is_stated_covers_the_error_that_is_made(
    f: Function, x: float, true: float
) -> None:
    found = at(f, x)
    assert abs(found.value - true) <= found.error
    assert found.error <= 1e-6 * max(1.0, abs(true))
    assert found.jump == 0


@given(x=st.floats(-3, 3), a=st.floats(0.1, 10), b=st.floats(-5, 5))
def test_smooth_functions_are_measured_to_ten_digits(x: float, a: float, b: float) -> None:
    found = at(lambda z: a * np.sin(z) + np.exp(0.5 * z) * b, x)
    true = a * np.cos(x) + 0.5 * np.exp(0.5 * x) * b
    assert abs(found.value - true) <= 2 * found.error
    assert found.error <= 1e-9 * (a + abs(b) * np.exp(0.5 * x))


@pytest.mark.parametrize(
    ("f", "x", "left", "right"),
    [
        (lambda x: np.maximum(x, 0), 0.0, 0.0, 1.0),
        (np.abs, 0.0, -1.0, 1.0),  # central differences alone would see the slope 0
        (lambda x: np.maximum(2 * x, 3 * x * x), 2 / 3, 2.0, 4.0),
    ],
)
def test_a_kink_is_told_by_its_jump(f: Function, x: float, left: float, right: float) -> None:
    found = at(f, x)
    np.testing.assert_allclose(found.value, (left + right) / 2, rtol=1e-6)
    np.testing.assert_allclose(found.jump, right - left, rtol=1e-6)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.floor, 1.0),  # a step
        (np.sqrt, 0.0),  # no neighbours on one side
        (lambda x: np.sign(x) * np.sqrt(np.abs(x)), 0.0),  # infinitely steep
        (lambda x: x * np.nan, 1.0),
    ],
)
def test_what_cannot_be_measured_is_not_claimed_to_be(f: Function, x: float) -> None:
    found = at(f, x)
    assert not found.error <= 1e-3 * abs(found.value)


def test_each_entry_of_the_result_has_its_own_slope_error_and_jump() -> None:
    x = np.array([0.0, 1.0, -2.0])
    found = slope(lambda t: np.maximum(x + t, 0) * np.array([1.0, 1e6, 1.0]), 2.0)
    np.testing.assert_allclose(found.value, [0.5, 1e6, 0], rtol=1e-9)
    np.testing.assert_allclose(found.jump, [1, 0, 0], rtol=1e-9)
    assert found.error[2] == 0  # not the millionth of a million


def test_every_entry_of_every_array_is_measured_and_the_weights_are_used() -> None:
    rng = np.random.default_rng(0)
    a, b, u = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
    kept = a.copy(), b.copy()
    da, db = slopes_by_entry(np.matmul, [a, b], u)
    np.testing.assert_allclose(da.value, u @ b.T, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(db.value, a.T @ u, rtol=1e-10, atol=1e-11)
    assert np.array_equal(a, kept[0]) and np.array_equal(b, kept[1])


def test_a_function_that_returns_its_own_input_is_measured_right() -> None:
    (found,) = slopes_by_entry(lambda x: x, [np.array([1.0, 2.0])], np.array([3.0, 4.0]))
    np.testing.assert_allclose(found.value, [3, 4], rtol=1e-12)


def test_opposite_weights_do_not_cancel_a_kink() -> None:
    """relu(x) + relu(−x) weighted by 1 and −1 is x: each has its kink all the same."""
    (found,) = slopes_by_entry(
        lambda x: np.stack([np.maximum(x, 0), np.maximum(-x, 0)]),
        [np.array(0.0)],
        np.array([1.0, -1.0]),
    )
    assert found.jump > 1.9


def test_a_direction_moves_every_entry_at_once() -> None:
    x, v = np.array([1.0, 2.0, 100.0]), np.array([1.0, -1.0, 0.5])
    found = slopes_along(lambda x: x**2, [x], [v])
    assert np.all(np.abs(found.value - 2 * x * v) <= found.error)
    np.testing.assert_allclose(found.value, 2 * x * v, rtol=1e-10)


class TestComplexStep:
    def test_it_is_exact_to_rounding(self) -> None:
        x, v = np.array([0.3, -1.2]), np.array([1.0, 2.0])
        found = complex_step(lambda x: np.exp(x) / np.sum(np.exp(x)), [x], [v])
        p = np.exp(x) / np.exp(x).sum()
        np.testing.assert_allclose(found, p * (v - (p * v).sum()), rtol=1e-15)

    @pytest.mark.parametrize(
        "f",
        [
            np.abs,  # forgets the imaginary part
            np.arctan2,
            lambda x: np.logaddexp(0, x),  # refuses complex numbers
            lambda x: x.astype(np.float64, casting="safe"),
            lambda x: np.where(np.iscomplexobj(x), 2 * x, x),  # another function altogether
        ],
    )
    def test_a_function_that_cannot_take_complex_numbers_is_told(self, f: Function) -> None:
        assert complex_step(f, [np.array([0.5, -2.0])], [np.ones(2)]) is None
