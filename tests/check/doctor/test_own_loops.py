"""Loops of the user's own, in forms other than the library's layers: named steps or none, weights
that lie either way, one weight for input and state together, one for each gate."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.check import diagnose

H, D, T = 3, 2, 5


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


class LSTMOfOneWeight:
    """Columns, and one weight for each gate that is multiplied by [h, x]: a common tutorial's."""

    def __init__(self, seed: int = 0, zero_state: bool = False) -> None:
        rng = np.random.default_rng(seed)
        self.weights = {f"W{k}": rng.normal(size=(H, H + D)) for k in "fico"}
        self.weights |= {f"b{k}": rng.normal(size=(H, 1)) for k in "fico"}
        self.xs = rng.normal(size=(T, D, 1))
        self.h, self.c = rng.normal(size=(2, H, 1)) * (not zero_state)

    def forward(self, W: Any, named: bool = False) -> Any:
        loss, h, c, saved = 0.0, self.h, self.c, []
        for t, x in enumerate(self.xs):
            with tg.time_step(t) if named else nullcontext():
                z = np.concatenate([h, x])
                f = sigmoid(W["Wf"] @ z + W["bf"])
                i = sigmoid(W["Wi"] @ z + W["bi"])
                g = np.tanh(W["Wc"] @ z + W["bc"])
                o = sigmoid(W["Wo"] @ z + W["bo"])
                c_prev, c = c, f * c + i * g
                h = o * np.tanh(c)
                loss = loss + np.sum(h**2)
            saved.append((z, f, i, g, o, c_prev, c, h))
        return loss, saved

    def by_hand(self, mistake: str = "") -> dict[str, Any]:
        W = self.weights
        _, saved = self.forward(W)
        d = {name: np.zeros_like(w) for name, w in W.items()}
        dh_next, dc_next = np.zeros((H, 1)), np.zeros((H, 1))
        for z, f, i, g, o, c_prev, c, h in reversed(saved):
            dh = 2 * h + dh_next
            slope = 1 if mistake == "tanh′ missing (tanh_c)" else 1 - np.tanh(c) ** 2
            dc = dc_next + dh * o * slope
            da = {
                "f": dc * c_prev * f * (1 - f),
                "i": dc * g * i * (1 - i),
                "c": dc * i * (1 - g**2),
                "o": dh * np.tanh(c) * o * (1 - o),
            }
            if mistake == "h_t where h_{t−1} belongs":
                z = np.concatenate([h, z[H:]])
            dz = 0
            for k, a in da.items():
                d[f"W{k}"] += a @ z.T
                d[f"b{k}"] += a
                dz = dz + W[f"W{k}"].T @ a
            dh_next, dc_next = dz[:H], f * dc
            if mistake in ("no carry from t+1", "carry only through c"):
                dh_next = np.zeros((H, 1))
            if mistake in ("no carry from t+1", "carry only through h"):
                dc_next = np.zeros((H, 1))
            if mistake == "factor f missing (c_prev)":
                dc_next = dc
        return d


MISTAKES = [
    "no carry from t+1",
    "carry only through c",
    "carry only through h",
    "factor f missing (c_prev)",
    "tanh′ missing (tanh_c)",
    "h_t where h_{t−1} belongs",
]


@pytest.mark.parametrize("zero_state", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_an_lstm_of_one_weight_for_each_gate(named: bool, zero_state: bool) -> None:
    net = LSTMOfOneWeight(zero_state=zero_state)
    values = {name: tg.Value(w) for name, w in net.weights.items()}
    loss, _ = net.forward(values, named)
    assert diagnose(net.by_hand(), loss, values).verdict == "right"
    for mistake in MISTAKES:
        found = diagnose(net.by_hand(mistake), loss, values)
        assert found.names == (frozenset([mistake]),), (mistake, str(found))


def rows(W: Any, U: Any, xs: Any, named: bool = False, cut: int = 0) -> tuple[Any, list[Any]]:
    """A net in rows; every `cut` steps the graph is cut, though the state goes on."""
    h: Any = np.full((2, H), 0.5)
    hs, loss = [h], 0.0
    for t, x in enumerate(xs):
        with tg.time_step(t) if named else nullcontext():
            if cut and t and t % cut == 0:
                h = tg.nn.detach_state(h)
            h = np.tanh(x @ W.T + h @ U.T)
            loss = loss + np.sum(h * h)
        hs.append(h)
    return loss, hs


def rows_by_hand(W: Any, U: Any, xs: Any, cut: int = 0) -> dict[str, Any]:
    _, hs = rows(W, U, xs)
    dW, dU, dh_next = np.zeros_like(W), np.zeros_like(U), np.zeros((2, H))
    for t in reversed(range(len(xs))):
        da = (2 * hs[t + 1] + dh_next) * (1 - hs[t + 1] ** 2)
        dW += da.T @ xs[t]
        dU += da.T @ hs[t]
        dh_next = da @ U * (not (cut and t % cut == 0))
    return {"W": dW, "U": dU}


@pytest.mark.parametrize("named", [False, True])
class TestTruncation:
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(H, D)), rng.normal(size=(H, H)), rng.normal(size=(6, 2, D))

    def test_a_carry_that_is_cut(self, named: bool) -> None:
        W, U, xs = self.arrays
        values = {"W": tg.Value(W), "U": tg.Value(U)}
        loss, _ = rows(**values, xs=xs, named=named)
        assert diagnose(rows_by_hand(W, U, xs), loss, values).verdict == "right"
        found = diagnose(rows_by_hand(W, U, xs, cut=3), loss, values)
        assert found.names == (frozenset(["carry cut every 3 steps"]),), str(found)

    def test_a_carry_across_the_border_of_a_window(self, named: bool) -> None:
        W, U, xs = self.arrays
        values = {"W": tg.Value(W), "U": tg.Value(U)}
        loss, _ = rows(**values, xs=xs, named=named, cut=3)
        assert diagnose(rows_by_hand(W, U, xs, cut=3), loss, values).verdict == "right"
        found = diagnose(rows_by_hand(W, U, xs), loss, values)
        assert found.names == (frozenset(["carry across a detached window"]),), str(found)


@pytest.mark.parametrize("cell", [tg.nn.RNN, tg.nn.LSTM, tg.nn.GRU])
@pytest.mark.parametrize("form", [{"num_layers": 2}, {"bidirectional": True}, {"bias": False}])
def test_layers_of_every_form_are_read(cell: Any, form: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    layer = cell(3, 4, generator=rng, **form)
    x, lengths = rng.normal(size=(4, 2, 3)), np.array([4, 3])
    d_output = rng.normal(size=(4, 2, 8 if "bidirectional" in form else 4))
    loss = (layer(x, None, lengths)[0] * d_output).sum()
    manual = {tg.nn.RNN: tg.manual.rnn, tg.nn.LSTM: tg.manual.lstm, tg.nn.GRU: tg.manual.gru}[cell]
    _, _, cache = manual.forward(layer.state_dict(), x, lengths=lengths)
    by_hand, _, _ = manual.backward(cache, d_output)
    assert diagnose(by_hand, loss, layer).verdict == "right"
    last = "weight_hh_l1" if "num_layers" in form else "weight_hh_l0"
    found = diagnose({**by_hand, last: 3 * by_hand[last]}, loss, layer)
    assert found.findings[last].verdict == "accumulated 3 times"
    assert frozenset(["accumulated 3 times"]) in found.names


def test_a_long_sequence_whose_wrong_gradients_explode() -> None:
    rng = np.random.default_rng(0)
    rnn = tg.nn.RNN(3, 4, generator=rng)
    for p in rnn.parameters():
        p.data[...] = 2 * rng.normal(size=p.shape)
    x, d_output = rng.normal(size=(400, 1, 3)), rng.normal(size=(400, 1, 4))
    loss = (rnn(x)[0] * d_output).sum()
    _, _, cache = tg.manual.rnn.forward(rnn.state_dict(), x)
    by_hand, _, _ = tg.manual.rnn.backward(cache, d_output)
    with tg.no_grad():
        assert diagnose(by_hand, loss, rnn).verdict == "right"
        by_hand["weight_hh_l0"] = -by_hand["weight_hh_l0"]
        assert diagnose(by_hand, loss, rnn).names == (frozenset(["sign"]),)


def test_no_grad_makes_no_difference() -> None:
    rng = np.random.default_rng(0)
    gru = tg.nn.GRU(2, 3, generator=rng)
    x = rng.normal(size=(4, 2, 2))
    loss = (gru(x, rng.normal(size=(1, 2, 3)))[0] ** 2).sum()
    wrong = {name: rng.normal(size=p.shape) for name, p in gru.named_parameters()}
    with tg.no_grad():
        found = diagnose(wrong, loss, gru)
    assert found.verdict == "unknown" and len(found.unknown) == 4
