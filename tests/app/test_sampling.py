from __future__ import annotations

import math
from itertools import islice
from typing import Any

import numpy as np
import pytest

from tests.app.small import small_training
from tinygrad_rnn import manual, nn
from tinygrad_rnn.app.sampling import generate, probabilities

# e⁰ : e¹ : e² : e³, in another order.
SCORES = np.array([1.0, 3.0, 0.0, 2.0])


def by_hand(powers: dict[int, float]) -> list[float]:
    """Shares of e^power at each place, written out without NumPy."""
    total = sum(math.exp(power) for power in powers.values())
    return [math.exp(powers[i]) / total if i in powers else 0.0 for i in range(4)]


@pytest.mark.parametrize(
    ("options", "powers"),
    [
        ({}, {0: 1, 1: 3, 2: 0, 3: 2}),
        ({"temperature": 0.5}, {0: 2, 1: 6, 2: 0, 3: 4}),
        ({"temperature": 2.0}, {0: 0.5, 1: 1.5, 2: 0, 3: 1}),
        ({"top_k": 2}, {1: 3, 3: 2}),
        ({"top_k": 3, "temperature": 0.5}, {0: 2, 1: 6, 3: 4}),
        ({"top_k": 1}, {1: 0}),
        ({"top_k": 4}, {0: 1, 1: 3, 2: 0, 3: 2}),
        ({"top_k": 99}, {0: 1, 1: 3, 2: 0, 3: 2}),
        ({"temperature": 0}, {1: 0}),
        ({"temperature": 0, "top_k": 3}, {1: 0}),
    ],
)
def test_temperature_and_top_k_are_what_they_are_by_hand(
    options: dict[str, Any], powers: dict[int, float]
) -> None:
    np.testing.assert_allclose(probabilities(SCORES, **options), by_hand(powers), rtol=1e-12)


def test_of_equal_scores_the_first_are_kept_and_exactly_k() -> None:
    np.testing.assert_array_equal(probabilities(np.ones(4), top_k=2), [0.5, 0.5, 0, 0])
    np.testing.assert_array_equal(probabilities([0, 1, 0, 1.0], temperature=0), [0, 1, 0, 0])


@pytest.mark.parametrize("temperature", [1e-320, 1e-3, 1.0, 1e300])
def test_extreme_scores_give_no_warning_and_no_nan(temperature: float) -> None:
    p = probabilities([1e4, -1e4, 1e4, 0.0], temperature=temperature)
    assert np.all(np.isfinite(p)) and math.isclose(p.sum(), 1.0)
    assert p[0] == p[2] >= p[3] >= p[1]
    assert probabilities(np.float32([88, 89]), temperature=temperature).dtype == np.float64


@pytest.mark.parametrize("temperature", [-0.1, math.nan, math.inf, "1"])
def test_a_temperature_that_cannot_be_is_refused(temperature: Any) -> None:
    with pytest.raises(ValueError, match="temperature"):
        probabilities(SCORES, temperature=temperature)


@pytest.mark.parametrize("top_k", [0, -1, 1.5, "2"])
def test_a_top_k_that_cannot_be_is_refused(top_k: Any) -> None:
    with pytest.raises(ValueError, match="top_k"):
        probabilities(SCORES, top_k=top_k)


def model_of_fixed_scores(scores: np.ndarray) -> nn.LanguageModel:
    """A model whose head ignores what it has read."""
    model = nn.LanguageModel(len(scores), 2, generator=np.random.default_rng(0))
    model.head.weight.data[...] = 0
    model.head.bias.data[...] = scores
    return model


def test_tokens_come_as_often_as_they_are_likely() -> None:
    n = 2000
    tokens = list(
        generate(model_of_fixed_scores(SCORES), [0], n, generator=np.random.default_rng(1))
    )
    counts = np.bincount(tokens, minlength=4)
    expected = n * np.array(by_hand({0: 1, 1: 3, 2: 0, 3: 2}))
    chi_squared = np.sum((counts - expected) ** 2 / expected)
    assert chi_squared < 16.27  # 3 degrees of freedom: exceeded once in a thousand


def test_only_the_k_likeliest_are_ever_chosen() -> None:
    tokens = generate(
        model_of_fixed_scores(SCORES), [0], 200, top_k=2, generator=np.random.default_rng(1)
    )
    assert set(tokens) == {1, 3}


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_refused(wrong: float) -> None:
    with pytest.raises(FloatingPointError, match="scores that are not finite"):
        probabilities([0.0, wrong, 1.0])


def test_weights_beyond_all_bounds_give_no_warning() -> None:
    rng = np.random.default_rng(0)
    model = nn.LanguageModel(5, 3, cell="lstm", dtype=np.float32, generator=rng)
    for _, parameter in model.named_parameters():
        parameter.data[...] = 3e38
    with pytest.raises(FloatingPointError, match="scores that are not finite"):
        list(generate(model, [0], 3, generator=rng))


def test_a_token_without_a_chance_is_never_chosen() -> None:
    class Edge(np.random.Generator):
        """Draws the ends of [0, 1) only."""

        ends = [0.0, float(np.nextafter(1.0, 0.0))] * 2

        def random(self, *_: Any, **__: Any) -> Any:
            return self.ends.pop()

    model = model_of_fixed_scores(np.array([-1e4, 1.0, 1.0, -1e4]))
    assert list(generate(model, [0], 4, generator=Edge(np.random.PCG64(0)))) == [2, 1, 2, 1]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_state_is_carried_from_token_to_token(cell: str) -> None:
    """The same as to read all that is there from its beginning, with the derivation by hand."""
    generator = np.random.default_rng(3)
    model = nn.LanguageModel(7, 5, cell=cell, num_layers=2, generator=generator)
    for parameter in model.parameters():
        parameter.data[...] *= 5  # so that the likeliest is not always the same
    written = list(generate(model, [2, 6, 1], 12, temperature=0, generator=generator))
    ids = [2, 6, 1]
    for _ in range(12):
        inputs = np.array(ids)[:, None]
        _, _, cache = manual.language_model.forward(model.state_dict(), inputs, inputs, cell=cell)
        ids.append(int(cache.logits[-1, 0].argmax()))
    assert written == ids[3:]
    assert len(set(written)) > 1


def test_chance_is_the_generators_alone() -> None:
    model = small_training(dropout=0.5).model
    texts = [
        list(generate(model, [1], 50, generator=np.random.default_rng(seed))) for seed in (5, 5, 6)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_dropout_is_off_while_writing_and_on_again_afterwards() -> None:
    training = small_training(dropout=0.9)
    before = training.generator.bit_generator.state
    first, second = (
        list(generate(training.model, [1], 20, temperature=0, generator=np.random.default_rng(0)))
        for _ in range(2)
    )
    assert first == second
    assert training.generator.bit_generator.state == before
    assert training.model.training and training.model.rnn.training


def test_as_many_tokens_as_asked_for() -> None:
    model = model_of_fixed_scores(SCORES)
    endless = generate(model, [0], 10**9, generator=np.random.default_rng(0))
    assert len(list(islice(endless, 5))) == 5
    assert list(generate(model, [0], 0, generator=np.random.default_rng(0))) == []
