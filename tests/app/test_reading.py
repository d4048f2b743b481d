"""What a trained net does while it reads: the numbers of its own steps, by other ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax

from tests.app.small import TEXT, small_training
from tinygrad_rnn import check, manual, nn
from tinygrad_rnn.app.reading import GATES, Reading
from tinygrad_rnn.app.trained import TextModel

CELLS = ("rnn", "lstm", "gru")
WORDS = "the farmer had 3 cows"
H = 6


def trained(cell: str, layers: int = 2, steps: int = 8, **options: Any) -> TextModel:
    training = small_training(cell=cell, layers=layers, **options)
    for _ in range(steps):
        training.advance()
    return training.as_text_model()


def states_of_layer(reading: Reading, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """What a layer reads and its h, (T, ·) each, by the engine: all layers up to it as one net."""
    weights = reading.model.rnn.state_dict()
    x = reading.model.embedding.weight.data[reading.ids]
    read = x
    for upto in range(layer + 1):
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[reading.config.cell]
        part = kind(x.shape[1], H, upto + 1)
        part.load_state_dict({name: weights[name] for name, _ in part.named_parameters()})
        before, read = read, part(x)[0].data
    return before, read


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("cell", CELLS)
def test_hidden_states_are_those_of_the_engine(cell: str, layer: int) -> None:
    reading = Reading(trained(cell), WORDS)
    _, h = states_of_layer(reading, layer)
    assert h.shape == (len(WORDS), H)
    np.testing.assert_allclose(reading.hidden(layer), h, rtol=0, atol=1e-14)
    if layer == 1:
        np.testing.assert_array_equal(reading.hidden(), reading.hidden(layer))


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gates_are_sigmoids_of_what_the_layer_reads_and_remembers(cell: str, layer: int) -> None:
    """σ(W x_t + b + W h_{t−1} + b), block by block in PyTorch's order."""
    reading = Reading(trained(cell), WORDS)
    x, h = states_of_layer(reading, layer)
    before = np.vstack([np.zeros(H), h[:-1]])
    w = reading.model.rnn.state_dict()
    sums = x @ w[f"weight_ih_l{layer}"].T + w[f"bias_ih_l{layer}"]
    sums = sums + before @ w[f"weight_hh_l{layer}"].T + w[f"bias_hh_l{layer}"]
    blocks = dict(
        zip({"lstm": "ifgo", "gru": "rzn"}[cell], np.split(sums, len(sums[0]) // H, 1), strict=True)
    )
    gates = reading.gates(layer)
    assert tuple(gates) == GATES[cell]
    for name, found in gates.items():
        np.testing.assert_allclose(found, expit(blocks[name]), rtol=0, atol=1e-14)


def test_what_has_no_gates_and_layers_that_are_not_there() -> None:
    with pytest.raises(ValueError, match=r"the cell 'rnn' has no gates(.|\n)*lstm or a gru"):
        Reading(trained("rnn", 1), WORDS).gates()
    reading = Reading(trained("gru"), WORDS)
    for ask in (reading.gates, reading.hidden):
        with pytest.raises(ValueError, match=r"layer 2 of 2(.|\n)*from 0 to 1"):
            ask(2)


@pytest.mark.parametrize("cell", CELLS)
def test_the_account_is_of_the_mean_loss_by_hand(cell: str) -> None:
    reading = Reading(trained(cell), WORDS)
    ids = reading.ids[:, None]
    _, gradients = manual.language_model.loss_and_gradients(
        reading.model.state_dict(), ids[:-1], ids[1:], cell=cell
    )
    for name in ("rnn.weight_hh_l1", "rnn.weight_ih_l0", "embedding.weight"):
        account = reading.account(name)
        np.testing.assert_allclose(account.total, gradients[name], rtol=0, atol=1e-14)
        assert list(account.by_step) == list(range(len(WORDS) - 1))
        by_lag = sum(account.by_lag.values())
        np.testing.assert_allclose(by_lag, gradients[name], rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["head.weight", "rnn.weight_hh_l7", "?"])
def test_weights_that_are_not_used_at_every_step(name: str) -> None:
    with pytest.raises(ValueError, match="is no weight that is used at every step") as caught:
        Reading(trained("rnn"), WORDS).account(name)
    assert "rnn.weight_hh_l0" in str(caught.value) and ", head." not in str(caught.value)


def test_the_jacobian_is_of_the_highest_layer() -> None:
    reading = Reading(trained("rnn"), WORDS)
    jac, (_, h) = reading.jacobian(), states_of_layer(reading, 1)
    W = reading.model.rnn.weight_hh_l1.data
    assert len(jac) == len(WORDS)
    np.testing.assert_allclose(jac[5, 4], np.diag(1 - h[5] ** 2) @ W, rtol=0, atol=1e-14)


@pytest.mark.parametrize("cell", CELLS)
def test_the_flow_ends_in_what_the_head_sends_back_and_is_measured_before(cell: str) -> None:
    """‖∂L/∂h‖ at the end is ‖Vᵀ (p − 1)‖; for an RNN, whose state is all, also one step before."""
    reading = Reading(trained(cell, 1), WORDS)
    flows = reading.flow()
    own, *_ = flows.values()
    head, last = reading.model.head, reading.hidden()[-2]
    scores = head.weight.data @ last + head.bias.data
    dh = head.weight.data.T @ (softmax(scores) - np.eye(len(scores))[reading.ids[-1]])
    assert own.shape == (len(WORDS) - 1,)
    assert own[-1] == pytest.approx(np.linalg.norm(dh), rel=1e-12)
    if cell == "rnn":
        weights = [
            reading.model.rnn.state_dict()[f"{name}_l0"]
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        x = reading.model.embedding.weight.data[reading.ids]

        def loss(h: Any) -> Any:
            h, _ = manual.rnn.step(x[-2][None], h.data[None], *weights)
            return -log_softmax(head.weight.data @ h[0] + head.bias.data)[reading.ids[-1]]

        slope = check.numeric_gradient(loss, reading.hidden()[-3])
        assert own[-2] == pytest.approx(np.linalg.norm(slope), rel=1e-7)


def test_beside_the_net_stand_fresh_ones_of_its_size() -> None:
    fresh = ["fresh rnn", "fresh lstm, forget bias 0", "fresh lstm, forget bias 1"]
    for cell in ("rnn", "lstm"):
        assert list(Reading(trained(cell), WORDS).flow()) == [f"this {cell}, after 8 steps", *fresh]
    gru = list(Reading(trained("gru"), WORDS).flow())
    assert gru == ["this gru, after 8 steps", fresh[0], "fresh gru", *fresh[1:]]


def test_a_fresh_rnn_forgets_fastest_and_a_forget_bias_helps() -> None:
    """The vanishing gradient: over 40 characters many powers of ten apart."""
    flows = Reading(trained("lstm", 1, steps=0, hidden=32), TEXT[:41]).flow()
    rnn, no_bias, bias = (flows[label][0] for label in list(flows)[1:])
    assert rnn < 1e-3 * no_bias < 1e-6 * bias
    assert all(line[-1] > 0.1 for line in flows.values())


def test_reading_changes_nothing_and_is_in_double_precision() -> None:
    model = trained("lstm", dropout=0.5)
    before = model.model.state_dict()
    reading = Reading(model, WORDS)
    reading.flow(), reading.account("rnn.weight_hh_l0"), reading.jacobian(), reading.gates()
    assert reading.hidden().dtype == np.float64
    assert model.model.training
    for name, w in model.model.state_dict().items():
        assert w.dtype == np.float32
        np.testing.assert_array_equal(w, before[name])
        np.testing.assert_array_equal(reading.model.state_dict()[name], w)


def test_characters_that_the_net_does_not_know() -> None:
    with pytest.raises(ValueError, match="é"):
        Reading(trained("rnn", 1, steps=0), "théâtre")
