from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.app.small import TEXT, small_training
from tinygrad_rnn import manual
from tinygrad_rnn.app import TextModel, load
from tinygrad_rnn.app.checkpoint import FILE_NAME, read_checkpoint
from tinygrad_rnn.app.container import CheckpointError
from tinygrad_rnn.app.trained import mean_loss
from tinygrad_rnn.data import Vocabulary


@pytest.fixture(scope="module", params=["rnn", "lstm", "gru"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short run."""
    folder = tmp_path_factory.mktemp("run")
    training = small_training(cell=request.param, layers=2, dropout=0.2, dtype="float64")
    for _ in range(5):
        training.advance()
    training.checkpoint().write(folder / FILE_NAME)
    return folder


def written(model: TextModel, prime: str = "Verse", seed: int = 0) -> str:
    return model.sample(prime, 40, generator=np.random.default_rng(seed))


def test_a_trained_model_loads_in_one_line(run: Path) -> None:
    trained = load(run)
    assert trained.step == 5 and trained.config.layers == 2
    assert trained.vocabulary == Vocabulary.from_text(TEXT)
    assert not trained.model.training
    weights = read_checkpoint(run).weights
    assert set(weights) == set(trained.model.state_dict())
    for name, array in trained.model.state_dict().items():
        np.testing.assert_array_equal(array, weights[name])


def test_the_folder_and_the_file_mean_the_same(run: Path) -> None:
    assert written(load(run)) == written(load(str(run / FILE_NAME)))


def test_a_seed_decides_the_text(run: Path) -> None:
    trained = load(run)
    assert written(trained, seed=1) == written(trained, seed=1) == written(load(run), seed=1)
    assert written(trained, seed=1) != written(trained, seed=2)


def test_a_text_begins_with_its_prime(run: Path) -> None:
    trained = load(run)
    text = written(trained)
    assert text.startswith("Verse") and len(text) == 45
    assert set(text) <= set(TEXT)
    assert len(written(trained, prime="")) == 40


def test_a_text_comes_letter_by_letter_and_wrong_options_at_once(run: Path) -> None:
    trained = load(run)
    endless = trained.stream("Verse", 10**12, generator=np.random.default_rng(0))
    assert [next(endless) for _ in range(41)] == ["Verse", *written(trained)[5:45]]
    for wrong in ({"temperature": -1.0}, {"top_k": 0}):
        with pytest.raises(ValueError, match=r"temperature|top_k"):
            trained.stream("Verse", 3, **wrong, generator=np.random.default_rng(0))
    with pytest.raises(ValueError, match="not in the vocabulary"):
        trained.stream("ß", 3, generator=np.random.default_rng(0))


def test_an_empty_prime_is_the_end_of_a_line(run: Path) -> None:
    trained = load(run)
    assert "\n" + written(trained, "") == written(trained, "\n")


def test_a_prime_of_unknown_characters_is_refused(run: Path) -> None:
    with pytest.raises(ValueError, match=r"'ß' .* at position 2 is not in the vocabulary"):
        written(load(run), "caß")


def test_the_loss_of_a_text_is_that_of_the_derivation_by_hand(run: Path) -> None:
    """One lane, one long window: nothing but −log p of each character after those before it."""
    trained = load(run)
    text = TEXT[100:107]  # 6 transitions: less than two windows of 7, so one lane
    ids = trained.vocabulary.encode(text)[:, None]
    expected, _, _ = manual.language_model.forward(
        trained.model.state_dict(), ids[:-1], ids[1:], cell=trained.config.cell
    )
    np.testing.assert_allclose(trained.loss(text), expected, rtol=1e-12)


def test_the_loss_carries_the_state_over_windows_and_weighs_them_by_length() -> None:
    training = small_training(dtype="float64")
    ids = training.vocabulary.encode(TEXT[:60])
    inputs, targets = ids[:-1, None], ids[1:, None]
    weights = training.model.state_dict()
    expected, _, _ = manual.language_model.forward(weights, inputs, targets, cell="lstm")
    # 59 transitions in windows of 7 are 8 whole ones and one of 3.
    np.testing.assert_allclose(mean_loss(training.model, ids, 1, 7), expected, rtol=1e-12)
    np.testing.assert_allclose(mean_loss(training.model, ids, 1, 59), expected, rtol=1e-12)


def test_the_loss_in_several_lanes_sees_every_transition_once() -> None:
    """A model without memory of its own has the same loss however the text is cut."""
    training = small_training(dtype="float64")
    for name, parameter in training.model.named_parameters():
        if "weight_hh" in name or "weight_ih" in name:
            parameter.data[...] = 0  # what is read has no effect, and the state is a constant
    training.model.rnn.bias_ih_l0.data[...] = -1e3  # every gate shut: h = 0 from the first step on
    ids = training.vocabulary.encode(TEXT)
    bias = training.model.head.bias.data
    log_p = bias - np.log(np.sum(np.exp(bias)))
    expected = -np.mean(log_p[ids[1:]])
    for lanes in (1, 4, 50):
        np.testing.assert_allclose(mean_loss(training.model, ids, lanes, 7), expected, rtol=1e-12)


def test_a_checkpoint_whose_weights_do_not_fit_its_options_is_refused(tmp_path: Path) -> None:
    checkpoint = small_training().checkpoint()
    checkpoint.weights["head.bias"] = checkpoint.weights["head.bias"][1:]
    checkpoint.write(tmp_path / FILE_NAME)
    with pytest.raises(CheckpointError, match=r"contradicts itself: its options are of 778 param"):
        load(tmp_path)
    bias = checkpoint.weights.pop("head.bias")
    checkpoint.weights["neck.bias"] = np.append(bias, bias[:1])
    checkpoint.write(tmp_path / FILE_NAME)
    with pytest.raises(CheckpointError, match=r"contradicts itself: .*load_state_dict: 2 misfits"):
        load(tmp_path)
