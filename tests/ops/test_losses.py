"""Losses against their textbook formulas, on arrays and on Values, with every reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value
from tinygrad_rnn.check import gradcheck

RNG = np.random.default_rng(12)
LOGITS, PREDICTION, TARGET = (RNG.normal(size=(3, 4)) for _ in range(3))
SHARE = RNG.uniform(0.1, 0.9, (3, 4))
BITS = RNG.integers(0, 2, (3, 4))
REDUCTIONS = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


def reduced(losses: np.ndarray, reduction: str) -> Any:
    return {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](losses)


def bce(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-x))
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


LOSSES: dict[str, tuple[Callable[..., Any], Callable[..., Any], np.ndarray, np.ndarray]] = {
    "binary cross-entropy": (tg.binary_cross_entropy_with_logits, bce, LOGITS, SHARE),
    "mse": (tg.mse, lambda x, t: (x - t) ** 2, PREDICTION, TARGET),
}
EVERY_LOSS = pytest.mark.parametrize("name", LOSSES)


@EVERY_LOSS
@REDUCTIONS
def test_value(name: str, reduction: str) -> None:
    f, formula, x, t = LOSSES[name]
    expected = reduced(formula(x, t), reduction)
    for target in (t, Value(t), Value(t, requires_grad=False), t.tolist()):
        y = f(Value(x), target, reduction=reduction)
        assert y.shape == np.shape(expected)
        np.testing.assert_allclose(y.data, expected, rtol=1e-14)
    plain = f(x, t, reduction=reduction)
    assert not isinstance(plain, Value)
    np.testing.assert_allclose(plain, expected, rtol=1e-14)


@EVERY_LOSS
def test_the_mean_is_the_default(name: str) -> None:
    f, _, x, t = LOSSES[name]
    assert f(x, t) == f(x, t, reduction="mean")


@EVERY_LOSS
@REDUCTIONS
def test_gradients_by_prediction_and_target(name: str, reduction: str) -> None:
    f, _, x, t = LOSSES[name]
    assert gradcheck(lambda x, t: f(x, t, reduction=reduction), (x, t))
    assert gradcheck(lambda x: f(x, t, reduction=reduction), x)


@EVERY_LOSS
@pytest.mark.parametrize("shape", [(), (1,), (2, 1, 3)])
def test_any_shape(name: str, shape: tuple[int, ...]) -> None:
    f, formula, x, t = LOSSES[name]
    n = int(np.prod(shape))
    x, t = x.ravel()[:n].reshape(shape)[()], t.ravel()[:n].reshape(shape)[()]
    np.testing.assert_allclose(f(Value(x), t).data, formula(x, t).mean(), rtol=1e-14)
    assert gradcheck(f, (x, t))


@pytest.mark.parametrize("labels", [BITS, BITS.astype(np.int8), BITS > 0], ids=lambda x: x.dtype)
def test_labels_may_be_whole_numbers_or_true_and_false(labels: np.ndarray) -> None:
    expected = bce(LOGITS, BITS.astype(float)).mean()
    for given in (labels, labels.tolist(), Value(labels, requires_grad=False)):
        y = tg.binary_cross_entropy_with_logits(Value(LOGITS), given)
        np.testing.assert_allclose(y.data, expected, rtol=1e-14)
    assert gradcheck(lambda x: tg.binary_cross_entropy_with_logits(x, labels), LOGITS)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool])
def test_float32_logits_give_a_float32_loss(dtype: Any) -> None:
    v = Value(LOGITS.astype(np.float32))
    y = tg.binary_cross_entropy_with_logits(v, BITS.astype(dtype))
    assert y.dtype == np.float32
    y.backward()
    assert v.grad.dtype == np.float32


def test_a_plain_number_is_everybody_s_target() -> None:
    for f, formula, x, _ in LOSSES.values():
        y = f(Value(x), 0.25)
        np.testing.assert_allclose(y.data, formula(x, 0.25).mean(), rtol=1e-14)


# Cross-entropy of classes: what the case table of the rules leaves open.


@pytest.mark.parametrize("ids", [2, np.int64(2), np.array(2), np.uint8(2)], ids=repr)
def test_one_row_of_logits_has_one_id(ids: Any) -> None:
    row = LOGITS[0]
    v = Value(row)
    y = tg.softmax_cross_entropy(v, ids)
    p = np.exp(row) / np.exp(row).sum()
    np.testing.assert_allclose(y.data, -np.log(p[2]), rtol=1e-14)
    y.backward()
    np.testing.assert_allclose(v.grad, p - np.eye(4)[2], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.uint64])
@pytest.mark.parametrize("ignore_index", [None, 1, -100])
def test_ids_of_any_width(dtype: Any, ignore_index: int | None) -> None:
    logits = RNG.normal(size=(4, 300))
    ids = np.array([1, 0, 127, 1])
    wide, narrow = (
        tg.softmax_cross_entropy(logits, ids.astype(t), ignore_index=ignore_index)
        for t in (np.int64, dtype)
    )
    assert narrow == wide
    v = Value(logits)
    tg.softmax_cross_entropy(v, ids.astype(dtype), ignore_index=ignore_index).backward()
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    counted = ids != ignore_index
    expected = (p - np.eye(300)[ids]) * counted[:, None] / counted.sum()
    np.testing.assert_allclose(v.grad, expected, rtol=1e-12, atol=1e-16)


def test_ids_in_a_list_or_a_value() -> None:
    ids = [[0, 3], [1, 1]]
    logits = RNG.normal(size=(2, 2, 4))
    expected = tg.softmax_cross_entropy(logits, np.array(ids))
    for given in (ids, tuple(map(tuple, ids)), Value(np.array(ids), requires_grad=False)):
        assert float(tg.softmax_cross_entropy(Value(logits), given)) == expected


def test_the_padding_class_may_be_a_class() -> None:
    ids = np.array([0, 2, 0])
    kept = tg.softmax_cross_entropy(LOGITS[1:2], ids[1:2])
    assert tg.softmax_cross_entropy(LOGITS, ids, ignore_index=0) == pytest.approx(kept, rel=1e-15)


def test_one_hot_rows_of_any_dtype_are_probabilities() -> None:
    ids = np.array([0, 3, 1])
    rows = np.eye(4)[ids]
    expected = tg.softmax_cross_entropy(LOGITS, ids)
    for dtype in (np.float64, np.float32, bool):
        y = tg.softmax_cross_entropy(Value(LOGITS), rows.astype(dtype))
        np.testing.assert_allclose(y.data, expected, rtol=1e-15)
        small = tg.softmax_cross_entropy(Value(LOGITS.astype(np.float32)), rows.astype(dtype))
        assert small.dtype == (np.float64 if dtype is np.float64 else np.float32)


def test_weights_that_are_no_probabilities() -> None:
    """−Σ wᵢ log pᵢ, whatever the weights sum to."""
    weights = np.array([[0.5, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    assert gradcheck(lambda x, w: tg.softmax_cross_entropy(x, w), (LOGITS, weights))
    v = Value(LOGITS)
    tg.softmax_cross_entropy(v, weights).backward()
    np.testing.assert_array_equal(v.grad[1], np.zeros(4))


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_nothing_counts_as_zero_in_a_sum(reduction: str) -> None:
    v = Value(LOGITS)
    y = tg.softmax_cross_entropy(v, np.full(3, -1), reduction=reduction, ignore_index=-1)
    np.testing.assert_array_equal(y.data, 0.0 if reduction == "sum" else np.zeros(3))
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(v.grad, np.zeros((3, 4)))


@pytest.mark.parametrize("reduction", ["sum", "none"])
@pytest.mark.parametrize("shape", [(0,), (0, 2), (2, 0)])
def test_no_rows(shape: tuple[int, ...], reduction: str) -> None:
    zeros = np.zeros(shape)
    for f, targets, x in (
        (tg.softmax_cross_entropy, zeros.astype(int), np.zeros((*shape, 4))),
        (tg.softmax_cross_entropy, np.zeros((*shape, 4)), np.zeros((*shape, 4))),
        (tg.binary_cross_entropy_with_logits, zeros, zeros),
        (tg.mse, zeros, zeros),
    ):
        v = Value(x)
        y = f(v, targets, reduction=reduction)
        np.testing.assert_array_equal(y.data, 0.0 if reduction == "sum" else zeros)
        y.backward(np.ones(y.shape))
        assert v.grad.shape == x.shape
