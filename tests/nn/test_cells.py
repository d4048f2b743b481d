"""One step of each cell against the textbook equations in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit

import tinygrad_rnn as tg
from tests.manual.stacks import members
from tinygrad_rnn import nn

D, H, B = 3, 4, 5
Arrays = dict[str, np.ndarray]


def rng() -> np.random.Generator:
    return np.random.default_rng(21)


def rnn(w: Arrays, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    return np.tanh(w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"])


def rnn_relu(w: Arrays, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    return np.maximum(w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"], 0)


def gate(w: Arrays, k: int, x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The k-th block of both products."""
    rows = slice(k * H, (k + 1) * H)
    return (
        w["weight_ih"][rows] @ x + w["bias_ih"][rows],
        w["weight_hh"][rows] @ h + w["bias_hh"][rows],
    )


def lstm(
    w: Arrays, x: np.ndarray, state: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    h, c = state
    i, f, g, o = (sum(gate(w, k, x, h)) for k in range(4))
    c = expit(f) * c + expit(i) * np.tanh(g)
    return expit(o) * np.tanh(c), c


def gru(w: Arrays, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    r, z = (expit(sum(gate(w, k, x, h))) for k in range(2))
    n_x, n_h = gate(w, 2, x, h)
    n = np.tanh(n_x + r * n_h)
    return (1 - z) * n + z * h


CASES = {
    "rnn": (nn.RNNCell, {}, rnn),
    "relu": (nn.RNNCell, {"nonlinearity": "relu"}, rnn_relu),
    "lstm": (nn.LSTMCell, {}, lstm),
    "gru": (nn.GRUCell, {}, gru),
}


def weights_of(cell: nn.Module) -> Arrays:
    """Parameters by name, absent biases as zeros."""
    w = cell.state_dict()
    zeros = np.zeros(len(w["weight_ih"]))
    return {"bias_ih": zeros, "bias_hh": zeros} | w


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_a_step_is_the_textbooks(name: str, bias: bool) -> None:
    kind, options, textbook = CASES[name]
    cell = kind(D, H, bias, generator=rng(), **options)
    w = weights_of(cell)
    x, h, c = (rng().normal(size=(B, n)) for n in (D, H, H))
    pair = name == "lstm"
    rows = [textbook(w, x[b], (h[b], c[b]) if pair else h[b]) for b in range(B)]
    expected = np.stack(rows, axis=1 if pair else 0)  # (2, B, H) or (B, H)

    state = (tg.Value(h), c) if pair else tg.Value(h)
    after = cell(x, state)
    got = np.stack([s.data for s in after]) if pair else after.data
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-14)

    alone = cell(tg.Value(x[1]), (h[1], c[1]) if pair else h[1])  # without a batch
    got = np.stack([s.data for s in alone]) if pair else alone.data
    np.testing.assert_allclose(got, expected[:, 1] if pair else expected[1], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_no_state_is_zeros(name: str) -> None:
    kind, options, _ = CASES[name]
    cell = kind(D, H, generator=rng(), **options)
    x, zero = rng().normal(size=(B, D)), np.zeros((B, H))
    with_zeros = cell(x, (zero, zero) if name == "lstm" else zero)
    for a, b in zip(members(cell(x)), members(with_zeros), strict=True):
        np.testing.assert_array_equal(a.data, b.data)


@pytest.mark.parametrize("name", CASES)
def test_names_and_shapes_are_pytorchs(name: str) -> None:
    kind, options, _ = CASES[name]
    G = {"lstm": 4, "gru": 3}.get(name, 1) * H
    shapes = {k: p.shape for k, p in kind(D, H, **options).named_parameters()}
    assert shapes == {"weight_ih": (G, D), "weight_hh": (G, H), "bias_ih": (G,), "bias_hh": (G,)}
    assert list(kind(D, H, bias=False, **options).state_dict()) == ["weight_ih", "weight_hh"]


@pytest.mark.parametrize("name", CASES)
def test_float32_stays(name: str) -> None:
    kind, options, _ = CASES[name]
    cell = kind(D, H, dtype=np.float32, **options)
    h = cell(np.ones((B, D), np.float32))
    h = h[0] if name == "lstm" else h
    h.sum().backward()
    assert h.dtype == np.float32
    assert {p.grad.dtype for p in cell.parameters()} == {np.dtype(np.float32)}


def test_the_scope_of_a_cell_in_a_users_loop() -> None:
    cell, h = nn.GRUCell(D, H), None
    for t, x in enumerate(np.ones((3, D))):
        with tg.time_step(t):
            h = cell(x, h)
    assert h is not None and h.scope == "t=2/grucell" and tg.time_of(h) == 2


def test_an_unknown_nonlinearity_is_refused() -> None:
    for kind in (nn.RNNCell, nn.RNN):
        with pytest.raises(ValueError, match=r"(?s)nonlinearity='sin'.*'tanh' or .*'relu'"):
            kind(D, H, nonlinearity="sin")


def test_an_unknown_init_is_refused() -> None:
    for kind in (nn.GRUCell, nn.GRU):
        with pytest.raises(ValueError, match=r"(?s)init='zeros'.*'uniform' or .*'orthogonal'"):
            kind(D, H, init="zeros")


@pytest.mark.parametrize(
    ("x", "state", "kind", "said"),
    [
        (np.ones((B, D + 1)), None, ValueError, r"LSTMCell: x has shape \(5, 4\)"),
        (np.ones((2, B, D)), None, ValueError, r"(?s)x has shape \(2, 5, 3\).*\(B, 3\) or \(3,\)"),
        (np.ones((B, D), np.float32), None, TypeError, r"x holds float32, the parameters float64"),
        (np.arange(B), None, TypeError, r"(?s)not token ids.*nn.Embedding"),
        (
            np.ones((B, D)),
            np.ones((B, H)),
            ValueError,
            r"(?s)a state of one ndarray.*pass \(h, c\)",
        ),
        (np.ones((B, D)), (np.ones((B, H)),) * 3, ValueError, r"a state of 3 arrays"),
        (
            np.ones((B, D)),
            (np.ones((B, H)), np.ones((B, D))),
            ValueError,
            r"(?s)the state c has shape \(5, 3\), expected \(5, 4\).*axes are \(B, H\)",
        ),
        (
            np.ones((B, D)),
            (np.ones((B, H)), np.ones((B, H), np.float32)),
            TypeError,
            r"c holds float32",
        ),
    ],
)
def test_a_cell_refuses(x: Any, state: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        nn.LSTMCell(D, H)(x, state)


def test_a_pair_is_no_state_of_a_gru() -> None:
    with pytest.raises(ValueError, match=r"(?s)GRUCell: a state of 2 arrays.*pass h$"):
        nn.GRUCell(D, H)(np.ones((B, D)), (np.ones((B, H)), np.ones((B, H))))
