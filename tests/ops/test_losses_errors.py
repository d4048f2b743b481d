"""What a loss refuses: targets that name no class, that do not fit, and means of nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import assert_teaches
from tinygrad_rnn import Value

LOGITS = np.arange(12.0).reshape(3, 4)
LOSSES: list[Callable[..., Any]] = [tg.binary_cross_entropy_with_logits, tg.mse]

# Every refusal holds for Values and for arrays alone.
OF_BOTH = pytest.mark.parametrize("make", [Value, np.asarray], ids=["Value", "array"])


@OF_BOTH
@pytest.mark.parametrize(
    ("ids", "place", "wrong"),
    [
        ([0, 4, 1], "(1,)", "4"),
        ([0, 1, 400], "(2,)", "400"),
        ([-1, 0, 1], "(0,)", "-1"),
        ([0, 1, -4], "(2,)", "-4"),
        ([3, 2**40, 0], "(1,)", str(2**40)),
    ],
)
def test_an_id_that_names_no_class(make: Any, ids: list[int], place: str, wrong: str) -> None:
    with pytest.raises(IndexError) as caught:
        tg.softmax_cross_entropy(make(LOGITS), np.array(ids))
    if make is Value:
        assert_teaches(caught.value, "softmax_cross_entropy", wrong, place, "0 to 3")
    assert wrong in str(caught.value)
    assert place in str(caught.value)


@pytest.mark.parametrize("ids", [[-1, 4, 0], [-1, -2, 0]])
def test_ignoring_one_id_excuses_no_other(ids: list[int]) -> None:
    with pytest.raises(IndexError, match=r"target (4|-2) at \(1,\)"):
        tg.softmax_cross_entropy(Value(LOGITS), np.array(ids), ignore_index=-1)


def test_the_place_is_that_in_the_targets_shape() -> None:
    ids = np.array([[0, 1, 2], [3, 0, 9]])
    with pytest.raises(IndexError, match=r"target 9 at \(1, 2\)"):
        tg.softmax_cross_entropy(Value(np.zeros((2, 3, 4))), ids)


@OF_BOTH
@pytest.mark.parametrize(
    "targets",
    [
        np.zeros(2, int),
        np.zeros((3, 1), int),
        np.zeros((3, 4), int),
        np.array(0),
        0,
        np.zeros(3),
        np.zeros(3, np.float32),
        np.zeros((3, 1)),
        np.zeros((4, 3)),
        np.zeros(4),
        np.float64(0.0),
        np.zeros(3, bool),
        np.array(True),
        np.zeros((3, 3), bool),
    ],
    ids=lambda t: f"{np.asarray(t).dtype}{np.shape(t)}",
)
def test_targets_that_do_not_fit_the_logits(make: Any, targets: Any) -> None:
    with pytest.raises(ValueError, match="softmax_cross_entropy") as caught:
        tg.softmax_cross_entropy(make(LOGITS), targets)
    if make is Value:
        assert_teaches(caught.value, str(np.asarray(targets).dtype), "(3, 4)", "(3,)")


@pytest.mark.parametrize("targets", [np.zeros(3, complex), np.array(["a", "b", "c"])], ids=str)
def test_targets_that_are_no_real_numbers(targets: np.ndarray) -> None:
    with pytest.raises((TypeError, ValueError), match="softmax_cross_entropy"):
        tg.softmax_cross_entropy(Value(LOGITS), targets)


@pytest.mark.parametrize("logits", [Value(2.0), np.float64(2.0)], ids=repr)
def test_logits_without_an_axis_of_classes(logits: Any) -> None:
    with pytest.raises((ValueError, IndexError)):
        tg.softmax_cross_entropy(logits, np.array(0))


def test_logits_of_no_classes() -> None:
    with pytest.raises((ValueError, IndexError)):
        tg.softmax_cross_entropy(Value(np.zeros((3, 0))), np.zeros(3, int))


@pytest.mark.parametrize("reduction", ["avg", "", "MEAN", None, 0])
def test_a_reduction_that_is_none_of_the_three(reduction: Any) -> None:
    with pytest.raises(ValueError, match=r"'mean'.*'sum'.*'none'"):
        tg.softmax_cross_entropy(Value(LOGITS), np.array([0, 1, 2]), reduction=reduction)
    for loss in LOSSES:
        with pytest.raises(ValueError, match=r"'mean'.*'sum'.*'none'"):
            loss(Value(LOGITS), LOGITS, reduction=reduction)


# There is no mean of nothing: 0/0 would be NaN, and NaN in a weight ends a training.


@OF_BOTH
def test_a_mean_of_ignored_positions_only(make: Any) -> None:
    with pytest.raises(ValueError, match="mean") as caught:
        tg.softmax_cross_entropy(make(LOGITS), np.full(3, -1), ignore_index=-1)
    assert "sum" in str(caught.value)  # what to write instead


@OF_BOTH
def test_a_mean_of_no_rows(make: Any) -> None:
    for targets in (np.zeros(0, int), np.zeros((0, 4))):
        with pytest.raises(ValueError, match="mean"):
            tg.softmax_cross_entropy(make(np.zeros((0, 4))), targets)
    for loss in LOSSES:
        with pytest.raises(ValueError, match="mean"):
            loss(make(np.zeros((0, 4))), np.zeros((0, 4)))


def test_ignoring_an_id_means_nothing_beside_probabilities() -> None:
    with pytest.raises(ValueError, match="ignore_index"):
        tg.softmax_cross_entropy(Value(LOGITS), np.full((3, 4), 0.25), ignore_index=1)


@OF_BOTH
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shape", [(3, 1), (1, 4), (4,), (1,), (2, 3, 4), (1, 3, 4), (2, 4)])
def test_a_target_of_another_shape(loss: Any, shape: tuple[int, ...], make: Any) -> None:
    """Broadcast against one another, (3,) and (3, 1) would make nine losses of three."""
    with pytest.raises(ValueError) as caught:
        loss(make(LOGITS), np.full(shape, 0.5))
    assert str(shape) in str(caught.value)
    assert "(3, 4)" in str(caught.value)


def test_a_refused_loss_leaves_the_parameters_as_they_were() -> None:
    v = Value(LOGITS.copy())
    (v * 2.0).sum().backward()
    with pytest.raises(IndexError):
        tg.softmax_cross_entropy(v, np.array([0, 1, 9])).backward()
    np.testing.assert_array_equal(v.data, LOGITS)
    np.testing.assert_array_equal(v.grad, np.full((3, 4), 2.0))
