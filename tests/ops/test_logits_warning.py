"""Losses that take logits say so when they are given probabilities."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import LogitsWarning, Value

TARGETS = np.array([0, 2])


def logits() -> Value:
    return Value([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]]) * 1.0


@pytest.mark.parametrize(
    ("loss", "curve"),
    [
        (lambda: tg.softmax_cross_entropy(tg.softmax(logits()), TARGETS), "softmax"),
        (lambda: tg.binary_cross_entropy_with_logits(tg.sigmoid(logits()), 1.0), "sigmoid"),
        (lambda: tg.binary_cross_entropy_with_logits(logits().sigmoid(), 0.0), "sigmoid"),
    ],
)
def test_a_curve_before_a_loss_that_applies_it_itself(loss: Callable[[], Any], curve: str) -> None:
    with pytest.warns(LogitsWarning, match=f"its logits are a result of {curve}") as caught:
        loss()
    (warning,) = caught
    assert warning.filename == __file__


@pytest.mark.parametrize(
    "loss",
    [
        lambda: tg.softmax_cross_entropy(logits(), TARGETS),
        lambda: tg.softmax_cross_entropy(tg.log_softmax(logits()), TARGETS),  # the same numbers
        lambda: tg.softmax_cross_entropy(tg.sigmoid(logits()), TARGETS),
        lambda: tg.softmax_cross_entropy(logits(), tg.softmax(logits())),  # targets may be
        lambda: tg.binary_cross_entropy_with_logits(logits(), tg.sigmoid(logits())),
        lambda: tg.softmax_cross_entropy(np.full((2, 3), 1 / 3), TARGETS),
    ],
)
def test_everything_else_is_silent(loss: Callable[[], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss()
