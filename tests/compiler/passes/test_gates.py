"""Gates with weights of their own are computed as columns of one array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

from ..agreement import assert_agrees

T, B, D, H = 5, 4, 3, 6


def param(*shape: int, dtype: Any = np.float64, seed: int = 0) -> tg.Value:
    rng = np.random.default_rng(seed)
    return tg.Value((0.5 * rng.normal(size=shape)).astype(dtype))


def batches(*shape: int, dtype: Any = np.float64) -> list[tuple[Any, ...]]:
    return [(np.random.default_rng(i).normal(size=shape).astype(dtype),) for i in range(3)]


def curves(f: Any) -> int:
    return sum(s.rule.name in ("tanh", "sigmoid") for s in f.program.history["widen"].computed())


def products(f: Any, after: str = "widen") -> int:
    return sum(s.rule.name in ("matmul", "linear") for s in forward(f, after))


def forward(f: Any, after: str) -> list[Any]:
    program = f.program.history[after]
    return [s for s in program.computed() if s.order <= program.outputs[0].order]


def lstm(gate: Callable[[int, Any, Any], Any], zeros: Any) -> Callable[..., Any]:
    def loss(x):  # type: ignore[no-untyped-def]
        h = c = zeros
        for t in range(len(x)):
            i, f, o = (tg.sigmoid(gate(k, x[t], h)) for k in range(3))
            c = f * c + i * np.tanh(gate(3, x[t], h))
            h = o * np.tanh(c)
        return np.sum(h * h)

    return loss


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("style", ["rows", "joined rows", "linear", "vectors", "bias of one row"])
def test_an_lstm_with_a_weight_for_each_gate(style: str, dtype: Any) -> None:
    W = [param(D, H, dtype=dtype, seed=k) for k in range(4)]
    U = [param(H, H, dtype=dtype, seed=4 + k) for k in range(4)]
    b = [param(H, dtype=dtype, seed=8 + k) for k in range(4)]
    zeros = np.zeros((B, H), dtype)
    shape: tuple[int, ...] = (T, B, D)
    gates: dict[str, Callable[[int, Any, Any], Any]] = {
        "rows": lambda k, x, h: x @ W[k] + h @ U[k] + b[k],
        "linear": lambda k, x, h: tg.linear(x, W[k], b[k]) + tg.linear(h, U[k]),
        "vectors": lambda k, x, h: W[k] @ x + (U[k] @ h + b[k]),
    }
    gate = gates.get(style, gates["rows"])
    if style in ("linear", "vectors"):
        W = [param(H, D, dtype=dtype, seed=k) for k in range(4)]
    if style == "vectors":
        zeros, shape = np.zeros(H, dtype), (T, D)
    if style == "joined rows":
        W = [param(D + H, H, dtype=dtype, seed=k) for k in range(4)]
        U = []
        gate = lambda k, x, h: np.concatenate([h, x], axis=-1) @ W[k] + b[k]  # noqa: E731
    if style == "bias of one row":
        b = [param(1, H, dtype=dtype, seed=8 + k) for k in range(4)]
    f = assert_agrees(lstm(gate, zeros), [*W, *U, *b], batches(*shape, dtype=dtype))
    in_one = 1 if dtype == np.float32 else 2  # curves of a step's gates
    assert curves(f) == T * (in_one + 1)
    assert products(f) == T * (1 if style == "joined rows" else 2)


def test_what_is_no_gate_of_the_same_operands_stays_apart() -> None:
    W, V, U, b = params = [param(D, H), param(D, H, seed=1), param(H, H, seed=2), param(H, seed=3)]

    def loss(x):  # type: ignore[no-untyped-def]
        h = np.zeros((B, H))
        for t in range(T):
            apart = tg.sigmoid(x[t] @ W + b) * tg.sigmoid((2 * x[t]) @ V + b)  # of other rows
            deep = tg.sigmoid(h @ U + b) * tg.sigmoid((h * h) @ U + b)
            narrow = tg.sigmoid(x[t] @ W[:, :1] + h[:, :1])  # columns repeated in the sum
            h = np.tanh(apart + deep * narrow)
        return np.sum(h * h)

    f = assert_agrees(loss, params, batches(T, B, D))
    assert curves(f) == 6 * T


def test_biases_that_are_computed_or_repeated_stay_apart() -> None:
    W, V, b, c = params = [param(H, D), param(H, D, seed=1), param(H, seed=2), param(1, seed=3)]

    def computed(x):  # type: ignore[no-untyped-def]
        gates = (tg.sigmoid(tg.linear(x[t], w, b * b)) for t in range(T) for w in (W, V))
        return sum(np.sum(gate**2) for gate in gates)

    def repeated(x):  # type: ignore[no-untyped-def]
        gates = (tg.sigmoid(x[t] @ w.T + c) for t in range(T) for w in (W, V))
        return sum(np.sum(gate**2) for gate in gates)

    def of_one_entry(x):  # type: ignore[no-untyped-def]
        gates = (tg.sigmoid(tg.linear(x[t], w, c)) for t in range(T) for w in (W, V))
        return sum(np.sum(gate**2) for gate in gates)

    for loss in (computed, repeated, of_one_entry):
        f = assert_agrees(loss, params, batches(T, B, D))
        assert products(f) == 2 * T


def test_gates_of_different_widths_and_shared_weights() -> None:
    W, V, b, c = params = [param(D, H), param(D, 2), param(H), param(2)]

    def loss(x):  # type: ignore[no-untyped-def]
        total = 0
        for t in range(T):
            a = x[t] @ W + b
            total = total + np.sum(tg.sigmoid(a)) * np.sum(np.tanh(a)) + np.sum(a * a)
            total = total + np.sum(tg.sigmoid(x[t] @ V + c)) * np.sum(tg.sigmoid(x[t] @ W + b))
        return total

    assert_agrees(loss, params, batches(T, B, D))


def test_weights_of_another_precision_are_not_joined() -> None:
    W, V = params = [param(D, H, dtype=np.float32), param(D, H)]

    def loss(x):  # type: ignore[no-untyped-def]
        return sum(np.sum(tg.sigmoid(x[t] @ W) * tg.sigmoid(x[t] @ V)) for t in range(T))

    f = assert_agrees(loss, params, batches(T, B, D))
    assert products(f) == 2 * T


def test_large_weights_of_few_steps_are_not_copied() -> None:
    W, V = params = [param(D, 8000), param(D, 8000, seed=1)]

    def loss(x):  # type: ignore[no-untyped-def]
        return sum(np.sum(tg.sigmoid(x[t] @ W) * tg.sigmoid(x[t] @ V)) for t in range(len(x)))

    assert products(assert_agrees(loss, params, batches(2, B, D))) == 2 * 2
    assert products(assert_agrees(loss, params, batches(3, B, D))) == 3


def test_a_long_sum_of_parameters_costs_no_more_than_its_length() -> None:
    w = [param(2, seed=k) for k in range(3000)]

    def loss(x):  # type: ignore[no-untyped-def]
        y = w[0]
        for v in w[1:]:
            y = y + v
        return np.sum(np.tanh(y + x))

    f = tg.compile(loss)
    f(np.ones(2)).backward()
    np.testing.assert_allclose(w[0].grad, w[-1].grad)
