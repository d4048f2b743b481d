"""One time step of each recurrent net: the textbook equations, once, as functions of their weights.

The cells of `cells` and the layers of `sequence` run these. Imports ops and `arguments` only.

Shapes: x is (B, D), a state (B, H). The weights are W_ih (G·H, D) and W_hh (G·H, H), followed by
b_ih and b_hh (G·H,) unless the net has no biases; G is the number of blocks, one for each gate.
All of it works without B as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from ..engine.value import Value
from ..ops import linear, recurrent_linear, relu, sigmoid, split, tanh
from .arguments import Array, State

Weights = tuple[Value, ...]  # W_ih, W_hh and, unless there are no biases, b_ih, b_hh


def rnn_step(x: Array, state: State, weights: Weights, curve: Callable[[Any], Any] = tanh) -> State:
    """Take a step of the plain recurrent net; the state is (h,).

    Notes
    -----
    h′ = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu instead of tanh

    J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990).
    """
    (h,) = state
    h = curve(recurrent_linear(x, h, *weights))  # (B, H)
    return (h,)


def lstm_step(x: Array, state: State, weights: Weights) -> State:
    """Take a step of the long short-term memory; the state is (h, c).

    Notes
    -----
    | i, f, g, o = W_ih x + b_ih + W_hh h + b_hh, in four blocks
    | c′ = σ(f) c + σ(i) tanh(g)
    | h′ = σ(o) tanh(c′)

    S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997); with the
    forget gate of F. Gers, J. Schmidhuber, F. Cummins, "Learning to forget", 2000. The order of the
    gates (input, forget, cell, output) is PyTorch's.
    """
    h, c = state
    i, f, g, o = split(recurrent_linear(x, h, *weights), 4, axis=-1)  # (B, H) each
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)  # (B, H)
    h = sigmoid(o) * tanh(c)  # (B, H)
    return h, c


def gru_step(x: Array, state: State, weights: Weights) -> State:
    """Take a step of the gated recurrent unit; the state is (h,).

    Notes
    -----
    | r = σ(W_ir x + b_ir + W_hr h + b_hr)
    | z = σ(W_iz x + b_iz + W_hz h + b_hz)
    | n = tanh(W_in x + b_in + r (W_hn h + b_hn))
    | h′ = (1 − z) n + z h

    K. Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014, in the form
    that PyTorch computes: the reset gate r multiplies the product W_hn h + b_hn, not h. The order
    of the gates is reset, update, new.
    """
    (h,) = state
    W_ih, W_hh, *biases = weights
    x_r, x_z, x_n = split(linear(x, W_ih, *biases[:1]), 3, axis=-1)  # (B, H) each
    h_r, h_z, h_n = split(linear(h, W_hh, *biases[1:]), 3, axis=-1)  # (B, H) each
    r = sigmoid(x_r + h_r)  # (B, H)
    z = sigmoid(x_z + h_z)  # (B, H)
    n = tanh(x_n + r * h_n)  # (B, H)
    h = (1 - z) * n + z * h  # (B, H)
    return (h,)


class Recurrence(NamedTuple):
    """A kind of recurrent net, as data."""

    gates: int  # blocks of H rows in every weight
    states: tuple[str, ...]  # what is carried from step to step; the first, h, is the output
    step: Callable[[Array, State, Weights], State]


LSTM_RECURRENCE = Recurrence(4, ("h", "c"), lstm_step)
GRU_RECURRENCE = Recurrence(3, ("h",), gru_step)
RNN_RECURRENCES = {
    "tanh": Recurrence(1, ("h",), rnn_step),
    "relu": Recurrence(1, ("h",), partial(rnn_step, curve=relu)),
}
