"""The same numbers as torch.nn from the same state_dict, both ways; skipped without PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.manual.stacks import BUILDS, LENGTHS, B, Build, D, H, T, members
from tinygrad_rnn import nn

torch = pytest.importorskip("torch")

KINDS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


def close(ours: Any, theirs: Any) -> None:
    ours = getattr(ours, "data", ours)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-12)


def same_gradients(ours: nn.Module, theirs: Any) -> None:
    gradients = {name: p.grad for name, p in theirs.named_parameters()}
    assert [name for name, _ in ours.named_parameters()] == list(gradients)
    for name, parameter in ours.named_parameters():
        close(parameter.grad, gradients[name])


def moved(ours: nn.Module, theirs: Any) -> None:
    """Load each one's state into the other: names, order and shapes are the same."""
    ours.load_state_dict(theirs.state_dict())
    state = ours.state_dict()
    assert list(state) == list(theirs.state_dict())
    for parameter in theirs.parameters():
        torch.nn.init.zeros_(parameter)
    theirs.load_state_dict({name: torch.from_numpy(w) for name, w in state.items()}, strict=True)


def weigh(output: Any, state: Any, d_output: np.ndarray, d_state: Any, wrap: Any) -> Any:
    loss = (output * wrap(d_output)).sum()
    for s, d in zip(members(state), members(d_state), strict=True):
        loss = loss + (s * wrap(d)).sum()
    return loss


def pair_or_one(states: list[Any]) -> Any:
    return tuple(states) if len(states) == 2 else next(iter(states), None)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("build", BUILDS, ids=str)
def test_layer(build: Build, batch_first: bool) -> None:
    rng = np.random.default_rng(61)
    torch.manual_seed(61)
    options: dict[str, Any] = {"bias": build.bias, "bidirectional": build.bidirectional}
    options |= {"batch_first": batch_first}
    options |= {"nonlinearity": build.nonlinearity} if build.cell == "rnn" else {}
    ours = getattr(nn, KINDS[build.cell])(D, H, build.layers, **options)
    theirs = getattr(torch.nn, KINDS[build.cell])(D, H, build.layers, **options).double()
    moved(ours, theirs)

    data = rng.normal(size=(B, T, D) if batch_first else (T, B, D))
    first = members(build.random_state(rng)) if build.state else ()
    d_output = rng.normal(size=(*data.shape[:2], H * build.directions))
    d_state = build.random_state(rng)

    x, states = tg.Value(data), [tg.Value(s) for s in first]
    output, state = ours(x, pair_or_one(states), LENGTHS if build.lengths else None)
    weigh(output, state, d_output, d_state, np.asarray).backward()

    x_t = torch.tensor(data, requires_grad=True)
    states_t = [torch.tensor(s, requires_grad=True) for s in first]
    sequence = x_t
    if build.lengths:
        sequence = torch.nn.utils.rnn.pack_padded_sequence(
            x_t, LENGTHS, batch_first=batch_first, enforce_sorted=False
        )
    output_t, state_t = theirs(sequence, pair_or_one(states_t))
    if build.lengths:
        output_t, _ = torch.nn.utils.rnn.pad_packed_sequence(
            output_t, batch_first=batch_first, total_length=T
        )
    weigh(output_t, state_t, d_output, d_state, torch.tensor).backward()

    close(output, output_t)
    close(x.grad, x_t.grad)
    for s, s_t in zip(members(state), members(state_t), strict=True):
        close(s, s_t)
    for s, s_t in zip(states, states_t, strict=True):
        close(s.grad, s_t.grad)
    same_gradients(ours, theirs)


@pytest.mark.parametrize("cell", KINDS)
def test_layer_without_a_batch(cell: str) -> None:
    ours = getattr(nn, KINDS[cell])(D, H, 2, bidirectional=True)
    theirs = getattr(torch.nn, KINDS[cell])(D, H, 2, bidirectional=True).double()
    moved(ours, theirs)
    x = np.random.default_rng(62).normal(size=(T, D))
    (output, state), (output_t, state_t) = ours(x), theirs(torch.tensor(x))
    close(output, output_t)
    for s, s_t in zip(members(state), members(state_t), strict=True):
        close(s, s_t)
    output.sum().backward()
    output_t.sum().backward()
    same_gradients(ours, theirs)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("cell", [*KINDS, "relu"])
def test_cell(cell: str, batched: bool, bias: bool) -> None:
    kind = f"{KINDS.get(cell, 'RNN')}Cell"
    options = {"nonlinearity": "relu"} if cell == "relu" else {}
    ours = getattr(nn, kind)(D, H, bias, **options)
    theirs = getattr(torch.nn, kind)(D, H, bias, **options).double()
    moved(ours, theirs)
    rng = np.random.default_rng(63)
    x = rng.normal(size=(T, B, D) if batched else (T, D))
    state = state_t = None
    for x_step in x:
        state, state_t = ours(x_step, state), theirs(torch.tensor(x_step), state_t)
    for s, s_t in zip(members(state), members(state_t), strict=True):
        close(s, s_t)
    members(state)[0].sum().backward()
    members(state_t)[0].sum().backward()
    same_gradients(ours, theirs)


def test_a_whole_model() -> None:
    class Theirs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(11, 6)
            self.rnn = torch.nn.LSTM(6, 6, 2)
            self.head = torch.nn.Linear(6, 11)

        def forward(self, ids: Any) -> Any:
            return self.head(self.rnn(self.embedding(ids))[0])

    ours, theirs = nn.LanguageModel(11, 6, num_layers=2), Theirs().double()
    moved(ours, theirs)
    ids, targets = np.random.default_rng(64).integers(0, 11, (2, 5, 3))
    loss = tg.softmax_cross_entropy(ours(ids)[0], targets)
    loss.backward()
    logits_t = theirs(torch.tensor(ids))
    loss_t = torch.nn.functional.cross_entropy(
        logits_t.reshape(-1, 11), torch.tensor(targets).reshape(-1)
    )
    loss_t.backward()
    close(loss, loss_t)
    same_gradients(ours, theirs)


def test_float32_state_moves_unchanged() -> None:
    theirs = torch.nn.GRU(D, H, 2, bidirectional=True)
    ours = nn.GRU(D, H, 2, bidirectional=True, dtype=np.float32)
    ours.load_state_dict(theirs.state_dict())
    for name, w in ours.state_dict().items():
        assert w.dtype == np.float32
        np.testing.assert_array_equal(w, theirs.state_dict()[name].numpy())
