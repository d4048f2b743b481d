"""The language model: its parts, its gradients against those by hand, its state over windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.manual.stacks import members
from tinygrad_rnn import manual, nn

V, H, T, B = 7, 5, 4, 3
CELLS = [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")]


def rng(seed: int = 51) -> np.random.Generator:
    return np.random.default_rng(seed)


def make(cell: str = "lstm", nonlinearity: str = "tanh", **options: Any) -> nn.LanguageModel:
    if cell == "rnn":
        options["nonlinearity"] = nonlinearity
    return nn.LanguageModel(V, H, cell=cell, generator=rng(), **options)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("cell", "nonlinearity"), CELLS)
def test_loss_state_and_gradients_are_those_by_hand(
    cell: str, nonlinearity: str, layers: int
) -> None:
    model = make(cell, nonlinearity, num_layers=layers)
    ids, targets = rng(1).integers(0, V, (2, T, B))
    states = tuple(rng(2).normal(size=(2, layers, B, H)))
    state = states if cell == "lstm" else states[0]

    logits, last = model(ids, state)
    loss = tg.softmax_cross_entropy(logits, targets)
    loss.backward()

    weights = model.state_dict()
    options = {"cell": cell, "nonlinearity": nonlinearity}
    expected, expected_n, _ = manual.language_model.forward(weights, ids, targets, state, **options)
    _, gradients = manual.language_model.loss_and_gradients(weights, ids, targets, state, **options)
    assert loss.item() == pytest.approx(expected, abs=1e-12)
    for a, b in zip(members(last), members(expected_n), strict=True):
        np.testing.assert_allclose(a.data, b, rtol=0, atol=1e-12)
    assert {name for name, _ in model.named_parameters()} == set(gradients)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad, gradients[name], rtol=0, atol=1e-10)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_layer_is_called_rnn_whatever_the_cell(cell: str) -> None:
    model = make(cell)
    assert list(model.state_dict()) == [
        "embedding.weight",
        *(f"rnn.{kind}_l0" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")),
        *("head.weight", "head.bias"),
    ]
    assert type(model.rnn) is {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]


@pytest.mark.parametrize(
    ("vocabulary", "hidden", "given_size", "expected"),
    [(7, 5, None, 5), (7, 50, None, 7), (7, 5, 3, 3)],
)
def test_embedding_size(vocabulary: int, hidden: int, given_size: Any, expected: int) -> None:
    model = nn.LanguageModel(vocabulary, hidden, embedding_size=given_size)
    assert model.embedding.weight.shape == (vocabulary, expected)
    assert model.rnn.weight_ih_l0.shape == (4 * hidden, expected)


def test_windows_with_carried_state_are_one_text() -> None:
    model = make("lstm", num_layers=2)
    ids = rng(1).integers(0, V, (6, B))
    whole, _ = model(ids)
    first, state = model(ids[:4])
    second, _ = model(ids[4:], nn.detach_state(state))
    joined = np.concatenate([first.data, second.data])
    np.testing.assert_allclose(joined, whole.data, rtol=0, atol=1e-13)


def test_one_text_without_a_batch() -> None:
    model = make("gru")
    ids = rng(1).integers(0, V, (T, B))
    logits, h_n = model(ids[:, 1])
    np.testing.assert_allclose(logits.data, model(ids)[0].data[:, 1], rtol=0, atol=1e-13)
    assert h_n.shape == (1, H)


def test_dropout_is_between_layers_and_before_the_head_only_in_training() -> None:
    model, plain = make(num_layers=2, dropout=0.4), make(num_layers=2)
    assert (model.rnn.dropout, model.dropout.p) == (0.4, 0.4)
    ids = rng(1).integers(0, V, (T, B))
    assert not np.array_equal(model(ids)[0].data, model(ids)[0].data)
    np.testing.assert_array_equal(model.eval()(ids)[0].data, plain(ids)[0].data)


def test_dropout_with_one_layer_warns_nobody_and_drops_before_the_head() -> None:
    model = make(dropout=0.4)
    assert model.rnn.dropout == 0.0
    ids = rng(1).integers(0, V, (T, B))
    assert not np.array_equal(model(ids)[0].data, model(ids)[0].data)


def test_float32_stays() -> None:
    model = make(num_layers=2, dropout=0.2, dtype=np.float32)
    logits, state = model(np.zeros((T, B), int))
    loss = tg.softmax_cross_entropy(logits, np.zeros((T, B), int))
    loss.backward()
    assert {x.dtype for x in (logits, loss, *state)} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_scopes() -> None:
    logits, state = make("gru")(np.zeros((T, B), int))
    assert logits.scope == "languagemodel/head"
    assert state.inputs[0].scope == f"languagemodel/rnn/l0/t={T - 1}"


def test_options_reach_the_layer() -> None:
    model = make("lstm", forget_bias=1.0, init="orthogonal")
    np.testing.assert_array_equal(model.rnn.bias_ih_l0.data[H : 2 * H], np.ones(H))
    W = model.rnn.weight_hh_l0.data[:H]
    np.testing.assert_allclose(W @ W.T, np.eye(H), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cell": "elman"}, r"(?s)cell='elman'.*cell='lstm' or cell='gru' or cell='rnn'"),
        ({"cell": "gru", "nonlinearity": "relu"}, r"(?s)nonlinearity='relu' with cell='gru'"),
        ({"cell": "rnn", "forget_bias": 1.0}, r"(?s)forget_bias=1.0 with cell='rnn'"),
        ({"cell": "rnn", "nonlinearity": "sin"}, r"nonlinearity='sin'"),
        ({"embedding_size": 0}, r"embedding_dim=0"),
        ({"num_layers": 0}, r"num_layers=0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        nn.LanguageModel(V, H, **options)


def test_ids_outside_the_vocabulary_are_refused_with_their_place() -> None:
    with pytest.raises(IndexError, match=r"(?s)id 7 at \(0, 1\).*languagemodel/embedding"):
        make()(np.array([[0, 7]]))


def test_it_learns_a_text_that_repeats_itself() -> None:
    ids = np.arange(21)[:, None] % V  # (T, 1) 0 1 2 3 4 5 6 0 1 ...
    model = make("gru")
    optimizer = tg.optim.Adam(list(model.parameters()), lr=0.05)
    for _ in range(60):
        logits, _ = model(ids[:-1])
        loss = tg.softmax_cross_entropy(logits, ids[1:])
        optimizer.zero_grad()
        loss.backward(retain_grad=False)
        optimizer.step()
    assert loss.item() < 0.1  # ln 7 = 1.95 without having learned
