"""Compiled layers against the same layers eager: every cell, direction, depth, dtype, option."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg

from .agreement import assert_agrees

T, B, D, H = 7, 5, 4, 6
LAYERS = {"rnn": tg.nn.RNN, "lstm": tg.nn.LSTM, "gru": tg.nn.GRU}
FORMS = {
    "plain": {},
    "relu": {"nonlinearity": "relu"},
    "two layers": {"num_layers": 2},
    "both directions": {"bidirectional": True},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
    "batch first": {"batch_first": True},
    "no bias": {"bias": False},
}
CASES = [(cell, form) for cell in LAYERS for form in FORMS if cell == "rnn" or form != "relu"]


def make(cell: str, dtype: type, **options: object) -> tuple[tg.nn.Module, tg.nn.Linear]:
    rng = np.random.default_rng(3)
    layer = LAYERS[cell](D, H, generator=rng, dtype=dtype, **options)
    width = H * (2 if options.get("bidirectional") else 1)
    return layer, tg.nn.Linear(width, 3, generator=rng, dtype=dtype)


def batches(dtype: type, count: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(5)
    return [
        (rng.normal(size=(T, B, D)).astype(dtype), rng.integers(3, size=(T, B)))
        for _ in range(count)
    ]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("cell", "form"), CASES)
@pytest.mark.parametrize("passes", [None, ()], ids=["all passes", "no passes"])
def test_a_layer_with_a_head_and_a_loss(
    cell: str, form: str, dtype: type, passes: tuple[str, ...] | None
) -> None:
    layer, head = make(cell, dtype, **FORMS[form])

    def loss(x: np.ndarray, targets: np.ndarray) -> tg.Value:
        output, _ = layer(x)
        return tg.softmax_cross_entropy(head(output), targets)

    assert_agrees(
        loss,
        [*layer.parameters(), *head.parameters()],
        batches(dtype),
        passes=passes,
        exactly=passes == (),
    )


@pytest.mark.parametrize("cell", LAYERS)
def test_carried_state_and_lengths_as_arguments(cell: str) -> None:
    layer, head = make(cell, np.float64, num_layers=2)
    rng = np.random.default_rng(7)

    def run(x, targets, state, lengths):  # type: ignore[no-untyped-def]
        output, state = layer(x, state, lengths)
        return tg.softmax_cross_entropy(head(output), targets), {"state": state, "output": output}

    def state():  # type: ignore[no-untyped-def]
        s = rng.normal(size=(2, B, H))
        return (s, rng.normal(size=(2, B, H))) if cell == "lstm" else s

    full = [(x, y, state(), rng.integers(1, T + 1, size=B)) for x, y in batches(np.float64)]
    assert_agrees(run, [*layer.parameters(), *head.parameters()], full)


@pytest.mark.parametrize("cell", LAYERS)
def test_dropout_draws_anew_at_each_replay_and_as_eager_does(cell: str) -> None:
    losses, grads = {}, {}
    for how in ("eager", "compiled"):
        rng = np.random.default_rng(11)
        layer = LAYERS[cell](D, H, num_layers=2, dropout=0.4, generator=rng)
        drop = tg.nn.Dropout(0.3, generator=rng)

        def loss(x: np.ndarray, layer=layer, drop=drop) -> tg.Value:  # type: ignore[no-untyped-def]
            return (drop(layer(x)[0]) ** 2).mean()

        run = tg.compile(loss) if how == "compiled" else loss
        x = np.random.default_rng(1).normal(size=(T, B, D))
        found = []
        for _ in range(3):
            y = run(x)
            y.backward()
            found.append(float(y))
        losses[how], grads[how] = found, [p.grad for p in layer.parameters()]
    assert len(set(losses["eager"])) == 3
    np.testing.assert_allclose(losses["compiled"], losses["eager"], rtol=1e-12)
    for mine, theirs in zip(grads["compiled"], grads["eager"], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)


def test_the_language_model_with_its_embedding() -> None:
    model = tg.nn.LanguageModel(9, 6, cell="lstm", generator=np.random.default_rng(0))
    rng = np.random.default_rng(1)

    def loss(ids, targets, state):  # type: ignore[no-untyped-def]
        logits, state = model(ids, state)
        return tg.softmax_cross_entropy(logits, targets), state

    windows = [
        (
            rng.integers(9, size=(T, B)),
            rng.integers(9, size=(T, B)),
            tuple(rng.normal(size=(1, B, 6)) for _ in "hc"),
        )
        for _ in range(3)
    ]
    assert_agrees(loss, model.parameters(), windows)


def test_an_id_beyond_the_vocabulary_is_refused_at_every_replay() -> None:
    model = tg.nn.LanguageModel(9, 6, cell="rnn", generator=np.random.default_rng(0))
    loss = tg.compile(lambda ids, y: tg.softmax_cross_entropy(model(ids)[0], y))
    good, bad = np.array([[1, 2], [3, 4]]), np.array([[1, 2], [3, 9]])
    loss(good, good)
    for ids, targets in ((bad, good), (-good, good), (good, bad), (good, -good)):
        with pytest.raises(IndexError, match=r"9|-"):
            loss(ids, targets)
    assert np.isfinite(float(loss(good, good)))
