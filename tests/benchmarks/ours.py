"""The same step in this project: a layer of `nn`, and a loop as a user writes it.

Each function returns the parameters and a function for the loss, so that eager and compiled runs
take the same code.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tinygrad_rnn as tg

from .problem import WEIGHTS, Problem, Step

Model = tuple[tuple[tg.Value, ...], Callable[[], tg.Value]]


def layer_model(p: Problem) -> Model:
    """nn.RNN or nn.LSTM, a linear head over all steps, one cross-entropy."""
    rng = np.random.default_rng(0)
    layer = (tg.nn.RNN if p.cell == "rnn" else tg.nn.LSTM)(
        p.V, p.H, generator=rng, dtype=np.float32
    )
    head = tg.nn.Linear(p.H, p.V, generator=rng, dtype=np.float32)
    Wx, Wh, b, Wy, by = p.weights()
    layer.load_state_dict(
        {
            "weight_ih_l0": Wx.T,
            "weight_hh_l0": Wh.T,
            "bias_ih_l0": b,
            "bias_hh_l0": np.zeros_like(b),
        }
    )
    head.load_state_dict({"weight": Wy.T, "bias": by})
    x = p.one_hot()

    def loss() -> tg.Value:
        output, _ = layer(x)
        return tg.softmax_cross_entropy(head(output), p.targets)

    parameters = (
        layer.weight_ih_l0,
        layer.weight_hh_l0,
        layer.bias_ih_l0,
        layer.bias_hh_l0,
        head.weight,
        head.bias,
    )
    return parameters, loss


def _cell(p: Problem, Wx: tg.Value, Wh: tg.Value, b: tg.Value) -> Callable[..., tuple]:
    H = p.H

    def rnn(x, h, c):
        return tg.tanh(x @ Wx + h @ Wh + b), c

    def lstm(x, h, c):
        a = x @ Wx + h @ Wh + b  # (B, 4H)
        i, f = tg.sigmoid(a[:, :H]), tg.sigmoid(a[:, H : 2 * H])
        g, o = tg.tanh(a[:, 2 * H : 3 * H]), tg.sigmoid(a[:, 3 * H :])
        c = f * c + i * g
        return o * tg.tanh(c), c

    return rnn if p.cell == "rnn" else lstm


def loop_model(p: Problem) -> Model:
    """The textbook equations step by step; head and cross-entropy inside the loop."""
    parameters = tuple(tg.Value(w, name=n) for n, w in zip(WEIGHTS, p.weights(), strict=True))
    Wx, Wh, b, Wy, by = parameters
    cell, x = _cell(p, Wx, Wh, b), p.one_hot()

    def loss() -> tg.Value:
        h, c, total = p.zeros(), p.zeros(), 0.0
        for t in range(p.T):
            h, c = cell(x[t], h, c)
            total = total + tg.softmax_cross_entropy(h @ Wy + by, p.targets[t])
        return total / p.T

    return parameters, loss


def head_after_model(p: Problem) -> Model:
    """The same loop, its states stacked; one head and one cross-entropy after it."""
    parameters = tuple(tg.Value(w, name=n) for n, w in zip(WEIGHTS, p.weights(), strict=True))
    Wx, Wh, b, Wy, by = parameters
    cell, x = _cell(p, Wx, Wh, b), p.one_hot()

    def loss() -> tg.Value:
        h, c, states = p.zeros(), p.zeros(), []
        for t in range(p.T):
            h, c = cell(x[t], h, c)
            states.append(h)
        return tg.softmax_cross_entropy(tg.stack(states) @ Wy + by, p.targets)

    return parameters, loss


def _gradients(parameters: tuple[tg.Value, ...]) -> tuple[np.ndarray, ...]:
    grads = tuple(p.grad for p in parameters)
    if len(grads) == len(WEIGHTS):
        return grads
    dW_ih, dW_hh, db_ih, _, dW_head, db_head = grads  # a layer keeps two biases, rows for columns
    return dW_ih.T, dW_hh.T, db_ih, dW_head.T, db_head


def _eager(model: Model) -> Step:
    parameters, loss = model

    def step():
        for parameter in parameters:
            parameter.grad = None
        value = loss()
        value.backward(retain_grad=False)
        return value.item(), _gradients(parameters)

    return step


def eager_layer(p: Problem) -> Step:
    return _eager(layer_model(p))


def eager_loop(p: Problem) -> Step:
    return _eager(loop_model(p))


def eager_head_after(p: Problem) -> Step:
    return _eager(head_after_model(p))
