"""Weights of Keras and ONNX are recognised and refused, and what the message says turns them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import LayoutError, nn

D, H, T, B = 3, 4, 5, 2
Arrays = dict[str, np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def keras_lstm(weights: Arrays, xs: np.ndarray) -> np.ndarray:
    """Keras's LSTM: x W + h U + b, gates i f c o; h of every step, (T, B, H)."""
    h = c = np.zeros((B, H))
    output = []
    for x in xs:
        z = x @ weights["kernel"] + h @ weights["recurrent_kernel"] + weights["bias"]
        i, f, g, o = (z[:, k * H : (k + 1) * H] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        output.append(h)
    return np.stack(output)


def keras_gru(weights: Arrays, xs: np.ndarray) -> np.ndarray:
    """Keras's GRU with reset_after=True, gates z r h, bias (2, 3H)."""
    h = np.zeros((B, H))
    output = []
    for x in xs:
        a = x @ weights["kernel"] + weights["bias"][0]
        b = h @ weights["recurrent_kernel"] + weights["bias"][1]
        z, r = (sigmoid(a[:, k * H : (k + 1) * H] + b[:, k * H : (k + 1) * H]) for k in (0, 1))
        candidate = np.tanh(a[:, 2 * H :] + r * b[:, 2 * H :])
        h = z * h + (1 - z) * candidate
        output.append(h)
    return np.stack(output)


def onnx_lstm(weights: Arrays, xs: np.ndarray) -> np.ndarray:
    """ONNX's LSTM: W (1, 4H, D), gates i o f c, B the input's biases before the state's."""
    W, R, bias = weights["W"][0], weights["R"][0], weights["B"][0]
    h = c = np.zeros((B, H))
    output = []
    for x in xs:
        z = x @ W.T + h @ R.T + bias[: 4 * H] + bias[4 * H :]
        i, o, f, g = (z[:, k * H : (k + 1) * H] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        output.append(h)
    return np.stack(output)


def onnx_gru(weights: Arrays, xs: np.ndarray) -> np.ndarray:
    """ONNX's GRU with linear_before_reset = 1, gates z r h."""
    W, R, bias = weights["W"][0], weights["R"][0], weights["B"][0]
    turned = {
        "kernel": W.T,
        "recurrent_kernel": R.T,
        "bias": np.stack([bias[: 3 * H], bias[3 * H :]]),
    }
    return keras_gru(turned, xs)


def foreign(source: str, gates: int) -> Arrays:
    rng = np.random.default_rng(gates)
    G = gates * H
    if source == "Keras":
        bias = rng.normal(size=(2, G) if gates == 3 else G)
        return {
            "kernel": rng.normal(size=(D, G)),
            "recurrent_kernel": rng.normal(size=(H, G)),
            "bias": bias,
        }
    return {
        "W": rng.normal(size=(1, G, D)),
        "R": rng.normal(size=(1, G, H)),
        "B": rng.normal(size=(1, 2 * G)),
    }


def turned(source: str, gates: int, w: Arrays, order: tuple[int, ...]) -> Arrays:
    """Do what the message says."""
    if source == "Keras":
        bias = w["bias"] if gates == 3 else np.stack([w["bias"], np.zeros(gates * H)])
        ours = [w["kernel"].T, w["recurrent_kernel"].T, *bias]
    else:
        ours = [w["W"][0], w["R"][0], *np.split(w["B"][0], 2)]
    blocks = [np.concatenate([np.split(x, gates)[k] for k in order]) for x in ours]
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return dict(zip(names, blocks, strict=True))


@pytest.mark.parametrize(
    ("source", "kind", "gates", "witness"),
    [
        ("Keras", "LSTM", 4, keras_lstm),
        ("Keras", "GRU", 3, keras_gru),
        ("ONNX", "LSTM", 4, onnx_lstm),
        ("ONNX", "GRU", 3, onnx_gru),
    ],
)
def test_they_are_refused_and_turned_as_said_they_compute_the_same(
    source: str, kind: str, gates: int, witness: Any
) -> None:
    weights = foreign(source, gates)
    layer = getattr(nn, kind)(D, H, generator=np.random.default_rng(0))
    before = layer.state_dict()
    with pytest.raises(LayoutError, match=f"in the layout of {source}") as caught:
        layer.load_state_dict(weights)
    for name, x in layer.state_dict().items():
        np.testing.assert_array_equal(x, before[name])

    said = re.search(r"for k in \(([\d, ]+)\)", str(caught.value))
    order = tuple(map(int, said[1].split(","))) if said else tuple(range(gates))
    layer.load_state_dict(turned(source, gates, weights, order))
    xs = np.random.default_rng(9).normal(size=(T, B, D))
    np.testing.assert_allclose(layer(xs)[0].data, witness(weights, xs), rtol=1e-12)
    if order != tuple(range(gates)):  # in the order that they came in, it is another net
        layer.load_state_dict(turned(source, gates, weights, tuple(range(gates))))
        assert np.abs(layer(xs)[0].data - witness(weights, xs)).max() > 0.01


@pytest.mark.parametrize(("kind", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
def test_names_with_a_path_and_cells_are_recognised_too(kind: str, gates: int) -> None:
    named = {f"model/rnn/{k}:0": x for k, x in foreign("Keras", gates).items()}
    for module in (getattr(nn, kind)(D, H), getattr(nn, f"{kind}Cell")(D, H)):
        with pytest.raises(LayoutError, match="'model/rnn/recurrent_kernel:0'"):
            module.load_state_dict(named)


def test_keras_matrices_under_our_names_are_recognised_by_their_side() -> None:
    layer = nn.LSTM(D, H)
    state = layer.state_dict()
    state["weight_ih_l0"], state["weight_hh_l0"] = np.zeros((D, 4 * H)), np.zeros((H, 4 * H))
    with pytest.raises(LayoutError, match=r"Keras: 'weight_hh_l0' \(4, 16\)"):
        layer.load_state_dict(state, strict=False)


def test_other_misfits_are_told_as_before() -> None:
    layer = nn.LSTM(D, H)
    state = layer.state_dict()
    state["weight_hh_l0"] = np.zeros((4 * H, H + 1))
    with pytest.raises(tg.ShapeError, match="1 misfits") as caught:
        layer.load_state_dict(state)
    assert not isinstance(caught.value, LayoutError)
    with pytest.raises(tg.ShapeError, match="misfits") as caught:
        nn.Linear(D, H).load_state_dict({"kernel": np.zeros((D, H))})
    assert not isinstance(caught.value, LayoutError)
    layer.load_state_dict(layer.state_dict())
