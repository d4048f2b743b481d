from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from tests.app.small import small_training
from tinygrad_rnn import RULES, manual
from tinygrad_rnn.app.gradient_table import CHARACTERS, LANES, GradientTable, gradient_table
from tinygrad_rnn.app.train_command import table_of_first_window


def table_of(seed: int = 0, **options: Any) -> GradientTable:
    return table_of_first_window(small_training(seed=seed, hidden=9, **options))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_three_witnesses_agree_on_every_parameter(cell: str, layers: int) -> None:
    table = table_of(cell=cell, layers=layers, dropout=0.5)
    assert table.ok
    assert len(table.lines) == 3 + 4 * layers
    for line in table.lines:
        assert line.ok and line.max_rel < 1e-8, line
        np.testing.assert_allclose(line.by_hand, line.autodiff, rtol=1e-10)
        np.testing.assert_allclose(line.measured, line.autodiff, rtol=1e-7)
        assert line.autodiff != 0


def test_many_layers_whose_gradients_have_all_but_vanished_raise_no_false_alarm() -> None:
    table = table_of(layers=5, seq_length=3)
    lowest = next(line for line in table.lines if line.name == "rnn.weight_hh_l0")
    assert table.ok and 0 < abs(lowest.by_hand) < 1e-5
    assert lowest.max_rel > 1e-8  # too small to be measured as well as the others


def test_the_table_prints_numbers_and_verdicts() -> None:
    text = str(table_of(batch_size=1, seq_length=4))
    lines = text.splitlines()
    assert lines[0].startswith("gradients on the first 4 characters of the first window, in 1 lane")
    titles = ["parameter", "entry", "autodiff", "by hand", "measured"]
    assert re.split("  +", lines[1]) == [*titles, "max abs", "max rel", "verdict"]
    for line, name in zip(lines[2:9], ("embedding", *["rnn"] * 4, "head", "head"), strict=True):
        assert line.startswith(name) and line.endswith("ok")
    assert "autodiff agrees with the derivation by hand" in text
    assert max(map(len, lines)) <= 100


def test_only_a_corner_of_a_large_window_is_looked_at() -> None:
    table = table_of(batch_size=5, seq_length=40)
    assert (table.characters, table.lanes) == (CHARACTERS, LANES)


def test_the_model_is_left_as_it_was() -> None:
    training = small_training(dtype="float64")
    model = training.model.eval()
    before = model.state_dict()
    gradient_table(model, training.first_window(), seed=0)
    assert all(p.grad is None for p in model.parameters())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert training.batches.window == 0


def planted_in_lstm(monkeypatch: pytest.MonkeyPatch) -> None:
    """No gradient is carried back from step t+1 by way of h."""
    right = manual.lstm.step_backward

    def wrong(dh: Any, dc: Any, saved: Any) -> Any:
        dx, dh_prev, dc_prev, weights = right(dh, dc, saved)
        return dx, 0 * dh_prev, dc_prev, weights

    monkeypatch.setattr(
        manual.lstm, "CELL", dataclasses.replace(manual.lstm.CELL, step_backward=wrong)
    )


def test_a_wrong_derivation_by_hand_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    planted_in_lstm(monkeypatch)
    table = table_of()
    wrong = {line.name for line in table.lines if not line.ok}
    assert not table.ok and "DOES NOT AGREE" in str(table)
    assert "rnn.weight_hh_l0" in wrong and "head.weight" not in wrong
    assert str(table).count("DIFFERS") == len(wrong)


def test_a_wrong_derivative_of_the_engine_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = RULES["tanh"]
    monkeypatch.setattr(rule, "vjp", lambda g, y, x: g * (1 - y))
    table = table_of()
    assert not table.ok
    assert {line.name for line in table.lines if line.ok} == {"head.weight", "head.bias"}


def test_a_gradient_that_never_arrives_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RULES["take"], "vjp", lambda g, y, *inputs, **params: (None, None))
    with pytest.raises(Exception, match="no gradient"):
        table_of()
