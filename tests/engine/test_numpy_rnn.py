"""A forward pass written for NumPy arrays, run on Values unchanged, against BPTT by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import slopes
from tinygrad_rnn import Value

V, H, T = 5, 4, 6
INPUTS, TARGETS = [0, 3, 1, 4, 1, 2], [3, 1, 4, 1, 2, 0]


def loss_of(Wxh: Any, Whh: Any, Why: Any, bh: Any, by: Any) -> Any:
    """The forward pass of min-char-rnn, with its names: column vectors, dicts, one-hot inputs."""
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.zeros((H, 1))
    loss = 0
    for t in range(len(INPUTS)):
        xs[t] = np.zeros((V, 1))
        xs[t][INPUTS[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][TARGETS[t], 0])
    return loss


def loss_and_gradients_by_hand(
    Wxh: np.ndarray, Whh: np.ndarray, Why: np.ndarray, bh: np.ndarray, by: np.ndarray
) -> tuple[float, list[np.ndarray]]:
    """min-char-rnn's backward pass, written out."""
    hs, ps, loss = {-1: np.zeros((H, 1))}, {}, 0.0
    for t in range(T):
        hs[t] = np.tanh(Wxh[:, [INPUTS[t]]] + Whh @ hs[t - 1] + bh)
        y = Why @ hs[t] + by
        ps[t] = np.exp(y) / np.exp(y).sum()
        loss -= float(np.log(ps[t][TARGETS[t], 0]))
    dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(w) for w in (Wxh, Whh, Why, bh, by))
    dh_next = np.zeros((H, 1))
    for t in reversed(range(T)):
        dy = ps[t].copy()
        dy[TARGETS[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh_raw = (1 - hs[t] ** 2) * (Why.T @ dy + dh_next)
        dbh += dh_raw
        dWxh[:, INPUTS[t]] += dh_raw[:, 0]
        dWhh += dh_raw @ hs[t - 1].T
        dh_next = Whh.T @ dh_raw
    return loss, [dWxh, dWhh, dWhy, dbh, dby]


def weights() -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    shapes = [(H, V), (H, H), (V, H), (H, 1), (V, 1)]
    return [rng.normal(size=shape) * 0.4 for shape in shapes]


def test_min_char_rnn_unchanged() -> None:
    leaves = [Value(w) for w in weights()]
    loss = loss_of(*leaves)
    assert isinstance(loss, Value)
    assert float(loss) == pytest.approx(float(loss_of(*weights())), rel=1e-15)
    loss.backward()
    by_hand, expected = loss_and_gradients_by_hand(*weights())
    assert float(loss) == pytest.approx(by_hand, rel=1e-14)
    for leaf, g in zip(leaves, expected, strict=True):
        np.testing.assert_allclose(leaf.grad, g, rtol=1e-11, atol=1e-13)


def test_min_char_rnn_against_difference_quotients() -> None:
    leaves = [Value(w) for w in weights()]
    loss_of(*leaves).backward(retain_grad=False)
    for leaf, slope in zip(leaves, slopes(loss_of, *weights()), strict=True):
        np.testing.assert_allclose(leaf.grad, slope, rtol=1e-6, atol=1e-9)


def test_min_char_rnn_through_grad() -> None:
    found = tg.grad(loss_of, argnums=(0, 1, 2, 3, 4))(*weights())
    for g, expected in zip(found, loss_and_gradients_by_hand(*weights())[1], strict=True):
        assert isinstance(g, np.ndarray)
        np.testing.assert_allclose(g, expected, rtol=1e-11, atol=1e-13)


def batched(x: Any, Wxh: Any, Whh: Any, bh: Any, Why: Any) -> Any:
    """Vectors instead of columns, @ instead of dot, a preallocated list, a probability."""
    h = np.zeros(H)
    states = []
    for t in range(len(x)):
        h = np.tanh(Wxh @ x[t] + Whh @ h + bh)
        states.append(h)
    z = np.stack(states) @ Why.T
    z = z - np.max(z, axis=-1, keepdims=True)
    p = np.exp(z) / np.sum(np.exp(z), axis=-1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(TARGETS)), TARGETS]))


def test_vectors_and_stacked_states_with_the_input_differentiated_too() -> None:
    Wxh, Whh, Why, bh, _ = weights()
    x = np.random.default_rng(9).normal(size=(T, V))
    arrays = (x, Wxh, Whh, bh[:, 0], Why)
    leaves = [Value(array) for array in arrays]
    loss = batched(*leaves)
    assert float(loss) == pytest.approx(float(batched(*arrays)), rel=1e-14)
    loss.backward()
    for leaf, slope in zip(leaves, slopes(batched, *arrays), strict=True):
        np.testing.assert_allclose(leaf.grad, slope, rtol=1e-6, atol=1e-9)


def gated(x: Any, W: Any, b: Any) -> Any:
    """One LSTM in NumPy: gates split from one product, sigmoid written out."""
    h, c = np.zeros(H), np.zeros(H)
    for t in range(len(x)):
        i, f, g, o = np.split(W @ np.concatenate([x[t], h]) + b, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
    return np.sum(h * h) + np.dot(c, c)


def test_an_lstm_written_for_arrays() -> None:
    rng = np.random.default_rng(10)
    arrays = (rng.normal(size=(T, V)), rng.normal(size=(4 * H, V + H)), rng.normal(size=4 * H))
    leaves = [Value(array) for array in arrays]
    gated(*leaves).backward()
    for leaf, slope in zip(leaves, slopes(gated, *arrays), strict=True):
        np.testing.assert_allclose(leaf.grad, slope, rtol=1e-6, atol=1e-9)


def test_training_by_hand_lowers_the_loss() -> None:
    leaves = [Value(w) for w in weights()]
    losses = []
    for _ in range(30):
        loss = loss_of(*leaves)
        losses.append(float(loss))
        for leaf in leaves:
            leaf.grad = None
        loss.backward(retain_grad=False)
        for leaf in leaves:
            leaf.data -= 0.1 * leaf.grad
    assert losses[-1] < 0.5 * losses[0]
