"""No overflow, no warning, no lost digits: every op at numbers that are large, tiny or infinite.

Warnings are errors in this suite, so that each test also says that NumPy had nothing to warn of.
References are SciPy's functions and identities that hold exactly, computed in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import tinygrad_rnn as tg
from tinygrad_rnn import Value

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
IDS = np.array([0, 2, 1, 3])
BITS = np.array([0.0, 1.0, 0.5, 1.0])

# Ops that are finite at every number, however large, and so are their derivatives.
BOUNDED: dict[str, Callable[[Any], Any]] = {
    "negative": lambda x: -x,
    "absolute": abs,
    "add and subtract": lambda x: x - (x + x),
    "multiply and divide": lambda x: 0.5 * x / 2.0,
    "maximum": lambda x: np.maximum(x, -x),
    "minimum": lambda x: np.minimum(x, 1.0),
    "where": lambda x: np.where(x > 0, x, -1.0),
    "clip": lambda x: np.clip(x, -1.0, 30.0),
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": tg.sigmoid,
    "relu": tg.relu,
    "softplus": tg.softplus,
    "max": lambda x: np.max(x, axis=1),
    "min": lambda x: np.min(x, axis=0),
    "flip and cumsum": lambda x: np.cumsum(np.flip(x, axis=1)[:, :1], axis=1),
    "logsumexp": lambda x: tg.logsumexp(x, axis=1),
    "softmax": tg.softmax,
    "log_softmax": lambda x: tg.log_softmax(x, axis=0),
    "cross-entropy": lambda x: tg.softmax_cross_entropy(x, IDS),
    "cross-entropy of probabilities": lambda x: tg.softmax_cross_entropy(
        x, np.full((4, 5), 0.2, x.dtype), reduction="none"
    ),
    "cross-entropy, ignoring": lambda x: tg.softmax_cross_entropy(x, IDS, ignore_index=2),
    "binary cross-entropy": lambda x: tg.binary_cross_entropy_with_logits(
        x[:, 0], BITS.astype(x.dtype), reduction="none"
    ),
    "dropout": lambda x: tg.dropout(x, p=0.5, generator=np.random.default_rng(1)) / 4.0,
}

# Ops whose results grow like a power of x: finite at ±10⁴, as far as the dtype's range goes.
GROWING: dict[str, Callable[[Any], Any]] = {
    "square": np.square,
    "power": lambda x: x**3,
    "prod": lambda x: np.prod(x[:, :2], axis=1),
    "sum": lambda x: np.sum(x * x, axis=0),
    "mean": lambda x: np.mean(x * x),
    "var": lambda x: np.var(x, axis=1),
    "mse": lambda x: tg.mse(x, -x),
    "matmul": lambda x: x @ x.T,
    "linear": lambda x: tg.linear(x, x, x[:, 0]),
    "einsum": lambda x: np.einsum("ij,ij->i", x, x),
    "exp of what is negative": lambda x: np.exp(-abs(x)),
    "expm1 of what is negative": lambda x: np.expm1(-abs(x)),
    "log": lambda x: np.log(abs(x) + 1e-8),
    "log1p": lambda x: np.log1p(abs(x)),
    "sqrt": lambda x: np.sqrt(abs(x) + 1e-8),
}


def points(dtype: Any, *, largest: float) -> np.ndarray:
    """Return 4 x 5 numbers of both signs from the smallest to the largest, and zeros."""
    tiny = float(np.finfo(dtype).tiny)
    sizes = [largest, 1e4, 710.0, 89.0, 30.0, 1e-4, 1e-20, tiny, tiny / 8, 0.0]
    return np.array([sizes, [-x for x in sizes]]).reshape(4, 5).astype(dtype)


def check_finite(f: Callable[[Any], Any], x: np.ndarray, order: int) -> None:
    v = Value(x)
    y = f(v)
    assert y.dtype == x.dtype
    assert np.isfinite(y.data).all()
    np.testing.assert_array_equal(f(x), y.data)
    y.backward(np.ones(y.shape), create_graph=order == 2)
    slope, v.grad = v.grad, None
    assert np.isfinite(getattr(slope, "data", slope)).all()
    if order == 2 and slope.rule is not None:
        slope.sum().backward()
        assert v.grad is None or np.isfinite(v.grad).all()


@DTYPES
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", BOUNDED)
def test_finite_at_any_number(name: str, dtype: Any, order: int) -> None:
    largest = float(np.finfo(dtype).max) / 16
    check_finite(BOUNDED[name], points(dtype, largest=largest), order)


@DTYPES
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", GROWING)
def test_finite_at_ten_thousand(name: str, dtype: Any, order: int) -> None:
    check_finite(GROWING[name], points(dtype, largest=1e4), order)


# Digits.

TAILS = np.array([-700.0, -300.5, -87.0, -50.25, -37.0, -20.0, -1.0, -1e-3, -1e-30, 0.0])
TAILS = np.concatenate([TAILS, [1e4, -1e4], -TAILS[:-1]])


def log1p_exp(x: np.ndarray) -> np.ndarray:
    """Return log(1 + eˣ) to all digits: x + log(1 + e⁻ˣ) where x is positive."""
    return np.where(x > 0, x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def assert_digits(got: Any, expected: Any, dtype: Any, *, absolute: float = 0.0) -> None:
    """Compare to a few units in the last place; below the smallest normal number all is 0."""
    info = np.finfo(dtype)
    assert got.dtype == dtype
    np.testing.assert_allclose(
        got.astype(np.float64),
        expected,
        rtol=8 * float(info.eps),
        atol=float(info.tiny) + absolute * float(info.eps),
    )


def value_and_slope(f: Callable[[Any], Any], x: np.ndarray) -> tuple[Any, Any]:
    v = Value(x)
    y = f(v)
    y.backward(np.ones(y.shape))
    return y.data, v.grad


@DTYPES
def test_sigmoid(dtype: Any) -> None:
    x = TAILS.astype(dtype)
    exact = x.astype(np.float64)
    y, slope = value_and_slope(tg.sigmoid, x)
    assert_digits(y, scipy.special.expit(exact), dtype)
    expected = scipy.special.expit(exact) * scipy.special.expit(-exact)
    assert_digits(slope[x <= 0], expected[x <= 0], dtype)
    assert_digits(slope, expected, dtype, absolute=1.0)  # y(1 − y) with y near 1


@DTYPES
def test_softplus(dtype: Any) -> None:
    x = TAILS.astype(dtype)
    y, slope = value_and_slope(tg.softplus, x)
    assert_digits(y, log1p_exp(x.astype(np.float64)), dtype)
    assert_digits(slope, scipy.special.expit(x.astype(np.float64)), dtype)


@DTYPES
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_binary_cross_entropy(dtype: Any, target: float) -> None:
    x = TAILS.astype(dtype)
    targets = np.full(x.shape, target, dtype)
    y, slope = value_and_slope(
        lambda x: tg.binary_cross_entropy_with_logits(x, targets, reduction="none"), x
    )
    away = x.astype(np.float64) * (1 - 2 * target)  # how far the logit is from its target
    assert_digits(y, log1p_exp(away), dtype)
    assert_digits(slope, scipy.special.expit(away) * (1 - 2 * target), dtype)


ROWS = np.array(
    [
        [1e4, 0.0, -1e4, 9999.0],
        [0.0, -80.0, -30.0, -1.0],
        [-1e4, -1e4, -1e4, -1e4 - 2.0],
        [1e-30, 0.0, -1e-30, 1e-3],
    ]
)


@DTYPES
def test_softmax_family(dtype: Any) -> None:
    x = ROWS.astype(dtype)
    exact = x.astype(np.float64)
    log_p = scipy.special.log_softmax(exact, axis=1)
    assert_digits(tg.log_softmax(x), log_p, dtype, absolute=1.0)
    assert_digits(tg.softmax(x), np.exp(log_p), dtype)
    assert_digits(tg.logsumexp(x, axis=1), scipy.special.logsumexp(exact, axis=1), dtype)
    slope = value_and_slope(lambda x: tg.logsumexp(x, axis=1), x)[1]
    # e^(x − y): what y lost to rounding, up to half a unit of 10⁴, comes back as a factor.
    np.testing.assert_allclose(slope, np.exp(log_p), rtol=1e4 * float(np.finfo(dtype).eps))


@DTYPES
def test_cross_entropy(dtype: Any) -> None:
    x, ids = ROWS.astype(dtype), np.array([2, 1, 0, 3])
    log_p = scipy.special.log_softmax(x.astype(np.float64), axis=1)
    y, slope = value_and_slope(lambda x: tg.softmax_cross_entropy(x, ids, reduction="none"), x)
    assert_digits(y, -log_p[np.arange(4), ids], dtype, absolute=1.0)
    assert_digits(slope, np.exp(log_p) - np.eye(4)[ids], dtype, absolute=1.0)


@DTYPES
def test_cross_entropy_of_two_classes_is_the_binary_one(dtype: Any) -> None:
    x = TAILS.astype(dtype)
    logits = np.stack([np.zeros_like(x), x], axis=1)
    y = tg.softmax_cross_entropy(logits, np.zeros(x.size, int), reduction="none")
    assert_digits(y, log1p_exp(x.astype(np.float64)), dtype, absolute=1.0)


@DTYPES
@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax])
def test_a_shift_of_all_logits_changes_not_one_bit(f: Callable[[Any], Any], dtype: Any) -> None:
    x = np.arange(-12.0, 12.0, dtype=dtype).reshape(4, 6)
    for shift in (8192.0, -8192.0):
        np.testing.assert_array_equal(f(x + dtype(shift)), f(x))


@DTYPES
def test_equal_numbers_in_logsumexp(dtype: Any) -> None:
    for x in (1e4, -1e4, 0.0, 1e-30):
        y = tg.logsumexp(np.full(7, x, dtype))
        assert_digits(y, np.float64(dtype(x)) + np.log(7.0), dtype)


@DTYPES
def test_small_numbers_keep_their_digits(dtype: Any) -> None:
    x = np.array([1e-30, -1e-30, 3e-20], dtype)
    for f in (np.expm1, np.log1p, np.tanh, np.sin):  # f(x) = x, but for a part x of it
        y, slope = value_and_slope(f, x)
        assert_digits(y, x.astype(np.float64), dtype)
        assert_digits(slope, np.ones(3), dtype)


@DTYPES
def test_variance_beside_a_large_mean(dtype: Any) -> None:
    x = np.array([0.0, 1.0, 2.0, 5.0], dtype) + dtype(4096.0)
    y, slope = value_and_slope(np.var, x)
    assert_digits(y, 3.5, dtype)
    assert_digits(slope, np.array([-1.0, -0.5, 0.0, 1.5]), dtype)
