from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.app.small import TEXT, small_config, small_training
from tests.app.test_checkpoint import assert_equal
from tinygrad_rnn import manual
from tinygrad_rnn.app import Config, Training
from tinygrad_rnn.app.checkpoint import FILE_NAME, read_checkpoint
from tinygrad_rnn.app.container import CheckpointError
from tinygrad_rnn.app.divergence import Diverged
from tinygrad_rnn.app.saved_state import OPTIMIZERS
from tinygrad_rnn.data import Batches, Vocabulary, one_pass

CELLS = ("rnn", "lstm", "gru")


# What a step does, computed again by the derivation by hand.


def step_by_hand(training: Training, window: Any, state: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Loss, last state and gradients of a window, in NumPy alone."""
    loss, state, cache = manual.language_model.forward(
        training.model.state_dict(), window.inputs, window.targets, state, cell=training.config.cell
    )
    gradients, _ = manual.language_model.backward(cache)
    return loss, state, gradients


@pytest.mark.parametrize("clip", [0.0, 0.05, 100.0])
@pytest.mark.parametrize("cell", CELLS)
def test_steps_are_those_by_hand_with_carried_state_and_clipping(cell: str, clip: float) -> None:
    """Plain SGD over more than an epoch: w ← w − η·g, g scaled to the norm `clip` at most."""
    eta = 0.5
    training = small_training(
        cell=cell, layers=2, dtype="float64", optimizer="sgd", lr=eta, clip=clip, batch_size=20
    )
    windows = Batches(training.train_ids, 20, 7)
    assert windows.windows_per_epoch < 20
    state, norms = None, []
    for _ in range(20):
        window = next(windows)
        loss, state, gradients = step_by_hand(training, window, None if window.fresh else state)
        norm = math.sqrt(sum(float(np.sum(g * g)) for g in gradients.values()))
        scale = min(1.0, clip / (norm + 1e-6)) if clip else 1.0
        expected = {
            name: w - eta * scale * gradients[name]
            for name, w in training.model.state_dict().items()
        }
        point = training.advance()
        np.testing.assert_allclose(point.loss, loss, rtol=1e-10)
        np.testing.assert_allclose(point.gradient_norm, norm, rtol=1e-8)
        for name, w in training.model.state_dict().items():
            np.testing.assert_allclose(w, expected[name], rtol=1e-8, atol=1e-12, err_msg=name)
        norms.append(norm)
    assert training.batches.epoch == 1
    assert min(norms) > 0.05 and max(norms) < 100  # so that both bounds were put to the test


def test_the_state_is_reset_where_the_text_begins_anew() -> None:
    training = small_training()
    for _ in range(training.batches.windows_per_epoch):
        training.advance()
    carried = training.state
    expected, _, _ = manual.language_model.forward(
        training.model.state_dict(), *training.first_window()[:2], None, cell="lstm"
    )
    wrong, _, _ = manual.language_model.forward(
        training.model.state_dict(),
        *training.first_window()[:2],
        tuple(s.data for s in carried),
        cell="lstm",
    )
    loss = training.advance().loss
    assert abs(loss - expected) < 1e-6 < abs(loss - wrong)


def test_no_graph_is_kept_from_step_to_step() -> None:
    training = small_training(cell="gru")
    training.advance()
    assert not training.state.requires_grad and training.state.inputs == ()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_learns_with_every_optimizer(cell: str, optimizer: str) -> None:
    rate = {"sgd": 1.0, "adagrad": 0.1}.get(optimizer, 0.02)
    training = small_training(cell=cell, optimizer=optimizer, lr=rate, hidden=12)
    losses = [training.advance().loss for _ in range(60)]
    assert math.isclose(losses[0], math.log(len(training.vocabulary)), rel_tol=0.1)
    assert np.mean(losses[-10:]) < 0.9 * losses[0]


def test_a_small_net_beats_the_bigram_model_on_text_that_repeats() -> None:
    training = small_training(hidden=32, batch_size=8, seq_length=20, lr=0.02)
    for _ in range(150):
        training.advance()
    loss, bigram = training.validation_loss(), training.bigram_loss
    assert loss is not None and bigram is not None and loss < bigram


def test_numbers_are_of_the_precision_that_was_asked_for() -> None:
    for dtype in ("float32", "float64"):
        training = small_training(dtype=dtype, dropout=0.1, layers=2)
        training.advance()
        checkpoint = training.checkpoint()
        arrays = {**checkpoint.weights, **checkpoint.state, **checkpoint.optimizer["buffers"]}
        assert {array.dtype for array in arrays.values()} == {np.dtype(dtype)}


# Dropout and evaluation.


def test_dropout_changes_training_and_nothing_else() -> None:
    with_it, without = small_training(dropout=0.5), small_training()
    assert with_it.validation_loss() == without.validation_loss()
    assert with_it.advance().loss != without.advance().loss
    assert with_it.validation_loss() == with_it.validation_loss()


def test_looking_at_a_run_does_not_change_its_course() -> None:
    looked_at, alone = (small_training(dropout=0.5, layers=2) for _ in range(2))
    for _ in range(5):
        looked_at.advance()
        alone.advance()
        looked_at.validation_loss()
        looked_at.sample(10)
        looked_at.checkpoint()
    assert_equal(looked_at.checkpoint(), alone.checkpoint())


def test_the_validation_loss_is_the_mean_over_the_rest_of_the_text() -> None:
    training = small_training(cell="gru", dtype="float64", val_fraction=0.25)
    assert len(training.val_ids) == round(len(TEXT) * 0.25)
    total, state = 0.0, None
    for window in one_pass(training.val_ids, 3, 7):
        loss, state, _ = step_by_hand(training, window, None if window.fresh else state)
        total += float(loss) * window.targets.size
    expected = total / (len(training.val_ids) - 1)
    np.testing.assert_allclose(training.validation_loss(), expected, rtol=1e-12)


def test_without_a_validation_text_there_is_no_validation() -> None:
    training = small_training(val_fraction=0.0)
    assert training.validation_loss() is None and training.bigram_loss is None
    assert len(training.train_ids) == len(TEXT)


# Stopping and going on.


def resumed(training: Training, folder: Path, **options: Any) -> Training:
    """Save, forget, and begin again from the file alone."""
    training.checkpoint().write(folder / FILE_NAME)
    checkpoint = read_checkpoint(folder)
    again = Training(checkpoint.config.continued(options), TEXT)
    again.restore(checkpoint)
    return again


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("cell", CELLS)
def test_stopping_changes_no_bit(tmp_path: Path, cell: str, optimizer: str, dtype: str) -> None:
    """Four stops of 20 steps, with dropout, a carried state, and the end of an epoch on the way."""
    options: dict[str, Any] = {"cell": cell, "optimizer": optimizer, "dtype": dtype}
    options |= {"layers": 2, "dropout": 0.4, "batch_size": 20}
    whole, parted = small_training(**options), small_training(**options)
    points = [whole.advance() for _ in range(20)]
    parted_points = []
    for steps in (1, 6, 3, 1, 9):
        parted_points += [parted.advance() for _ in range(steps)]
        parted = resumed(parted, tmp_path)
    assert parted_points == points
    assert_equal(as_json_gives_it(parted), as_json_gives_it(whole))
    assert whole.batches.epoch == 1  # so that an epoch ended on the way
    assert parted.validation_loss() == whole.validation_loss()
    assert parted.sample(30) == whole.sample(30)


def as_json_gives_it(training: Training) -> Any:
    """The checkpoint, with the pair of Adam's options as a list on both sides."""
    checkpoint = training.checkpoint()
    options = checkpoint.optimizer["options"]
    options |= {name: list(x) for name, x in options.items() if isinstance(x, tuple)}
    return checkpoint


def test_stopping_at_every_single_step_changes_nothing(tmp_path: Path) -> None:
    whole = small_training(dropout=0.3, batch_size=20)
    parted = small_training(dropout=0.3, batch_size=20)
    for _ in range(18):
        parted = resumed(parted, tmp_path)
        assert parted.advance() == whole.advance()
    assert whole.batches.epoch == 1


def test_a_resumed_run_takes_new_training_options(tmp_path: Path) -> None:
    training = small_training(lr=0.02)
    training.advance()
    again = resumed(training, tmp_path, lr=0.001, clip=0.5, steps=99)
    assert again.optimizer.lr == 0.001
    assert (again.config.clip, again.config.steps, again.step) == (0.5, 99, 1)
    assert resumed(again, tmp_path).optimizer.lr == 0.001


def test_another_text_is_refused(tmp_path: Path) -> None:
    checkpoint = small_training().checkpoint()
    other = Training(small_config(), TEXT + "!")
    with pytest.raises(ValueError, match="not the text that this run began with"):
        other.restore(checkpoint)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("vocabulary", lambda c: vars(c).update(vocabulary=Vocabulary("ab"))),
        ("weights", lambda c: c.weights.pop("head.bias")),
        ("optimizer", lambda c: c.optimizer["steps"].pop("head.bias")),
        ("optimizer", lambda c: c.optimizer["steps"].update({"head.bias": -1})),
        ("optimizer", lambda c: c.optimizer["buffers"].popitem()),
        ("optimizer", lambda c: c.optimizer["buffers"].update({"exp_avg.none": np.ones(3)})),
        ("optimizer", lambda c: c.optimizer["options"].update(lr="fast")),
        ("generator", lambda c: c.generator.update(bit_generator="MT19937")),
        ("generator", lambda c: c.generator.pop("state")),
        ("batches", lambda c: c.batches.update(window=10**6)),
        ("batches", lambda c: c.batches.clear()),
        ("state", lambda c: c.state.pop("c")),
        ("state", lambda c: c.state.update(h=np.ones((1, 2, 3), np.float32))),
        ("state", lambda c: c.state.update(h=np.ones((1, 3, 6), np.float64))),
    ],
)
def test_a_checkpoint_that_contradicts_itself_is_refused(part: str, change: Any) -> None:
    training = small_training()
    training.advance()
    checkpoint = training.checkpoint()
    change(checkpoint)
    with pytest.raises(CheckpointError, match="contradicts itself"):
        small_training().restore(checkpoint)


# What cannot be trained.


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("ab" * 15, {"batch_size": 10, "seq_length": 10}, "too few"),
        ("ab", {"val_fraction": 0.0}, "too few"),
        ("a", {}, "all its 1 characters are 'a', so that there is nothing to predict"),
        ("\n" * 9000, {}, r"all its 9,000 characters are '\\n'"),
        ("abcdefgh" * 20, {"val_fraction": 0.005, "batch_size": 2}, "hold no pair"),
    ],
)
def test_a_text_that_is_too_short_is_refused(text: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Training(Config(**options), text)


def test_a_run_that_leaves_the_numbers_stops_with_the_weights_of_the_step_before() -> None:
    training = small_training(cell="rnn", optimizer="sgd", lr=1e38, clip=0.0)
    training.advance()
    before = training.model.state_dict()
    with pytest.raises(Diverged, match=r"^step 2: the loss is") as caught:
        training.advance()
    assert "lower --lr (it is 1e+38)" in str(caught.value)
    assert training.step == 1
    for name, w in training.model.state_dict().items():
        np.testing.assert_array_equal(w, before[name])


def test_a_validation_that_leaves_the_numbers_is_no_result() -> None:
    training = small_training(cell="rnn", optimizer="sgd", lr=1e38, clip=0.0)
    training.advance()
    with pytest.raises(Diverged, match=r"^step 1: the validation loss is"):
        training.validation_loss()


def test_a_source_that_is_not_given_is_made_of_the_text() -> None:
    source = small_training().source
    assert source.characters == len(TEXT) and source.path == ""
    assert dataclasses.asdict(source) == dataclasses.asdict(small_training().source)
