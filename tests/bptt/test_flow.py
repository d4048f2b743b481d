"""Gradient flow: the lengths that `backward` and the derivation by hand find, without a `.grad`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import manual, nn
from tinygrad_rnn.bptt import gradient_flow
from tinygrad_rnn.engine.graph import ancestors

T, B, D, H = 7, 2, 3, 4


def test_it_is_the_carried_gradient_of_the_derivation_by_hand() -> None:
    """For a loss at the end of an RNN: dh ← (dh (1 − h²)) W_hh, from step to step."""
    rnn = nn.RNN(D, H, generator=np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(T, B, D))
    output, _ = rnn(x)
    flow = gradient_flow((output[-1] ** 2).sum(), output)
    dh = 2 * output.data[-1]
    for t in reversed(range(T)):
        assert flow[t] == pytest.approx(np.sqrt((dh**2).sum()), abs=1e-13)
        dh = (dh * (1 - output.data[t] ** 2)) @ rnn.weight_hh_l0.data
    assert flow.shape == (T,)
    assert flow.dtype == np.float64


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_it_is_what_backward_leaves_on_the_states(kind: str) -> None:
    layer = getattr(nn, kind.upper())(D, H, 2, generator=np.random.default_rng(0))
    output, _ = layer(np.random.default_rng(1).normal(size=(T, B, D)))
    loss = tg.logsumexp(output)
    for node in ancestors(loss):
        node.grad = "mark"
    flow = gradient_flow(loss, output)
    assert all(node.grad == "mark" for node in ancestors(loss))
    for p in layer.parameters():
        p.grad = None
    loss.backward()
    np.testing.assert_allclose(
        flow, [np.linalg.norm(h.grad) for h in output.inputs], rtol=0, atol=1e-14
    )


def test_a_state_of_two_members_has_one_length() -> None:
    cell = nn.LSTMCell(D, H, generator=np.random.default_rng(0))
    state, states = None, []
    for _ in range(3):
        state = cell(np.ones((B, D)), state)
        states.append(state)
    (h, c) = states[-1]
    flow = gradient_flow((3.0 * h).sum() + (4.0 * c).sum(), states)
    # At the last step c is also on the way to h: 4 + 3 o (1 − tanh² c).
    _, _, saved = manual.lstm.step(
        np.ones((B, D)), *(s.data for s in states[1]), *(p.data for p in cell.parameters())
    )
    dc = 4.0 + 3.0 * saved.o * (1 - saved.tanh_c**2)
    assert flow[-1] == pytest.approx(np.sqrt(9.0 * B * H + (dc**2).sum()), abs=1e-13)
    assert flow[0] > 0


def test_a_length_whose_square_is_too_small_for_a_number_is_not_zero() -> None:
    """h ← h / 2, 1000 times: 2⁻¹⁰⁰⁰ arrives, whose square is far below the smallest float64."""
    h, states = tg.Value(np.array([3.0, 4.0])), []
    for _ in range(1001):
        h = 0.5 * h
        states.append(h)
    flow = gradient_flow((np.array([3.0, 4.0]) * states[-1]).sum(), states)
    np.testing.assert_allclose(flow, 5.0 * 0.5 ** np.arange(1000.0, -1.0, -1.0), rtol=1e-14)


def test_what_the_loss_does_not_see_is_zero() -> None:
    output, _ = nn.GRU(D, H, generator=np.random.default_rng(0))(np.ones((5, D)))
    flow = gradient_flow((output[2] ** 2).sum(), output)
    assert (flow[:3] > 0).all()
    assert (flow[3:] == 0).all()


@pytest.mark.parametrize("options", [{"bidirectional": True}, {"lengths": [5, 3]}], ids=str)
def test_outputs_on_which_only_a_part_of_the_gradient_arrives(options: dict[str, Any]) -> None:
    lengths = options.pop("lengths", None)
    layer = nn.GRU(D, H, generator=np.random.default_rng(0), **options)
    output, _ = layer(np.ones((5, 2, D)), lengths=lengths)
    with pytest.raises(ValueError, match="none is computed from the one before"):
        gradient_flow(output.sum(), output)


def test_errors_teach() -> None:
    output, _ = nn.GRU(D, H, generator=np.random.default_rng(0))(np.ones((5, D)))
    with pytest.raises(ValueError, match=r"a loss of shape \(5, 4\)"):
        gradient_flow(output, output)
    with pytest.raises(TypeError, match=r"not its \.data"):
        gradient_flow(output.data.sum(), output)
    with pytest.raises(TypeError, match="state 0 is"):
        gradient_flow(output.sum(), output.data)
