"""Graphs that the tests of this room look at: nets of the package, and loops that people write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

D, H, B = 3, 4, 2


def net(kind: str, T: int, lengths: Any = None, **options: Any) -> tg.Value:
    """Σ h² over all outputs of a recurrent net that has seen T random steps."""
    rng = np.random.default_rng(0)
    layer = getattr(tg.nn, kind)(D, H, generator=rng, **options)
    output, _ = layer(rng.normal(size=(T, B, D)), lengths=lengths)
    return (output**2).sum()


def own_loop(T: int) -> tg.Value:
    """A loop as in the README, under time_step: x is an array, the state begins as one."""
    W, h = tg.Value(np.eye(H), name="W"), np.zeros(H)
    x = np.ones((T, H))
    for t in range(T):
        with tg.time_step(t):
            h = np.tanh(W @ h + x[t])
    return np.sum(h**2)


def leaky_loop(T: int) -> tg.Value:
    """The first step lacks an op: 0.9 · h is plain NumPy there; x is one Value, read at each t."""
    W, h, loss = tg.Value(np.eye(H), name="W"), np.zeros(H), 0.0
    x = tg.Value(np.ones((T, H)), name="x")
    for t in range(T):
        with tg.time_step(t):
            h = 0.9 * h + np.tanh(W @ h + x[t])
            loss = loss + np.sum(h * h)
    return loss


def outside_loop(T: int) -> tg.Value:
    """Reading x and adding losses up stand outside of time_step."""
    W, h, losses = tg.Value(np.eye(H), name="W"), tg.Value(np.zeros(H), name="h0"), []
    for t, x in enumerate(tg.Value(np.ones((T, H)), name="x")):
        with tg.time_step(t):
            h = np.tanh(W @ h + x)
        losses.append(np.sum(h * h))
    return sum(losses)


def pruned_loop(T: int) -> tg.Value:
    """An LSTM whose last step needs no output gate, which stands in the middle of the gates."""
    W, h, c = tg.Value(np.eye(4 * H, H), name="W"), np.zeros(H), np.zeros(H)
    for t in range(T):
        with tg.time_step(t):
            z = (W @ h + 1.0).reshape(4, H)
            i, o, f, g = z[0].sigmoid(), z[1].sigmoid(), z[2].sigmoid(), np.tanh(z[3])
            c = f * c + i * g
            h = o * np.tanh(c)
    return np.sum(c)


def backwards_loop(T: int) -> tg.Value:
    """It reads x from the end; each step has a leaf of its own."""
    W, h = tg.Value(np.eye(H), name="W"), tg.Value(np.zeros(H), name="h0")
    x = tg.Value(np.ones((T, H)), name="x")
    for t in range(T):
        noise = tg.Value(np.full(H, 0.1 * t))
        with tg.time_step(t):
            h = np.tanh(W @ h + x[T - 1 - t] + noise)
    return np.sum(h)


def stacked_cells(T: int) -> tg.Value:
    """Two cells in one loop, each with its own scope inside of the time step."""
    rng = np.random.default_rng(0)
    lower, upper = tg.nn.GRUCell(D, H, generator=rng), tg.nn.GRUCell(H, H, generator=rng)
    a = b = None
    for t in range(T):
        with tg.time_step(t):
            with tg.name_scope("lower"):
                a = lower(np.ones((B, D)), a)
            with tg.name_scope("upper"):
                b = upper(a, b)
    return b.sum()


def loop_in_loop(T: int) -> tg.Value:
    """A time step inside a time step."""
    W, h = tg.Value(0.5, name="W"), tg.Value(0.1, name="h0")
    for outer in range(T):
        with tg.time_step(outer):
            for inner in range(3):
                with tg.time_step(inner):
                    h = np.tanh(W * h)
            h = h * h
    return h


def window_loop(T: int) -> tg.Value:
    """Each step reads its own x and the next one: every x is used by two steps."""
    W, h = tg.Value(np.eye(H), name="W"), np.zeros(H)
    x = [np.full(H, 0.1 * t) for t in range(T + 1)]
    for t in range(T):
        with tg.time_step(t):
            h = np.tanh(W @ h + x[t]) * x[t + 1]
    return np.sum(h)


def shifted_loop(T: int) -> tg.Value:
    """Each step reads its own row of x and the one before, both cut out before the loop."""
    W, h = tg.Value(np.eye(H), name="W"), np.zeros(H)
    rows = list(tg.Value(np.ones((T, H)), name="x"))
    for t in range(T):
        with tg.time_step(t):
            h = np.tanh(W @ h + rows[t] + (rows[t - 1] if t else 0.0))
    return np.sum(h)


def attention(T: int) -> tg.Value:
    """Every step reads all steps before it: more at every step."""
    W, h = tg.Value(np.eye(H), name="W"), tg.Value(np.ones(H), name="h0")
    states = [h]
    for t in range(T):
        with tg.time_step(t):
            h = np.tanh(W @ np.sum(np.stack(states), axis=0))
            states.append(h)
    return np.sum(h)


LOOPS: dict[str, Callable[[int], tg.Value]] = {
    f.__name__: f
    for f in (
        own_loop,
        leaky_loop,
        outside_loop,
        pruned_loop,
        backwards_loop,
        stacked_cells,
        loop_in_loop,
        window_loop,
        shifted_loop,
        attention,
    )
}


def first_expression() -> tg.Value:
    """The expression of micrograd's README, with its names."""
    a, b = tg.Value(-4.0, name="a"), tg.Value(2.0, name="b")
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    g.name = "g"
    return g
