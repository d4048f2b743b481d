"""Forward and backward against torch.nn on the same weights; skipped where there is no PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.manual.stacks import BUILDS, LENGTHS, B, Build, D, H, T, members
from tinygrad_rnn.manual import cross_entropy

torch = pytest.importorskip("torch")


def layer_of(build: Build, weights: dict[str, np.ndarray]) -> Any:
    kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[build.cell]
    options = {"nonlinearity": build.nonlinearity} if build.cell == "rnn" else {}
    layer = kind(
        D, H, build.layers, bias=build.bias, bidirectional=build.bidirectional, **options
    ).double()
    # strict: names and shapes are PyTorch's, every one, and in its order
    layer.load_state_dict({name: torch.tensor(w) for name, w in weights.items()}, strict=True)
    assert list(layer.state_dict()) == list(weights)
    return layer


@pytest.mark.parametrize("build", BUILDS, ids=str)
def test_layer(build: Build) -> None:
    rng = np.random.default_rng(7)
    weights, x = build.random_weights(rng), rng.normal(size=(T, B, D))
    state = build.random_state(rng) if build.state else None
    output, state_n, cache = build.module.forward(weights, x, state, **build.options)
    d_output, d_state_n = rng.normal(size=output.shape), build.random_state(rng)
    gradients, d_x, d_state_0 = build.module.backward(cache, d_output, d_state_n)

    layer = layer_of(build, weights)
    x_t = torch.tensor(x, requires_grad=True)
    states = [torch.tensor(s, requires_grad=True) for s in members(state)] if build.state else []
    sequence = x_t
    if build.lengths:
        sequence = torch.nn.utils.rnn.pack_padded_sequence(x_t, LENGTHS, enforce_sorted=False)
    first = tuple(states) if len(states) == 2 else next(iter(states), None)
    output_t, state_n_t = layer(sequence, first)
    if build.lengths:
        output_t, _ = torch.nn.utils.rnn.pad_packed_sequence(output_t, total_length=T)
    loss = (output_t * torch.tensor(d_output)).sum()
    for s, d in zip(members(state_n_t), members(d_state_n), strict=True):
        loss = loss + (s * torch.tensor(d)).sum()
    loss.backward()

    def close(ours: np.ndarray, theirs: Any) -> None:
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-12)

    close(output, output_t)
    close(d_x, x_t.grad)
    for ours, theirs in zip(members(state_n), members(state_n_t), strict=True):
        close(ours, theirs)
    for ours, leaf in zip(members(d_state_0), states, strict=False):
        close(ours, leaf.grad)
    for name, parameter in layer.named_parameters():
        close(gradients[name], parameter.grad)


@pytest.mark.parametrize("ignore_index", [None, 2, -100])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy(reduction: str, ignore_index: int | None) -> None:
    rng = np.random.default_rng(8)
    logits, targets = rng.normal(0, 3, (5, 4)), np.array([2, 0, 3, 2, 1])
    if ignore_index == -100:
        targets[[0, 3]] = -100
    loss, cache = cross_entropy.forward(
        logits, targets, reduction=reduction, ignore_index=ignore_index
    )
    d_loss = rng.normal(size=np.shape(loss))
    logits_t = torch.tensor(logits, requires_grad=True)
    loss_t = torch.nn.functional.cross_entropy(
        logits_t,
        torch.tensor(targets),
        reduction=reduction,
        ignore_index=-1 if ignore_index is None else ignore_index,
    )
    (loss_t * torch.tensor(d_loss)).sum().backward()
    np.testing.assert_allclose(loss, loss_t.detach().numpy(), rtol=0, atol=1e-13)
    np.testing.assert_allclose(
        cross_entropy.backward(cache, d_loss), logits_t.grad.numpy(), rtol=0, atol=1e-13
    )
