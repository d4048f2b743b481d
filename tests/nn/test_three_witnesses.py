"""Three witnesses for every recurrent layer: autodiff, the derivatives by hand, finite differences.

Every entry of every gradient (weights, input, first state) is compared, to 1e-8, in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.manual.stacks import BUILDS, B, Build, D, H, T, members
from tinygrad_rnn import nn

LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def layer_of(build: Build, weights: dict[str, np.ndarray]) -> Any:
    options = {"nonlinearity": build.nonlinearity} if build.cell == "rnn" else {}
    layer = LAYERS[build.cell](
        *(D, H, build.layers),
        bias=build.bias,
        bidirectional=build.bidirectional,
        **options,
    )
    layer.load_state_dict(weights)
    assert list(layer.state_dict()) == list(weights)
    return layer


def lengths_of(build: Build) -> Any:
    return build.options.get("lengths")


def differences(f: Callable[[], float], x: np.ndarray) -> np.ndarray:
    """Central differences by every entry of `x`, which f reads; good to about 1e-10 here."""
    slopes, step = np.empty_like(x), 1e-5
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + step
        above = f()
        x[index] = kept - step
        below = f()
        x[index] = kept
        slopes[index] = (above - below) / (2 * step)
    return slopes


def agree(a: Any, b: Any, what: str) -> None:
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-8, err_msg=what)


@pytest.mark.parametrize("build", BUILDS, ids=str)
def test_autodiff_and_derivatives_by_hand_agree(build: Build) -> None:
    rng = np.random.default_rng(41)
    weights, data = build.random_weights(rng), rng.normal(size=(T, B, D))
    first = build.random_state(rng) if build.state else None
    output_by_hand, last_by_hand, cache = build.module.forward(
        weights, data, first, **build.options
    )
    d_output, d_last = rng.normal(size=output_by_hand.shape), build.random_state(rng)
    by_hand, d_x, d_first = build.module.backward(cache, d_output, d_last)

    layer, x = layer_of(build, weights), tg.Value(data)
    states = tuple(tg.Value(s) for s in members(first)) if build.state else ()
    state = states if len(states) == 2 else next(iter(states), None)
    output, last = layer(x, state, lengths=lengths_of(build))
    loss = (output * d_output).sum()
    for s, d in zip(members(last), members(d_last), strict=True):
        loss = loss + (s * d).sum()
    loss.backward()

    agree(output.data, output_by_hand, "output")
    for s, expected in zip(members(last), members(last_by_hand), strict=True):
        agree(s.data, expected, "state")
    agree(x.grad, d_x, "x")
    for s, expected in zip(states, members(d_first), strict=False):
        agree(s.grad, expected, "first state")
    for name, parameter in layer.named_parameters():
        agree(parameter.grad, by_hand[name], name)


@pytest.mark.parametrize("build", [build for build in BUILDS if build.state], ids=str)
def test_autodiff_and_finite_differences_agree(build: Build) -> None:
    rng = np.random.default_rng(42)
    layer = layer_of(build, build.random_weights(rng))
    x = tg.Value(rng.normal(size=(T, B, D)), name="x")
    states = tuple(tg.Value(s, name="first state") for s in members(build.random_state(rng)))
    d_output = rng.normal(size=(T, B, H * build.directions))
    d_last = members(build.random_state(rng))

    def loss() -> tg.Value:
        output, last = layer(x, states if len(states) == 2 else states[0], lengths_of(build))
        parts = zip(members(last), d_last, strict=True)
        return sum(((s * d).sum() for s, d in parts), (output * d_output).sum())

    def number() -> float:
        with tg.no_grad():
            return loss().item()

    loss().backward()
    for value in (*layer.parameters(), x, *states):
        agree(value.grad, differences(number, value.data), str(value.name))
