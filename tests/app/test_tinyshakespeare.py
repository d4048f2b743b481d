"""On tinyshakespeare, whose path the environment gives; without it these are skipped."""

from __future__ import annotations

import os
from collections import Counter
from math import log

import pytest

from tinygrad_rnn.app import Config, Training
from tinygrad_rnn.data import read_text

PATH = os.environ.get("TINYGRAD_RNN_TINYSHAKESPEARE", "")

pytestmark = pytest.mark.skipif(
    not os.path.isfile(PATH), reason="TINYGRAD_RNN_TINYSHAKESPEARE names no file"
)


def test_a_few_steps_learn_more_than_how_often_each_character_comes() -> None:
    text = read_text(PATH)
    assert len(text) == 1_115_394 and len(set(text)) == 65
    counts = Counter(text)
    entropy = -sum(n / len(text) * log(n / len(text)) for n in counts.values())
    training = Training(Config(hidden=64, seq_length=25, batch_size=32, lr=0.01), text)
    losses = [training.advance().loss for _ in range(120)]
    assert losses[0] > log(65) - 0.2
    assert sum(losses[-20:]) / 20 < entropy - 0.5


@pytest.mark.slow
def test_an_lstm_of_128_is_below_2_nats_within_1500_steps() -> None:
    training = Training(
        Config(cell="lstm", hidden=128, seq_length=50, batch_size=50), read_text(PATH)
    )
    assert training.config.optimizer == "adam" and training.config.layers == 1
    loss = float("inf")
    while loss >= 2.0 and training.step < 1500:
        for _ in range(100):
            training.advance()
        loss = training.validation_loss() or loss
    assert loss < 2.0
    assert training.bigram_loss is not None and loss < training.bigram_loss


@pytest.mark.slow
def test_the_compiled_curve_is_the_eager_one_over_200_steps() -> None:
    text = read_text(PATH)
    curves = []
    for eager in (True, False):
        training = Training(Config(hidden=128, seq_length=50, batch_size=50, eager=eager), text)
        curves.append([training.advance().loss for _ in range(200)])
    assert max(abs(a - b) for a, b in zip(*curves, strict=True)) < 1e-4
    assert curves[1][-1] < 2.1
