"""The examples reach the figures that five public notebooks print, each within their rounding.

`tests/manual/test_published_figures.py` holds the derivation by hand against the same figures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.engine.witness import slopes
from tests.notebooks.figures import close, names_of


def count_of_zeros(x: Any) -> int:
    """Count the entries that are exactly zero."""
    return int(np.sum(np.asarray(x) == 0))


class TestCharacterRNNInColumns:
    """Weights printed to eight decimals; the results there come from weights that were not."""

    def test_states_logits_and_probabilities(self) -> None:
        e = names_of("character_rnn_in_columns")
        close(e["hs"][0][:, 0], [-0.01388323, 0.0089723, 0.00232595], 2e-8)
        close(e["hs"][1][:, 0], [-0.01357023, -0.01009969, -0.01197296], 2e-8)
        close(e["hs"][2][:, 0], [-0.00201614, -0.00654633, -0.00439942], 2e-8)
        logits = [1.76410078e-04, 5.89631536e-05, -5.44130023e-05, -8.14676239e-05]
        close(e["ys"][0][:, 0], logits, 1e-9)
        assert e["ys"][0][0, 0] == pytest.approx(1.76409956e-04, abs=5e-13)  # of rounded weights
        close(e["ps"][0][:, 0], [0.25003789, 0.25000852, 0.24998018, 0.24997341], 1e-8)

    def test_the_forward_pass_knows_nothing_of_the_engine_and_is_differentiated(self) -> None:
        e = names_of("character_rnn_in_columns")
        assert "tg" not in e["forward"].__code__.co_names
        assert "tg" not in e["loss_of"].__code__.co_names
        weights = e["WEIGHTS"]
        found = slopes(lambda *w: e["loss_of"](*w, **e["text"]), *weights.values())
        for name, slope in zip(weights, found, strict=True):
            np.testing.assert_allclose(e["swept"][name], slope, rtol=1e-6, atol=1e-10)

    def test_a_carried_state_knows_what_a_fresh_one_cannot(self) -> None:
        e = names_of("character_rnn_in_columns")
        assert e["carried"] < 0.02
        # Of seven letters one half follows an "a" that begins a piece: log 3 in every other piece.
        assert e["forgotten"] > 0.8 * np.log(3) / 14


class TestHelloWorldInRows:
    """H = 64, everything drawn from one generator of seed 0."""

    def test_the_untrained_net_writes_what_was_printed(self) -> None:
        assert names_of("hello_world_in_rows")["untrained"] == "oww "

    def test_the_trained_net_writes_hello_world(self) -> None:
        e = names_of("hello_world_in_rows")
        assert e["trained"] == "ello world"
        assert e["losses"][0] == pytest.approx(116.418897, abs=1e-5)
        assert e["losses"][-1] < 0.05

    def test_by_hand_three_gradients_are_wrong_and_clipping_touches_them(self) -> None:
        e = names_of("hello_world_in_rows")
        assert e["clipped"] == 1126
        for name in ("Why", "by"):
            np.testing.assert_allclose(e["by_hand"][name], e["swept"][name], rtol=0, atol=1e-10)
        for name in ("Wxh", "Whh", "bh"):
            assert not np.allclose(e["by_hand"][name], e["swept"][name], rtol=1e-2)


class TestOneStepByHand:
    """Weights printed to about eight decimals, every number on the way printed."""

    def test_forwards(self) -> None:
        e = names_of("one_step_by_hand")
        close(e["h"][:, 0], [-0.00454387, -0.00777553, -0.03116093], 6e-9)
        close(e["y"][:, 0], [0.00026736, 0.00020604, 0.00024473, 0.00057188], 1e-8)
        close(e["p"][:, 0], [0.24998621, 0.24997088, 0.24998055, 0.25006235], 1e-8)
        assert float(e["loss"]) == pytest.approx(1.38604499354, abs=1e-8)

    def test_back(self) -> None:
        e = names_of("one_step_by_hand")
        swept = e["swept"]
        close(swept["by"][:, 0], [0.24998621, 0.24997088, 0.24998055, -0.74993765], 1e-8)
        close(e["y"].grad, swept["by"], 0)
        close(swept["Why"][3], [0.00340762, 0.00583116, 0.02336875], 1e-8)
        close(e["h"].grad[:, 0], [-0.00604377, 0.00500025, 0.00763583], 2e-8)
        close(e["raw"].grad[:, 0], [-0.00604365, 0.00499995, 0.00762842], 2e-8)
        d_next = [-1.30717501e-04, 8.78041806e-05, 1.69311833e-05]
        close(e["dh_next"][:, 0], d_next, 1e-9)
        assert count_of_zeros(swept["Whh"]) == 9

    def test_two_cells_that_were_run_more_than_once(self) -> None:
        e = names_of("one_step_by_hand")
        close(e["grads"]["bh"][:, 0], [-0.0120873, 0.0099999, 0.01525683], 3e-8)
        close(e["grads"]["Wxh"][:, 2], [-0.07856743, 0.06499933, 0.0991694], 2e-7)
        np.testing.assert_allclose(e["grads"]["bh"], 2 * e["swept"]["bh"], rtol=1e-12)
        np.testing.assert_allclose(e["grads"]["Wxh"], 13 * e["swept"]["Wxh"], rtol=1e-12)


class TestOneLayerManyUses:
    """x = 1 ... 9; all figures printed to four decimals."""

    STATES = ((0.9866, 0.9051), (0.0946, 0.9702), (-0.8996, 0.9983))

    def test_cell_layer_and_weights_that_broadcast(self) -> None:
        e = names_of("one_layer_many_uses")
        close(e["states"], self.STATES, 5e-5)
        close(e["h_of_cell"], self.STATES[2], 5e-5)
        close(e["output"], self.STATES, 5e-5)
        close(e["h_n"], self.STATES[2:], 5e-5)

    def test_a_row_that_is_used_twice_gets_the_sum_of_two(self) -> None:
        e = names_of("one_layer_many_uses")
        loss = lambda *w: np.sum(e["states_of"](*w) ** 2)  # noqa: E731
        found = slopes(loss, e["W_ih"], e["W_hh"], e["b_ih"], e["b_hh"])
        for leaf, slope in zip(e["small"], found, strict=True):
            assert leaf.grad.shape == slope.shape
            np.testing.assert_allclose(leaf.grad, slope, rtol=1e-7)
        two_rows = e["large"][1].grad
        np.testing.assert_allclose(e["small"][1].grad[0], two_rows.sum(axis=0), rtol=1e-12)
        assert "'weight_hh' is (1, 2), expected (2, 2)" in e["printed"]

    def test_regression_and_labels(self) -> None:
        e = names_of("one_layer_many_uses")
        close(e["regression"], [0.9983], 5e-5)
        printed = [[0.4796, 0.5204], [0.7059, 0.2941], [0.8697, 0.1303]]
        close(e["probabilities"], printed, 5e-5)
        assert np.argmax(e["probabilities"].data, axis=1).tolist() == [1, 0, 0]

    def test_both_directions_in_both_pairings(self) -> None:
        e = names_of("one_layer_many_uses")
        close(e["by_step"], [3.4294, 3.0290, 2.5000], 1e-4)
        close(e["by_time"], [4.2931, 3.0290, 1.6363], 1e-4)
        close(e["last"], [2.5000], 1e-4)

    def test_the_gates_of_an_lstm(self) -> None:
        e = names_of("one_layer_many_uses")
        gates = {"i": (0.5, -2.5), "f": (2.5, -0.5), "g": (-0.5, -0.5), "o": (4.5, -2.5)}
        assert set(e["before_the_curves"]) == set(gates)
        for gate, figures in gates.items():
            close(e["before_the_curves"][gate], figures, 0)
        close(e["h_of_lstm"], [-0.2769, -0.0027], 5e-5)

    def test_c_for_h_is_hidden_by_zeros_for_one_step_and_found_after(self) -> None:
        e = names_of("one_layer_many_uses")
        assert e["apart"][0] < 1e-15
        assert min(e["apart"][1:]) > 5e-3
        assert not e["comparison"].ok
        verdicts = {row.name: row.verdict for row in e["comparison"].rows}
        assert verdicts["h"] == "NO GRADIENT in slipped"
        assert verdicts["weight_hh"].startswith("DIFFERS")


class TestStackedLSTMWithReLU:
    def test_three_witnesses_agree_on_every_weight(self) -> None:
        e = names_of("stacked_lstm_with_relu")
        assert e["witnesses"].ok
        assert e["witnesses"].worst.max_rel < 1e-9
        names = {row.name for pair in e["witnesses"].pairs for row in pair.rows}
        kinds = ("weight_ih", "weight_hh", "bias")
        assert names == {f"cells.{level}.{kind}" for level in (0, 1) for kind in kinds}
        assert e["printed"].rstrip().endswith("True")

    def test_the_relus_are_open_and_closed(self) -> None:
        saved = names_of("stacked_lstm_with_relu")["saved"]
        before_relu = np.array([step[5] for level in saved for step in level])
        assert 0.1 < np.mean(before_relu > 0) < 0.9
        assert np.min(np.abs(before_relu)) > 1e-3  # no corner within reach of the differences
        assert all(np.all(step[7] > 0) for level in saved for step in level)  # c, as is said there


class TestWindowsOfThree:
    """Printed in float32, to eight digits; what it breaks off before was recomputed."""

    def test_the_printed_gradients_to_1e_7(self) -> None:
        e = names_of("windows_of_three")
        for grads in (e["swept"], e["by_hand"]):
            d_input, d_output = grads["Wxh"], grads["Why"]
            rows = {
                "I": [-2.1574606e-01, -4.6572205e-02, -1.2665960e-03, -2.1078084e-01],
                " ": [-5.8980067e-03, -1.0567507e-03, 5.3060856e-02, 3.2835844e-01],
                "a": [2.6740572e-01, -2.2931943e-04, -1.3003336e-01, 3.1455082e-03],
            }
            for character, row in rows.items():
                index = e["vocabulary"].index(character)
                np.testing.assert_allclose(d_input[index], row, rtol=1e-7)
            assert count_of_zeros(d_input) == (12 - len(rows)) * 4
            assert d_output[0, 0] == pytest.approx(8.50889087e-02, rel=1e-7)
            first = [6.36707619e-03, -7.47825659e-04, -1.98840220e-02, 2.58626133e-01]
            np.testing.assert_allclose(d_output[0, 1:5], first, rtol=1e-7)

    def test_those_that_were_not_printed(self) -> None:
        swept = names_of("windows_of_three")["swept"]
        close(swept["Whh"][0], [-0.26273501, 0.0007792, 0.10157918, -0.17441405], 1e-8)
        close(swept["bh"][0], [0.04576163, -0.04785828, -0.07823911, 0.12072311], 1e-8)

    def test_three_witnesses_agree(self) -> None:
        e = names_of("windows_of_three")
        assert e["witnesses_table"].ok
        assert sum(e["led"]["Whh"].by_step.values()) == pytest.approx(e["swept"]["Whh"], rel=1e-12)
