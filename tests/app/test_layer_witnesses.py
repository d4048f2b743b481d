from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from tinygrad_rnn import manual
from tinygrad_rnn.app.layer_witnesses import (
    ENTRIES,
    TOGETHER,
    Case,
    cases,
    examine,
    result_line,
)


def test_every_combination_is_a_case() -> None:
    everything = list(cases(("rnn", "lstm", "gru")))
    assert len(everything) == len(set(everything)) == 3 * 2 * 2 * 2
    assert {case.cell for case in cases(("gru",))} == {"gru"}


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("more", [False, True], ids=["plain", "everything"])
def test_three_witnesses_agree(cell: str, more: bool) -> None:
    case = Case(cell, 1 + more, 1 + more, more)
    table = examine(case, np.random.default_rng(1))
    states = {"h_0", "c_0"} if cell == "lstm" else {"h_0"}
    names = {row.name for row in table.pairs[0].rows}
    weights = {name for name in names if name.startswith(("weight", "bias"))}
    assert len(weights) == (16 if more else 4)
    assert names == weights | states | {"x", TOGETHER}
    assert [pair.labels for pair in table.pairs] == [
        ("autodiff", "by hand"),
        ("autodiff", "measured"),
        ("by hand", "measured"),
    ]
    assert table.ok and table.tolerance == 1e-8
    assert result_line(case, table).endswith("  ok")
    assert ENTRIES >= 4


def planted(monkeypatch: pytest.MonkeyPatch, cell: str, change: Any) -> None:
    """Let the derivation by hand of one cell's step go wrong."""
    module: Any = getattr(manual, cell)
    right = module.step_backward

    def wrong(*arguments: Any) -> Any:
        return change(right(*arguments))

    if cell == "rnn":
        monkeypatch.setattr(module, "step_backward", wrong)
    else:
        monkeypatch.setattr(module, "CELL", dataclasses.replace(module.CELL, step_backward=wrong))


def other_hh(result: Any) -> Any:
    *front, (d_ih, d_hh, *biases) = result
    return (*front, (d_ih, d_hh * 1.0001, *biases))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_wrong_weight_gradient_by_hand_is_named(
    monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    planted(monkeypatch, cell, other_hh)
    case = Case(cell, 1, 1, False)
    table = examine(case, np.random.default_rng(1))
    autodiff_by_hand, autodiff_measured, by_hand_measured = table.pairs
    assert not table.ok and autodiff_measured.ok
    for pair in (autodiff_by_hand, by_hand_measured):
        assert {row.name for row in pair.rows if not row.ok} <= {"weight_hh_l0", TOGETHER}
        assert not pair.ok
    assert "weight_hh_l0 DIFFERS at" in result_line(case, table)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_carry_that_is_cut_by_hand_is_seen(monkeypatch: pytest.MonkeyPatch, cell: str) -> None:
    planted(monkeypatch, cell, lambda result: (result[0], 0 * result[1], *result[2:]))
    table = examine(Case(cell, 1, 1, True), np.random.default_rng(1))
    wrong = {row.name for row in table.pairs[0].rows if not row.ok}
    assert {"x", "h_0", "weight_ih_l0"} <= wrong and table.pairs[1].ok
