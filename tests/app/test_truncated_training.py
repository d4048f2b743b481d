"""``train --bptt k1,k2``: an update every k1 characters, from gradients that go back k2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.app.small import TEXT, small_training
from tests.app.test_checkpoint import assert_equal
from tests.app.test_training import as_json_gives_it, resumed
from tinygrad_rnn.app import Config, Training, load
from tinygrad_rnn.app.cli import main
from tinygrad_rnn.app.window_loss import next_window, window_loss
from tinygrad_rnn.bptt import Truncation, ledger
from tinygrad_rnn.engine.graph import ancestors
from tinygrad_rnn.ops import softmax_cross_entropy

# Ever the same, hardly and much further back than a window; also back to before the second window.
LENGTHS = ["5,5", "5,6", "4,7", "3,6", "2,9", "1,4", "1,1"]


def lanes(training: Training) -> tuple[np.ndarray, np.ndarray]:
    """What an epoch reads and predicts, (L, B), cut from the text by hand."""
    B, k1 = training.config.batch_size, training.config.truncation.k1
    L = (len(training.train_ids) - 1) // (B * k1) * k1
    inputs = training.train_ids[: B * L].reshape(B, L).T
    return inputs, training.train_ids[1 : B * L + 1].reshape(B, L).T


@pytest.mark.parametrize("bptt", LENGTHS)
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_updates_are_those_of_truncated_bptt_character_by_character(cell: str, bptt: str) -> None:
    """The same run once more by `Truncation.windows`, which takes single steps, and plain SGD."""
    eta = 0.3
    options: dict[str, Any] = {"cell": cell, "bptt": bptt, "layers": 2, "batch_size": 20}
    options |= {"dtype": "float64", "optimizer": "sgd", "lr": eta, "clip": 0.0}
    training, other = small_training(**options), small_training(**options)
    model, k1 = other.model, other.config.truncation.k1

    def step(x: tuple[np.ndarray, np.ndarray], state: Any) -> tuple[Any, Any]:
        logits, state = model(x[0][None], state)  # (1, B, V)
        return softmax_cross_entropy(logits, x[1][None]) / k1, state

    taken, epochs = 0, 0
    while taken < 25:
        for window in other.config.truncation.windows(step, zip(*lanes(other), strict=True)):
            model.zero_grad()
            window.loss.backward(retain_grad=False)
            for p in model.parameters():
                p.data -= eta * p.grad
            assert training.advance().loss == pytest.approx(float(window.loss), abs=1e-12)
            for name, w in training.model.state_dict().items():
                np.testing.assert_allclose(
                    w, model.state_dict()[name], rtol=0, atol=1e-12, err_msg=name
                )
            taken += 1
            if taken == 25 and epochs:
                break
        epochs += 1


@pytest.mark.parametrize("bptt", LENGTHS)
def test_the_windows_of_an_epoch_keep_exactly_the_pairs_that_they_say(bptt: str) -> None:
    """Without updates: Σ of their gradients = Σ of the ledger's parts that the lengths keep."""
    training = small_training(cell="gru", bptt=bptt, batch_size=50, dtype="float64")
    model, truncation = training.model, training.config.truncation
    inputs, targets = lanes(training)
    logits, _ = model(inputs)
    whole = softmax_cross_entropy(logits, targets, reduction="sum")
    account = ledger(whole, model)["rnn.weight_hh_l0"]
    kept = sum(part for pair, part in account.by_pair.items() if truncation.keeps(*pair))
    state = None
    for _ in range(training.batches.windows_per_epoch):
        window, leaving = next_window(training.batches, truncation)
        loss, state = window_loss(model, window, None if window.fresh else state, leaving)
        (loss * float(window.targets.size)).backward(retain_grad=False)
        state = None if state is None else state.detach()
    np.testing.assert_allclose(model.rnn.weight_hh_l0.grad, kept, rtol=0, atol=1e-12)
    left_out = [pair for pair in account.by_pair if not truncation.keeps(*pair)]
    assert left_out
    assert np.abs(account.total - kept).max() > 1e-6  # it is another gradient


def test_equal_lengths_are_windows_of_that_length() -> None:
    by_windows, by_lengths = small_training(seq_length=7), small_training(bptt="7,7", seq_length=50)
    for _ in range(60):
        assert by_windows.advance() == by_lengths.advance()
    for name, w in by_windows.model.state_dict().items():
        np.testing.assert_array_equal(w, by_lengths.model.state_dict()[name])


@pytest.mark.parametrize("bptt", ["3,7", "4,4", "1,3"])
def test_stopping_at_every_single_step_changes_nothing(tmp_path: Path, bptt: str) -> None:
    options: dict[str, Any] = {"bptt": bptt, "dropout": 0.3, "layers": 2, "batch_size": 150}
    whole, parted = small_training(**options), small_training(**options)
    for _ in range(20):
        parted = resumed(parted, tmp_path)
        assert parted.advance() == whole.advance()
    assert whole.batches.epoch >= 1
    assert_equal(as_json_gives_it(parted), as_json_gives_it(whole))


def test_live_nodes_do_not_grow_with_the_text() -> None:
    """Count the graph of each update: from the first whole one on they are all of one size."""
    training = small_training(bptt="3,8", cell="lstm")
    sizes, state = [], None
    for _ in range(100):
        window, leaving = next_window(training.batches, training.config.truncation)
        loss, after = window_loss(training.model, window, state, leaving)
        sizes.append(len(ancestors(loss)))
        state = None if after is None else tuple(s.detach() for s in after)
    assert len(set(sizes[3:])) == 1
    assert sizes[0] < sizes[1] < sizes[3]


def test_the_first_window_is_as_long_as_gradients_go_back() -> None:
    assert len(small_training(bptt="1,30").first_window().inputs) == 30
    short = small_training(bptt="4,5000", batch_size=100)
    inputs, _ = lanes(short)
    assert len(short.first_window().inputs) == len(inputs)


def test_a_text_that_is_too_short_is_refused_in_the_words_of_the_option() -> None:
    with pytest.raises(ValueError, match=r"too few for --bptt 40,60(.|\n)*smaller k1"):
        Training(Config(bptt="40,60", batch_size=10), "ab" * 30)


# From the command line.

SIZES = ("--hidden", "6", "--batch-size", "3", "--lr", "0.02")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tale.txt").write_text(TEXT, encoding="utf-8")


def test_it_trains_says_how_and_goes_on_as_if_it_had_never_stopped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("train", "tale.txt", *SIZES, "--bptt", "5,12")
    assert main([*words, "--steps", "9", "--out", "parted"]) == 0
    out = capsys.readouterr().out
    assert "9 made, each of 3 × 5 characters" in out
    assert "bptt: back through 12 characters, 7 of them read again with the new weights" in out
    assert "bptt: back through" in out
    assert "autodiff agrees with the derivation by hand" in out
    assert main(["train", "--resume", "parted", "--steps", "20", "--quiet"]) == 0
    assert main([*words, "--steps", "20", "--out", "whole", "--quiet"]) == 0
    for name in ("checkpoint.safetensors", "curve.csv"):
        assert Path("parted", name).read_bytes() == Path("whole", name).read_bytes()
    assert load("whole").config.truncation == Truncation(5, 12)


WRONG = "is not two whole numbers k1,k2 of at least 1, k1 no more than k2"


@pytest.mark.parametrize("given", ["5", "5,4", "0,4", "-1,4", "5,", "1.5,3", "5;6", "a,b", "1,2,3"])
def test_what_is_no_pair_of_lengths(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "tale.txt", f"--bptt={given}"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"tinygrad-rnn: argument --bptt: '{given}' {WRONG}; ")
    assert err.count("\n") == 1
    with pytest.raises(ValueError, match="write for example bptt='20,40'"):
        Config(bptt=given)


def test_what_does_not_fit_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "tale.txt", "--bptt", "5,9", "--seq-length", "7"]) == 2
    assert "both say how far gradients go back; leave one out" in capsys.readouterr().err
    words = ["train", "tale.txt", *SIZES, "--steps", "1", "--quiet"]
    assert main([*words, "--bptt", "5,9", "--out", "with"]) == 0
    assert main([*words, "--out", "without"]) == 0
    for run, other, has in (("with", "5,8", "5,9"), ("without", "5,9", "none")):
        assert main(["train", "--resume", run, "--steps", "3", "--bptt", other]) == 2
        err = capsys.readouterr().err
        assert f"--bptt {other} does not fit the checkpoint, which has {has}" in err
        assert err.count("\n") == 1
    assert main(["train", "--resume", "with", "--steps", "3", "--bptt", "5,9", "--quiet"]) == 0
