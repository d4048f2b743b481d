"""Graphs that the tests of the stepper look at, beside those of `graphs`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

import tinygrad_rnn as tg
from tests.viz.graphs import LOOPS, first_expression
from tinygrad_rnn import Value
from tinygrad_rnn.engine.graph import ancestors

HOSTILE = '"}; </script><script>alert(1)</script><img src=x onerror=alert(2)>'


def recurrent(kind: str, T: int = 3, H: int = 2, D: int = 3, **settings: object) -> Value:
    """The squared error of a recurrent layer; the weights' names are the layer's."""
    generator = np.random.default_rng(7)
    layer = getattr(tg.nn, kind)(D, H, generator=generator, **settings)
    output, _ = layer(generator.normal(size=(T, 1, D)))
    return tg.mse(output, generator.normal(size=output.shape))


def loss_at_every_step(name: str = "W") -> Value:
    """A loop by hand, with a loss at every step, in a module of its own."""
    generator = np.random.default_rng(8)
    W = Value(generator.normal(size=(20, 20)) / 5, name=name)
    h = Value(generator.normal(size=(16, 20)), requires_grad=False)
    loss: Value | float = 0.0
    for t in range(3):
        with tg.time_step(t):
            h = tg.tanh(h @ W)
            with tg.name_scope("loss"):
                loss = loss + (h * h).mean()
    assert isinstance(loss, Value)
    return loss


def language_model() -> Value:
    """An op before the steps (the embedding), and ids that are used before and after them."""
    model = tg.nn.LanguageModel(5, 4, cell="gru", generator=np.random.default_rng(9))
    ids = np.array([[1, 2], [3, 4], [0, 2]])
    logits, _ = model(ids)
    loss: Value = tg.softmax_cross_entropy(logits, ids)
    return loss


class Perceptron(tg.nn.Module):
    """Modules without time."""

    def __init__(self) -> None:
        generator = np.random.default_rng(10)
        self.first = tg.nn.Linear(2, 3, generator=generator)
        self.second = tg.nn.Linear(3, 1, generator=generator)

    def forward(self, x: np.ndarray) -> Value:
        return self.second(tg.tanh(self.first(x)))


def perceptron() -> Value:
    """The error of a perceptron."""
    generator = np.random.default_rng(11)
    return tg.mse(Perceptron()(generator.normal(size=(4, 2))), generator.normal(size=(4, 1)))


def tangle(seed: int) -> Value:
    """Sixty additions and multiplications of whatever was there."""
    generator = np.random.default_rng(seed)
    values = [Value(float(x)) for x in generator.normal(size=4)]
    for _ in range(60):
        i, j = generator.integers(max(0, len(values) - 20), len(values), 2)
        product = generator.random() < 0.3
        values.append(values[i] * values[j] if product else values[i] + values[j])
    return sum(values[-8:], start=Value(0.0))


GRAPHS: dict[str, Callable[[], Value]] = {
    "expression": first_expression,
    "RNN": partial(recurrent, "RNN"),
    "LSTM": partial(recurrent, "LSTM"),
    "GRU": partial(recurrent, "GRU"),
    "deep": partial(recurrent, "LSTM", num_layers=2, bidirectional=True),
    "one step": partial(recurrent, "GRU", T=1),
    "language model": language_model,
    "perceptron": perceptron,
    "loss at every step": loss_at_every_step,
    **{name: partial(loop, 3) for name, loop in LOOPS.items()},
    **{f"tangle {seed}": partial(tangle, seed) for seed in range(4)},
}


def leaves(loss: Value) -> list[Value]:
    """The leaves that a sweep reaches, in order."""
    return [node for node in ancestors(loss) if node.rule is None]
