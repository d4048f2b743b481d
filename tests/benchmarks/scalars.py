"""Scalar work, one node a number: micrograd's network, and a long chain of additions.

micrograd and this project run the very same code, with the one's Value class or the other's.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .problem import Arrays, Step

DECAY = 1e-4


@dataclass(frozen=True)
class ScalarProblem:
    """Points in the plane with labels ±1 and a network for them, or a chain of `length`."""

    weights: Arrays  # (16, 3) (16, 17) (1, 17): the bias is the last column
    x: np.ndarray  # (20, 2)
    y: np.ndarray  # (20,)
    length: int


def make(case: str) -> ScalarProblem:
    """Build ``"network"``, 2-16-16-1 on 20 points, or a chain, e.g. ``"chain:20000"``."""
    rng = np.random.default_rng(0)
    return ScalarProblem(
        weights=tuple(rng.uniform(-1, 1, shape) for shape in ((16, 3), (16, 17), (1, 17))),
        x=rng.standard_normal((20, 2)),
        y=rng.choice([-1.0, 1.0], 20),
        length=int(case.partition(":")[2] or 0),
    )


def by_hand(p: ScalarProblem) -> Step:
    """Compute the same loss and gradients with whole arrays, or the chain's in closed form."""
    return _network_by_hand(p) if not p.length else _chain_by_hand(p)


def _chain_by_hand(p: ScalarProblem) -> Step:
    total = float(p.length + 1)
    return lambda: (total, (np.array([total]),))


def _network_by_hand(p: ScalarProblem) -> Step:
    def with_ones(x: np.ndarray) -> np.ndarray:
        return np.concatenate([x, np.ones((len(x), 1))], axis=1)

    W1, W2, W3 = p.weights

    def step():
        x0 = with_ones(p.x)
        a1 = x0 @ W1.T
        x1 = with_ones(np.maximum(a1, 0))
        a2 = x1 @ W2.T
        x2 = with_ones(np.maximum(a2, 0))
        margin = 1 - p.y * (x2 @ W3.T)[:, 0]
        loss = np.maximum(margin, 0).mean() + DECAY * sum((w * w).sum() for w in p.weights)
        da3 = (-p.y * (margin > 0) / len(p.y))[:, None]
        da2 = (da3 @ W3[:, :-1]) * (a2 > 0)
        da1 = (da2 @ W2[:, :-1]) * (a1 > 0)
        grads = (da1.T @ x0, da2.T @ x1, da3.T @ x2)
        return loss, tuple(g + 2 * DECAY * w for g, w in zip(grads, p.weights, strict=True))

    return step


def _on(p: ScalarProblem, value: Callable[[float], Any], backward: Callable[[Any], None]) -> Step:
    """Run the work on a class of scalar nodes."""
    return (_chain if p.length else _network)(p, value, backward)


def _chain(p: ScalarProblem, value, backward) -> Step:
    def step():
        x = value(1.0)
        y = x
        for _ in range(p.length):
            y = y + x
        backward(y)
        return float(y.data), (np.array([x.grad]),)

    return step


def _network(p: ScalarProblem, value, backward) -> Step:
    def neuron(w, x):
        return sum((wi * xi for wi, xi in zip(w, x, strict=False)), w[-1])

    def step():
        layers = [[[value(w) for w in row] for row in W.tolist()] for W in p.weights]
        losses = []
        for point, label in zip(p.x.tolist(), p.y.tolist(), strict=True):
            x = [value(number) for number in point]
            for layer in layers[:-1]:
                x = [neuron(w, x).relu() for w in layer]
            score = neuron(layers[-1][0], x)
            losses.append((1 + -label * score).relu())
        decay = sum(w * w for layer in layers for row in layer for w in row)
        loss = sum(losses) * (1.0 / len(losses)) + DECAY * decay
        backward(loss)
        grads = tuple(np.array([[w.grad for w in row] for row in layer]) for layer in layers)
        return float(loss.data), grads

    return step


def micrograd(p: ScalarProblem) -> Step:
    """micrograd, whose walk over the graph calls itself: it needs a deep stack."""
    from micrograd.engine import Value

    step = _on(p, Value, lambda y: y.backward())
    if not p.length:
        return step
    sys.setrecursionlimit(10 * p.length)
    threading.stack_size(512 * 2**20)

    def on_deep_stack():
        results = []
        thread = threading.Thread(target=lambda: results.append(step()))
        thread.start()
        thread.join()
        return results[0]

    return on_deep_stack


def ours(p: ScalarProblem) -> Step:
    """Our Value, which like micrograd's keeps the gradient of every node."""
    import tinygrad_rnn as tg

    return _on(p, tg.Value, lambda y: y.backward())


def ours_leaves_only(p: ScalarProblem) -> Step:
    """Our Value, keeping the gradients of leaves."""
    import tinygrad_rnn as tg

    return _on(p, tg.Value, lambda y: y.backward(retain_grad=False))
