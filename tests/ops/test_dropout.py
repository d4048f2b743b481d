"""Dropout: random but repeatable, the mean kept, the gradient through what was kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value
from tinygrad_rnn.check import gradcheck

X = np.random.default_rng(41).normal(size=(30, 40)) + 3.0  # no entry is 0 of its own
EVERY_P = pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@EVERY_P
@DTYPES
def test_an_entry_is_zero_or_scaled_up(p: float, dtype: Any) -> None:
    x = X.astype(dtype)
    for y in (
        tg.dropout(x, p=p, generator=generator()),
        tg.dropout(Value(x), p=p, generator=generator()).data,
    ):
        assert y.dtype == dtype
        assert y.shape == x.shape
        kept = y != 0
        assert 0 < kept.sum() < kept.size
        np.testing.assert_allclose(y[kept], x[kept] / (1 - p), rtol=4 * float(np.finfo(dtype).eps))


@EVERY_P
@DTYPES
def test_the_mean_and_the_share_of_zeros_are_as_promised(p: float, dtype: Any) -> None:
    n = 200_000
    y = tg.dropout(np.ones(n, dtype), p=p, generator=generator(5))
    five_sigma = 5 * np.sqrt(p * (1 - p) / n)
    assert abs(np.mean(y == 0) - p) < five_sigma
    assert abs(y.mean(dtype=np.float64) - 1) < five_sigma / (1 - p)


def test_entries_are_dropped_independently() -> None:
    y = tg.dropout(np.ones((400, 500)), p=0.5, generator=generator(6)) / 2
    for shifted in (np.roll(y, 1, axis=0), np.roll(y, 1, axis=1)):
        both = np.mean(y * shifted)
        assert abs(both - 0.25) < 5 * np.sqrt(0.25 * 0.75 / y.size)


def test_the_generator_decides_and_nothing_else() -> None:
    def masks(seed: int) -> list[np.ndarray]:
        g = generator(seed)
        return [tg.dropout(X, p=0.5, generator=g) != 0 for _ in range(2)]

    np.random.default_rng(99).random(10)
    first, second = masks(1)
    again, second_again = masks(1)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(second, second_again)
    assert (first != second).any()  # the generator moves on
    assert (first != masks(2)[0]).any()


@DTYPES
def test_arrays_and_values_of_any_dtype_drop_the_same_entries(dtype: Any) -> None:
    reference = tg.dropout(X, p=0.3, generator=generator(3)) != 0
    y = tg.dropout(Value(X.astype(dtype)), p=0.3, generator=generator(3))
    np.testing.assert_array_equal(y.data != 0, reference)


@EVERY_P
@DTYPES
def test_the_gradient_uses_the_mask_of_the_forward_pass(p: float, dtype: Any) -> None:
    v = Value(X.astype(dtype))
    y = tg.dropout(v, p=p, generator=generator())
    g = np.random.default_rng(7).normal(size=X.shape).astype(dtype)
    for times in (1, 2):  # going back again draws nothing anew
        y.backward(g)
        expected = times * g * (y.data != 0) / dtype(1 - p)
        np.testing.assert_allclose(v.grad, expected, rtol=4 * float(np.finfo(dtype).eps))
    assert v.grad.dtype == dtype


def test_going_back_does_not_move_the_generator() -> None:
    g = generator(8)
    y = tg.dropout(Value(X), p=0.5, generator=g).sum()
    state = g.bit_generator.state
    y.backward(create_graph=True)
    assert g.bit_generator.state == state


def test_derivatives_of_both_orders() -> None:
    x = X[:3, :4]
    assert gradcheck(lambda x: tg.dropout(x * x, p=0.5, generator=generator(2)), x)


def test_nothing_is_dropped_at_p_zero() -> None:
    v = Value(X)
    y = tg.dropout(v, p=0.0, generator=generator())
    np.testing.assert_array_equal(y.data, X)
    y.backward(np.ones(X.shape))
    np.testing.assert_array_equal(v.grad, np.ones(X.shape))


@pytest.mark.parametrize("p", [0.999, 1 - 2.0**-20])
def test_nearly_everything_is_dropped_near_one(p: float) -> None:
    y = tg.dropout(np.ones(1000, np.float32), p=p, generator=generator())
    assert np.isfinite(y).all()
    assert np.mean(y == 0) > 0.98


@pytest.mark.parametrize("x", [np.zeros((0, 3)), np.float64(2.0), np.array(2.0), np.zeros(1)])
def test_small_and_empty(x: Any) -> None:
    v = Value(x)
    y = tg.dropout(v, p=0.5, generator=generator(1))
    assert y.shape == np.shape(x)
    y.backward(np.ones(y.shape))
    assert np.shape(v.grad) == np.shape(x)
    assert set(np.ravel(v.grad)) <= {0.0, 2.0}


@pytest.mark.parametrize("x", [2.0, [2.0, 3.0], ((2.0, 3.0), (4.0, 5.0))], ids=repr)
def test_whatever_counts_as_an_array(x: Any) -> None:
    y = tg.dropout(x, p=0.5, generator=generator(1))
    assert np.shape(y) == np.shape(x)
    assert set((np.ravel(y) / np.ravel(x)).tolist()) <= {0.0, 2.0}


@pytest.mark.parametrize("p", [1, 1.0, 1.5, -0.1, np.nan, np.inf])
def test_p_is_a_probability_below_one(p: float) -> None:
    with pytest.raises(ValueError, match="dropout") as caught:
        tg.dropout(Value(X), p=p, generator=generator())
    assert repr(p) in str(caught.value)


@pytest.mark.parametrize("wrong", [None, 0, np.random, np.random.RandomState(0)])
def test_the_generator_is_explicit(wrong: Any) -> None:
    with pytest.raises(TypeError, match="default_rng"):
        tg.dropout(Value(X), p=0.5, generator=wrong)
    with pytest.raises(TypeError, match="generator"):
        tg.dropout(Value(X), p=0.5)


@pytest.mark.parametrize("dtype", [int, bool])
def test_whole_numbers_cannot_be_scaled(dtype: Any) -> None:
    with pytest.raises(TypeError, match=np.dtype(dtype).name):
        tg.dropout(np.ones(3, dtype), p=0.5, generator=generator())


def test_a_refused_call_draws_nothing() -> None:
    g = generator(4)
    state = g.bit_generator.state
    with pytest.raises(ValueError):
        tg.dropout(Value(X), p=2.0, generator=g)
    assert g.bit_generator.state == state
