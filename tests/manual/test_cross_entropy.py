"""Softmax cross-entropy: against its definition, finite differences, and numbers of any size."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
import pytest

from tests.manual.stacks import RELATIVE, disagreement
from tinygrad_rnn.manual import cross_entropy

RNG = np.random.default_rng(9)
LOGITS = RNG.normal(0, 2, (3, 2, 5))
TARGETS = np.array([[0, 4], [2, 2], [1, 3]])


def by_definition(row: list[float], target: int) -> float:
    return -log(exp(row[target]) / sum(exp(z) for z in row))


@pytest.mark.parametrize("ignore_index", [None, 2])
def test_loss_and_reductions(ignore_index: int | None) -> None:
    def loss(reduction: str) -> Any:
        return cross_entropy.forward(
            LOGITS, TARGETS, reduction=reduction, ignore_index=ignore_index
        )[0]

    expected = [
        0.0 if target == ignore_index else by_definition(row, target)
        for row, target in zip(LOGITS.reshape(6, 5).tolist(), TARGETS.ravel(), strict=True)
    ]
    np.testing.assert_allclose(loss("none"), np.reshape(expected, (3, 2)), rtol=1e-14)
    assert loss("sum") == pytest.approx(sum(expected), rel=1e-14)
    assert loss("mean") == pytest.approx(sum(expected) / (4 if ignore_index else 6), rel=1e-14)


@pytest.mark.parametrize("ignore_index", [None, 2])
@pytest.mark.parametrize("reduction", cross_entropy.REDUCTIONS)
def test_gradient(reduction: str, ignore_index: int | None) -> None:
    logits = LOGITS.copy()
    options: Any = {"reduction": reduction, "ignore_index": ignore_index}
    loss, cache = cross_entropy.forward(logits, TARGETS, **options)
    d_loss = np.random.default_rng(10).normal(size=np.shape(loss))
    gradient = cross_entropy.backward(cache, d_loss)

    def total() -> float:
        loss, _ = cross_entropy.forward(logits, TARGETS, **options)
        return float((loss * d_loss).sum())

    assert disagreement(gradient, total, logits) < RELATIVE
    if ignore_index is not None:
        assert not gradient[1].any()


def test_of_one_position() -> None:
    loss, cache = cross_entropy.forward(np.array([0.0, np.log(3.0)]), np.array(1))
    assert loss == pytest.approx(log(4 / 3), rel=1e-15)
    np.testing.assert_allclose(cross_entropy.backward(cache), [0.25, -0.25], rtol=1e-15)


def test_huge_logits_neither_overflow_nor_lose_the_gradient() -> None:
    logits = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]])
    losses, cache = cross_entropy.forward(logits, np.array([1, 0]), reduction="none")
    np.testing.assert_allclose(losses, [2e4, log(3)], rtol=1e-14)
    expected = [[1.0, -1.0, 0.0], [-2 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(cross_entropy.backward(cache, np.ones(2)), expected, atol=1e-15)


def test_a_sure_and_right_prediction_keeps_its_small_loss() -> None:
    # 1 - p would be 0 in floating point long before the loss is.
    loss, _ = cross_entropy.forward(np.array([[30.0, 0.0]]), np.array([0]))
    assert loss == pytest.approx(exp(-30), rel=1e-2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reduction", cross_entropy.REDUCTIONS)
def test_dtype_is_kept_and_nothing_is_changed(reduction: str, dtype: Any) -> None:
    logits, targets = LOGITS.astype(dtype), TARGETS.copy()
    loss, cache = cross_entropy.forward(logits, targets, reduction=reduction, ignore_index=2)
    d_loss = np.ones(np.shape(loss))
    assert loss.dtype == dtype
    assert cross_entropy.backward(cache, d_loss).dtype == dtype
    np.testing.assert_array_equal(logits, LOGITS.astype(dtype))
    np.testing.assert_array_equal(targets, TARGETS)
    first = cross_entropy.backward(cache, d_loss)
    np.testing.assert_array_equal(cross_entropy.backward(cache, d_loss), first)


@pytest.mark.parametrize(
    ("logits", "targets", "options", "error", "said"),
    [
        (LOGITS, TARGETS, {"reduction": "avg"}, ValueError, "unknown reduction 'avg'"),
        (LOGITS, TARGETS[0], {}, ValueError, r"shape \(2,\) do not fit .*\(3, 2, 5\).*\(3, 2\)"),
        (LOGITS, TARGETS + 1, {}, ValueError, "target 5 is no class.* 0 to 4"),
        (LOGITS, TARGETS - 1, {}, ValueError, "target -1 is no class.*ignore_index"),
        (LOGITS, TARGETS * 1.0, {}, TypeError, "targets have dtype float64.*argmax"),
        (LOGITS, TARGETS > 1, {}, TypeError, "targets have dtype bool"),
        (TARGETS, TARGETS[:, 0], {}, TypeError, "logits have dtype int64.*astype"),
        (
            LOGITS[:1, :1],
            TARGETS[:1, :1],
            {"ignore_index": 0},
            ValueError,
            "no position is counted",
        ),
    ],
)
def test_errors(logits: Any, targets: Any, options: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        cross_entropy.forward(logits, targets, **options)
