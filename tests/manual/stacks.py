"""Every build of a recurrent stack as a test case, and the numbers to run it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from tinygrad_rnn.manual import gru, lstm, rnn

MODULES: dict[str, Any] = {"rnn": rnn, "lstm": lstm, "gru": gru}
GATES = {"rnn": 1, "lstm": 4, "gru": 3}

T, B, D, H = 3, 3, 2, 2
LENGTHS = [2, 3, 1]  # not sorted, one of full length, one of a single step


@dataclass(frozen=True)
class Build:
    """One way to build a stack and to run it."""

    cell: str
    nonlinearity: str = "tanh"
    layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    lengths: bool = False
    state: bool = False

    def __str__(self) -> str:
        flags = ("bidirectional", "bias", "lengths", "state")
        parts = [self.cell, self.nonlinearity * (self.cell == "rnn"), f"{self.layers}layers"]
        return "-".join(filter(None, parts + [flag for flag in flags if getattr(self, flag)]))

    @property
    def module(self) -> Any:
        return MODULES[self.cell]

    @property
    def directions(self) -> int:
        return 1 + self.bidirectional

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments of `forward`."""
        options: dict[str, Any] = {"nonlinearity": self.nonlinearity} if self.cell == "rnn" else {}
        return options | ({"lengths": LENGTHS} if self.lengths else {})

    def random_weights(
        self, rng: np.random.Generator, inputs: int = D, hidden: int = H, dtype: Any = np.float64
    ) -> dict[str, np.ndarray]:
        """Weights under PyTorch's names, large enough that every curve bends.

        Those of a relu lean to the positive side: a unit that is never above zero has no gradient.
        """
        rows, weights = GATES[self.cell] * hidden, {}
        centre = 0.5 if self.nonlinearity == "relu" else 0.0
        for layer, ending in product(range(self.layers), ["", "_reverse"][: self.directions]):
            below = inputs if layer == 0 else self.directions * hidden
            shapes = {"weight_ih": (rows, below), "weight_hh": (rows, hidden)}
            if self.bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            for kind, shape in shapes.items():
                weights[f"{kind}_l{layer}{ending}"] = rng.normal(centre, 0.8, shape).astype(dtype)
        return weights

    def random_state(
        self, rng: np.random.Generator, batch: int = B, hidden: int = H, dtype: Any = np.float64
    ) -> Any:
        """An initial state, or a gradient of the last one: an array, for an LSTM a pair."""
        shape = (self.layers * self.directions, batch, hidden)
        states = tuple(rng.normal(0, 0.8, shape).astype(dtype) for _ in range(2))
        return states if self.cell == "lstm" else states[0]


KINDS = [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")]
BUILDS = [
    Build(cell, nonlinearity, layers, bidirectional, bias, lengths, state)
    for (cell, nonlinearity), layers, bidirectional, bias, lengths, state in product(
        KINDS, (1, 2), (False, True), (True, False), (False, True), (False, True)
    )
]


def members(state: Any) -> tuple[np.ndarray, ...]:
    """Return a state's arrays: one, for an LSTM two."""
    return state if isinstance(state, tuple) else (state,)


# Measured: 7e-10 at worst for relu, else 5e-11.
RELATIVE = 2e-9


def disagreement(
    gradient: np.ndarray, loss: Callable[[], float], x: np.ndarray, nonlinearity: str = "tanh"
) -> float:
    """Distance of `gradient` from finite differences of ``loss()``, by the largest entry's size.

    `x` is what the loss reads; it is moved in place, one entry at a time, and put back.
    """
    # With five points the error of a smooth loss is of order step**4. For relu the step is to cross
    # no kink, and only rounding speaks against a smaller one: between kinks, relu's loss is a
    # polynomial of low degree.
    step = 1e-5 if nonlinearity == "relu" else 2e-4
    assert gradient.shape == x.shape
    numeric = np.empty_like(x)
    for index in np.ndindex(x.shape):
        kept, values = x[index], {}
        for k in (-2, -1, 1, 2):
            x[index] = kept + k * step
            values[k] = loss()
        x[index] = kept
        numeric[index] = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * step)
    assert numeric.any(), "a gradient of zero would prove nothing"
    return float(np.abs(gradient - numeric).max() / np.abs(numeric).max())
