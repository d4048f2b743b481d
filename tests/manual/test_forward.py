"""The forward pass against PyTorch's documented formulas, one unit at a time in plain Python."""

from __future__ import annotations

from math import exp, tanh
from typing import Any

import numpy as np
import pytest

from tests.manual.stacks import BUILDS, LENGTHS, B, Build, D, H, T, members


def sigmoid(a: float) -> float:
    return 1 / (1 + exp(-a))


def one_step(
    build: Build, weights: dict[str, Any], ending: str, x: list[float], state: tuple[Any, ...]
) -> tuple[list[float], ...]:
    """Take one step of one sequence; every unit and gate is a Python number."""
    h_prev = state[0]

    def part(side: str, vector: list[float], row: int) -> float:
        products = zip(weights[f"weight_{side}_{ending}"][row], vector, strict=True)
        bias = weights[f"bias_{side}_{ending}"][row] if build.bias else 0.0
        return float(sum(w * v for w, v in products) + bias)

    h, c = [], []
    for unit in range(H):
        from_x = [part("ih", x, gate * H + unit) for gate in range(4) if gate * H < rows(weights)]
        from_h = [part("hh", h_prev, gate * H + unit) for gate in range(len(from_x))]
        a = [u + v for u, v in zip(from_x, from_h, strict=True)]
        if build.cell == "rnn":
            h.append(tanh(a[0]) if build.nonlinearity == "tanh" else max(a[0], 0.0))
        elif build.cell == "lstm":
            c.append(sigmoid(a[1]) * state[1][unit] + sigmoid(a[0]) * tanh(a[2]))
            h.append(sigmoid(a[3]) * tanh(c[unit]))
        else:
            r, z = sigmoid(a[0]), sigmoid(a[1])
            n = tanh(from_x[2] + r * from_h[2])
            h.append((1 - z) * n + z * h_prev[unit])
    return (h, c) if build.cell == "lstm" else (h,)


def rows(weights: dict[str, Any]) -> int:
    return len(weights["weight_ih_l0"])


def one_sequence(
    build: Build, weights: dict[str, Any], x: list[list[float]], first: list[tuple[Any, ...]]
) -> tuple[list[list[float]], list[tuple[Any, ...]]]:
    """Run one unpadded sequence through all layers and directions."""
    last = []
    for layer in range(build.layers):
        sides = []
        for direction in range(build.directions):
            state, output = first[layer * build.directions + direction], {}
            order = reversed(range(len(x))) if direction else range(len(x))
            for t in order:
                ending = f"l{layer}" + "_reverse" * direction
                state = one_step(build, weights, ending, x[t], state)
                output[t] = state[0]
            sides.append([output[t] for t in range(len(x))])
            last.append(state)
        x = [[h for side in sides for h in side[t]] for t in range(len(x))]
    return x, last


@pytest.mark.parametrize("build", BUILDS, ids=str)
def test_outputs_and_last_states(build: Build) -> None:
    rng = np.random.default_rng(3)
    weights, x = build.random_weights(rng), rng.normal(size=(T, B, D))
    state = build.random_state(rng) if build.state else None
    output, state_n, _ = build.module.forward(weights, x, state, **build.options)

    count = build.layers * build.directions
    assert output.shape == (T, B, build.directions * H)
    assert [s.shape for s in members(state_n)] == [(count, B, H)] * (1 + (build.cell == "lstm"))
    first = members(state) if state is not None else [np.zeros_like(s) for s in members(state_n)]
    for b, length in enumerate(LENGTHS if build.lengths else [T] * B):
        expected, last = one_sequence(
            build,
            weights,
            x[:length, b].tolist(),
            [tuple(s[k, b] for s in first) for k in range(count)],
        )
        np.testing.assert_allclose(output[:length, b], expected, rtol=0, atol=1e-13)
        assert not output[length:, b].any()
        for j, s in enumerate(members(state_n)):
            np.testing.assert_allclose(s[:, b], [end[j] for end in last], rtol=0, atol=1e-13)
