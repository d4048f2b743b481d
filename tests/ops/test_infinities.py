"""±∞ where it makes sense: as a mask before a softmax, or as what an overflow left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value

INF = np.inf

# op, input, value, gradient of the sum of the values
Case = tuple[Callable[[Any], Any], Any, Any, Any]
CASES: dict[str, Case] = {
    "tanh": (np.tanh, [INF, -INF], [1.0, -1.0], [0.0, 0.0]),
    "sigmoid": (tg.sigmoid, [INF, -INF], [1.0, 0.0], [0.0, 0.0]),
    "softplus": (tg.softplus, [INF, -INF], [INF, 0.0], [1.0, 0.0]),
    "relu": (tg.relu, [INF, -INF], [INF, 0.0], [1.0, 0.0]),
    "exp": (np.exp, [-INF], [0.0], [0.0]),
    "expm1": (np.expm1, [-INF], [-1.0], [0.0]),
    "log": (np.log, [INF], [INF], [0.0]),
    "log1p": (np.log1p, [INF], [INF], [0.0]),
    "sqrt": (np.sqrt, [INF], [INF], [0.0]),
    "reciprocal": (lambda x: 1.0 / x, [INF, -INF], [0.0, 0.0], [0.0, 0.0]),
    "absolute": (abs, [INF, -INF], [INF, INF], [1.0, -1.0]),
    "clip": (lambda x: np.clip(x, -1.0, 2.0), [INF, -INF], [2.0, -1.0], [0.0, 0.0]),
    "maximum": (lambda x: np.maximum(x, 0.5), [INF, -INF], [INF, 0.5], [1.0, 0.0]),
    "minimum": (lambda x: np.minimum(x, 0.5), [INF, -INF], [0.5, -INF], [0.0, 1.0]),
    "max": (np.max, [INF, 2.0, -INF], INF, [1.0, 0.0, 0.0]),
    "min": (np.min, [INF, 2.0, -INF], -INF, [0.0, 0.0, 1.0]),
    "max of nothing but −∞": (np.max, [-INF, -INF], -INF, [0.5, 0.5]),
    "where": (lambda x: np.where(x < 1.0, x, 7.0), [INF, 0.0], [7.0, 0.0], [0.0, 1.0]),
    "sum": (np.sum, [INF, 1.0], INF, [1.0, 1.0]),
    "softmax": (
        lambda x: tg.softmax(x) * np.array([0.0, 1.0, 0.0]),
        [-INF, 0.0, np.log(3.0)],
        [0.0, 0.25, 0.0],
        [0.0, 0.25 * 0.75, -0.25 * 0.75],
    ),
    "log_softmax": (
        lambda x: tg.log_softmax(x)[1:],
        [-INF, 0.0, np.log(3.0)],
        [-np.log(4.0), np.log(0.75)],
        [0.0, 1 - 0.5, 1 - 1.5],
    ),
    "logsumexp, some −∞": (tg.logsumexp, [-INF, 0.0, 0.0], np.log(2.0), [0.0, 0.5, 0.5]),
    "logsumexp, nothing but −∞": (tg.logsumexp, [-INF, -INF], -INF, [0.0, 0.0]),
    "logsumexp, ∞": (tg.logsumexp, [INF, 0.0, -INF], INF, [1.0, 0.0, 0.0]),
    "cross-entropy": (
        lambda x: tg.softmax_cross_entropy(x, np.array(1)),
        [-INF, 0.0, 0.0],
        np.log(2.0),
        [0.0, -0.5, 0.5],
    ),
    "cross-entropy, the target ruled out": (
        lambda x: tg.softmax_cross_entropy(x, np.array(0)),
        [-INF, 0.0, 0.0],
        INF,
        [-1.0, 0.5, 0.5],
    ),
    "a product that leaves it out": (lambda x: x[1:] * 2.0, [INF, 3.0], [6.0], [0.0, 2.0]),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_infinity(name: str, dtype: Any) -> None:
    f, x, value, gradient = CASES[name]
    x = np.array(x, dtype)
    tolerance = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(f(x), value, rtol=tolerance, atol=tolerance)
    v = Value(x)
    y = f(v)
    np.testing.assert_allclose(y.data, value, rtol=tolerance, atol=tolerance)
    y.backward(np.ones(y.shape))
    np.testing.assert_allclose(v.grad, gradient, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("ruled_out", [0, 1])
def test_an_ignored_row_may_hold_infinities(reduction: str, ruled_out: int) -> None:
    logits = np.array([[0.0, np.log(3.0)], [1.0, 1.0]])
    logits[1, ruled_out] = -INF
    v = Value(logits)
    y = tg.softmax_cross_entropy(v, np.array([0, -1]), reduction=reduction, ignore_index=-1)
    y.backward(np.ones(y.shape))
    expected = [np.log(4.0), 0.0] if reduction == "none" else np.log(4.0)
    np.testing.assert_allclose(y.data, expected, rtol=1e-15)
    np.testing.assert_allclose(v.grad, [[-0.75, 0.75], [0.0, 0.0]], rtol=1e-15)


def test_a_masked_attention_row_by_row() -> None:
    """Scores above the diagonal are ruled out: the ordinary use of −∞."""
    scores = np.arange(9.0).reshape(3, 3) / 4
    ruled_out = np.triu(np.ones((3, 3), bool), 1)
    v = Value(scores)
    weights = tg.softmax(np.where(ruled_out, -INF, v))
    (weights * np.arange(9.0).reshape(3, 3)).sum().backward()
    for t in range(3):
        row = np.exp(scores[t, : t + 1]) / np.exp(scores[t, : t + 1]).sum()
        np.testing.assert_allclose(weights.data[t], [*row, *[0.0] * (2 - t)], rtol=1e-14)
        c = 3.0 * t + np.arange(t + 1)
        expected = [*(row * (c - row @ c)), *[0.0] * (2 - t)]
        np.testing.assert_allclose(v.grad[t], expected, rtol=1e-13, atol=1e-15)
