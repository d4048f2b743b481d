"""The same step in this project: a layer of `nn`, and loops as a user writes them.

Eager and compiled runs take the same loss, a function of inputs and targets: what it is given is
new at each call, so that no compiler may keep anything of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import tinygrad_rnn as tg

from .problem import WEIGHTS, Problem, Step

Loss = Callable[[np.ndarray, np.ndarray], tg.Value]


class Model(NamedTuple):
    """Parameters, a loss, and what it is given: one-hot rows (T, B, V) or ids (T, B), targets."""

    parameters: tuple[tg.Value, ...]
    loss: Loss
    inputs: np.ndarray
    targets: np.ndarray


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

    def loss(x, targets):
        output, _ = layer(x)
        return tg.softmax_cross_entropy(head(output), targets)

    parameters = (
        layer.weight_ih_l0,
        layer.weight_hh_l0,
        layer.bias_ih_l0,
        layer.bias_hh_l0,
        head.weight,
        head.bias,
    )
    return Model(parameters, loss, p.one_hot(), p.targets)


def _cell(p: Problem, Wh: tg.Value, b: tg.Value) -> Callable[..., tuple]:
    H = p.H

    def rnn(xW, h, c):
        return tg.tanh(xW + h @ Wh + b), c

    def lstm(xW, h, c):
        a = xW + h @ Wh + b  # (B, 4H)
        i, f = tg.sigmoid(a[:, :H]), tg.sigmoid(a[:, H : 2 * H])
        g, o = tg.tanh(a[:, 2 * H : 3 * H]), tg.sigmoid(a[:, 3 * H :])
        c = f * c + i * g
        return o * tg.tanh(c), c

    return rnn if p.cell == "rnn" else lstm


def loop_model(p: Problem) -> Model:
    """The textbook equations step by step; head and cross-entropy inside the loop."""
    parameters = tuple(tg.Value(w, name=n) for n, w in zip(WEIGHTS, p.weights(), strict=True))
    Wx, Wh, b, Wy, by = parameters
    cell = _cell(p, Wh, b)

    def loss(x, targets):
        h, c, total = p.zeros(), p.zeros(), 0.0
        for t in range(p.T):
            h, c = cell(x[t] @ Wx, h, c)
            total = total + tg.softmax_cross_entropy(h @ Wy + by, targets[t])
        return total / p.T

    return Model(parameters, loss, p.one_hot(), p.targets)


def rows_model(p: Problem) -> Model:
    """The same loop, which looks a row of Wx up where the other multiplies by a one-hot row."""
    parameters = tuple(tg.Value(w, name=n) for n, w in zip(WEIGHTS, p.weights(), strict=True))
    Wx, Wh, b, Wy, by = parameters
    cell = _cell(p, Wh, b)

    def loss(ids, targets):
        h, c, total = p.zeros(), p.zeros(), 0.0
        for t in range(p.T):
            h, c = cell(Wx[ids[t]], h, c)
            total = total + tg.softmax_cross_entropy(h @ Wy + by, targets[t])
        return total / p.T

    return Model(parameters, loss, p.ids, p.targets)


def head_after_model(p: Problem) -> Model:
    """The first loop, its states stacked; one head and one cross-entropy after it."""
    parameters = tuple(tg.Value(w, name=n) for n, w in zip(WEIGHTS, p.weights(), strict=True))
    Wx, Wh, b, Wy, by = parameters
    cell = _cell(p, Wh, b)

    def loss(x, targets):
        h, c, states = p.zeros(), p.zeros(), []
        for t in range(p.T):
            h, c = cell(x[t] @ Wx, h, c)
            states.append(h)
        return tg.softmax_cross_entropy(tg.stack(states) @ Wy + by, targets)

    return Model(parameters, loss, p.one_hot(), p.targets)


def compiled(model: Model) -> Model:
    """Return the model with its loss compiled."""
    return model._replace(loss=tg.compile(model.loss))


def _gradients(parameters: tuple[tg.Value, ...]) -> tuple[np.ndarray, ...]:
    grads = tuple(p.grad for p in parameters)
    if len(grads) == len(WEIGHTS):
        return grads
    dW_ih, dW_hh, db_ih, _, dW_head, db_head = grads  # a layer keeps two biases, rows for columns
    return dW_ih.T, dW_hh.T, db_ih, dW_head.T, db_head


def _step(model: Model) -> Step:
    def step():
        for parameter in model.parameters:
            parameter.grad = None
        value = model.loss(model.inputs, model.targets)
        value.backward(retain_grad=False)
        return value.item(), _gradients(model.parameters)

    return step


def eager_layer(p: Problem) -> Step:
    return _step(layer_model(p))


def eager_loop(p: Problem) -> Step:
    return _step(loop_model(p))


def eager_rows(p: Problem) -> Step:
    return _step(rows_model(p))


def eager_head_after(p: Problem) -> Step:
    return _step(head_after_model(p))


def compiled_layer(p: Problem) -> Step:
    return _step(compiled(layer_model(p)))


def compiled_loop(p: Problem) -> Step:
    return _step(compiled(loop_model(p)))


def compiled_rows(p: Problem) -> Step:
    return _step(compiled(rows_model(p)))


def compiled_head_after(p: Problem) -> Step:
    return _step(compiled(head_after_model(p)))
