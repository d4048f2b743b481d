"""What the doctor says of the backward passes in the examples, whose faults are the notebooks'."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tests.notebooks.figures import names_of
from tests.notebooks.making import FOLDER


def verdicts(diagnosis: tg.check.Diagnosis) -> dict[str, str]:
    return {name: finding.verdict for name, finding in diagnosis.findings.items()}


def mended(grads: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {**grads, **others}


class TestCharacterRNNInColumns:
    def test_the_command_line_names_the_exception_and_its_line(self) -> None:
        e = names_of("character_rnn_in_columns")
        assert e["status_of_first"] == 2
        source = (FOLDER / "columns_backward.py").read_text("utf-8").splitlines()
        line = source.index("    return np.zeros(h)") + 1
        where = f"columns_backward.py:{line} in zeros_of, 'return np.zeros(h)': TypeError: "
        assert f"tinygrad-rnn: {where}" in e["printed"]

    def test_the_command_line_names_the_bias_that_is_not_clipped(self) -> None:
        e = names_of("character_rnn_in_columns")
        assert e["status_of_mended"] == 1
        rows = [re.split(" {2,}", line) for line in e["printed"].splitlines()]
        said = {row[0]: row[-1] for row in rows if len(row) == 4 and "." in row[0]}
        biases = {name for name, verdict in said.items() if verdict == "left out of the clipping"}
        assert biases == {"rnn.bias_ih_l0", "rnn.bias_hh_l0"}
        clipped = {name for name, verdict in said.items() if verdict == "clipped at ±5"}
        weights = {"embedding.weight", "rnn.weight_ih_l0", "rnn.weight_hh_l0"}
        assert clipped == weights | {"head.weight", "head.bias"}

    def test_the_bias_that_is_not_clipped(self) -> None:
        e = names_of("character_rnn_in_columns")
        clipped = dict.fromkeys(("Wxh", "Whh", "Why", "by"), "clipped at ±5")
        assert verdicts(e["diagnosis"]) == clipped | {"bh": "left out of the clipping"}
        assert len(e["diagnosis"].explanations) == 1
        assert all(np.max(np.abs(v.grad)) > 5 for v in e["values"].values())

    def test_clipped_as_well_it_is_no_longer_named(self) -> None:
        e = names_of("character_rnn_in_columns")
        grads = mended(e["by_hand"], bh=np.clip(e["by_hand"]["bh"], -5, 5))
        found = tg.check.diagnose(grads, e["loss"], e["values"])
        assert set(verdicts(found).values()) == {"clipped at ±5"}


class TestHelloWorldInRows:
    def test_the_missing_carry_and_the_wrong_state(self) -> None:
        e = names_of("hello_world_in_rows")
        late = "h_t where h_{t−1} belongs"
        assert verdicts(e["diagnosis"]) == {
            "Wxh": "no carry from t+1",
            "Whh": f"no carry from t+1; {late}",
            "bh": "no carry from t+1",
            "Why": "ok",
            "by": "ok",
        }
        assert e["diagnosis"].names == (frozenset(["no carry from t+1", late]),)
        assert "you never pass dh_next to step t−1" in e["printed"]

    def test_also_behind_the_clipping(self) -> None:
        found = names_of("hello_world_in_rows")["seen_through"]
        names = ["no carry from t+1", "h_t where h_{t−1} belongs", "clipped at ±1"]
        assert found.names == (frozenset(names),)

    def test_the_carry_that_was_commented_out(self) -> None:
        found = names_of("hello_world_in_rows")["carried"]
        (name,) = set(verdicts(found).values()) - {"ok"}
        assert name == "tanh′ on the wrong side of the recurrent weight (inside the product)"
        assert len(found.explanations) == 1

    def test_without_its_mistakes_it_is_called_right(self) -> None:
        e = names_of("hello_world_in_rows")
        assert tg.check.diagnose(e["swept"], e["loss"], e["first"]).verdict == "right"


class TestOneStepByHand:
    def test_the_factors_2_and_13(self) -> None:
        found = names_of("one_step_by_hand")["diagnosis"]
        assert verdicts(found) == {
            "Wxh": "accumulated 13 times",
            "Whh": "ok",  # thirteen times zero
            "Why": "ok",
            "bh": "accumulated 2 times",
            "by": "ok",
        }
        assert len(found.explanations) == 1

    def test_a_second_backward_counts_twice(self) -> None:
        found = verdicts(names_of("one_step_by_hand")["again"])
        assert found.pop("Whh") == "ok"
        assert set(found.values()) == {"accumulated 2 times"}


def test_c_for_h_in_the_step_of_an_lstm() -> None:
    found = names_of("one_layer_many_uses")["diagnosis"]
    assert found.names == (frozenset(["c_{t−1} where h_{t−1} belongs, forward as well"]),)


def test_windows_of_three_are_called_right() -> None:
    assert names_of("windows_of_three")["diagnosis"].verdict == "right"
