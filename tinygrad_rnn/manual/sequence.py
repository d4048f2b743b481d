"""Run any cell over time, layers, directions and lengths, and back again; imports NumPy alone.

A cell knows one step. Here is, once for all cells, what surrounds the step: backpropagation through
time is the reversed loop of `_backward_in_time`. The numbered lines are derived in
``docs/derivation.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import Form, read_d_output, read_lengths, read_state, read_x
from .layout import Layout, read_layout


@dataclass(frozen=True)
class Cell:
    """One step of a recurrent layer and its derivative.

    ``step(x, *state, *weights)`` returns ``(*state, saved)``;
    ``step_backward(*d_state, saved)`` returns ``(dx, *d_state, d_weights)``.
    """

    name: str
    gates: int  # blocks of H rows in every weight
    states: tuple[str, ...]  # what is carried from step to step; the first, h, is the output
    step: Callable[..., tuple[Any, ...]]
    step_backward: Callable[..., tuple[Any, ...]]


@dataclass(frozen=True)
class Step:
    """One step that was taken: when, for which sequences, and what its way back needs."""

    t: int
    rows: Any  # selects the sequences that have a step t
    saved: Any  # the cell's own record, with the step's numbers under their names


@dataclass(frozen=True)
class Cache:
    """A forward run, kept for the way back.

    The arrays are the caller's own where they could be: change none before `backward`.
    """

    cell: Cell
    weights: Mapping[str, np.ndarray]
    layout: Layout
    form: Form
    runs: dict[tuple[int, int], list[Step]]  # (layer, direction) -> its steps, in the order taken
    output_shape: tuple[int, int, int]  # (T, B, H*dirs)


def _forward_in_time(
    cell: Cell,
    weights: list[np.ndarray],
    x: np.ndarray,  # (T, B, D)
    state: list[np.ndarray],  # (B, H) each
    running: list[Any],
    reverse: bool,
) -> tuple[np.ndarray, list[np.ndarray], list[Step]]:
    """One layer in one direction: its output (T, B, H), its last state, and its steps."""
    T, B, _ = x.shape
    output = np.zeros((T, B, weights[1].shape[1]), x.dtype)
    steps = []
    for t in reversed(range(T)) if reverse else range(T):  # (S1)
        rows = running[t]
        before = [s[rows] for s in state]
        *after, saved = cell.step(x[t][rows], *before, *weights)  # (S2)
        state = [_replaced(s, rows, a) for s, a in zip(state, after, strict=True)]  # (S3)
        output[t][rows] = after[0]  # (S4) zero where a sequence has no step t
        steps.append(Step(t, rows, saved))
    return output, state, steps


def _backward_in_time(
    cell: Cell,
    weights: list[np.ndarray],
    steps: list[Step],
    d_output: np.ndarray,  # (T, B, H)
    d_state: list[np.ndarray],  # (B, H) each, with respect to the last state
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Backpropagation through time: gradients of x (T, B, D), first state, and weights."""
    T, B, _ = d_output.shape
    d_x = np.zeros((T, B, weights[0].shape[1]), d_output.dtype)
    d_weights = [np.zeros_like(w) for w in weights]
    for step in reversed(steps):
        t, rows = step.t, step.rows
        dh, *d_others = (d[rows] for d in d_state)
        dh = d_output[t][rows] + dh  # (S5) h_t was used twice: as output, and by step t+1
        d_x[t][rows], *d_before, d_step = cell.step_backward(dh, *d_others, step.saved)  # (S6)
        d_state = [_replaced(d, rows, b) for d, b in zip(d_state, d_before, strict=True)]  # (S7)
        # Without biases the step's two bias gradients have no entry to go to: zip stops early.
        for total, term in zip(d_weights, d_step, strict=False):
            total += term  # (S8) every step used the same weight
    return d_x, d_state, d_weights


def _replaced(old: np.ndarray, rows: Any, new: np.ndarray) -> np.ndarray:
    """Copy `old` (B, H) with `new` as its selected rows: the other sequences' rows stay."""
    result = old.copy()
    result[rows] = new
    return result


def forward(
    cell: Cell,
    weights: Mapping[str, np.ndarray],
    x: np.ndarray,
    state: Any,
    lengths: Any,
    batch_first: bool,
) -> tuple[np.ndarray, Any, Cache]:
    """Run `cell` over all steps, layers and directions: ``(output, state_n, cache)``.

    The public face, with the parameters' description, is each cell module's own ``forward``.
    """
    layout = read_layout(weights, cell.name, cell.gates)
    sequence, form = read_x(x, layout, cell.name, cell.states, batch_first)  # (T, B, D)
    T, B, _ = sequence.shape
    first = read_state(state, form, layout, B)  # (L*dirs, B, H) each
    running = read_lengths(lengths, T, B, cell.name)

    last = [np.empty_like(s) for s in first]
    runs = {}
    for layer in range(layout.num_layers):
        outputs = []
        for direction in range(layout.directions):
            row = layer * layout.directions + direction
            own = [np.asarray(weights[name]) for name in layout.names(layer, direction)]
            output, end, runs[layer, direction] = _forward_in_time(
                cell, own, sequence, [s[row] for s in first], running, bool(direction)
            )
            outputs.append(output)
            for s, e in zip(last, end, strict=True):
                s[row] = e  # (B, H)
        sequence = np.concatenate(outputs, axis=-1)  # (S9) (T, B, H*dirs) input of the layer above

    cache = Cache(cell, weights, layout, form, runs, sequence.shape)
    return form.to_caller(sequence), form.state_to_caller(last), cache


def backward(
    cache: Cache, d_output: np.ndarray | None, d_state_n: Any = None
) -> tuple[dict[str, np.ndarray], np.ndarray, Any]:
    """Go back through a `forward`: ``(gradients, d_x, d_state_0)``.

    Parameters
    ----------
    cache : Cache
        Third result of a cell module's ``forward``.
    d_output : array of the output's shape, or None for zeros
        Gradient of the loss with respect to ``output``. Padded positions are not read.
    d_state_n : array of the shape of ``state_n`` (for an LSTM a pair), or None for zeros
        Gradient of the loss with respect to ``state_n``.

    Returns
    -------
    gradients : dict from name to array
        The names, shapes and dtype of ``weights``.
    d_x : array of the shape of ``x``
        Zero at padded positions.
    d_state_0 : array of the shape of ``state`` (for an LSTM a pair)
        Gradient with respect to the initial state, also when that was left out.

    Raises
    ------
    ValueError
        A gradient that has not the shape of what it belongs to.

    Examples
    --------
    >>> from tinygrad_rnn.manual import rnn
    >>> weights = {"weight_ih_l0": np.array([[0.5]]), "weight_hh_l0": np.array([[0.8]])}
    >>> output, h_n, cache = rnn.forward(weights, np.array([[1.0]]))
    >>> gradients, d_x, d_state_0 = backward(cache, np.ones((1, 1)))
    >>> d_x.round(6), d_state_0.round(6)  # (1 − h²) times each weight
    (array([[0.393224]]), array([[0.629158]]))
    """
    cell, layout, form = cache.cell, cache.layout, cache.form
    d_sequence = read_d_output(d_output, form, cache.output_shape, layout.dtype)  # (T, B, H*dirs)
    batch = cache.output_shape[1]
    d_last = read_state(d_state_n, form, layout, batch, prefix="d", suffix="_n")  # (L*dirs, B, H)

    gradients: dict[str, np.ndarray] = {}
    d_first = [np.empty_like(d) for d in d_last]
    for layer in reversed(range(layout.num_layers)):
        d_outputs = np.split(d_sequence, layout.directions, axis=-1)  # (S10) (T, B, H) each
        d_inputs = []
        for direction in range(layout.directions):
            row = layer * layout.directions + direction
            names = layout.names(layer, direction)
            own = [np.asarray(cache.weights[name]) for name in names]
            d_input, d_start, d_own = _backward_in_time(
                cell,
                own,
                cache.runs[layer, direction],
                d_outputs[direction],
                [d[row] for d in d_last],
            )
            d_inputs.append(d_input)
            gradients.update(zip(names, d_own, strict=True))
            for d, s in zip(d_first, d_start, strict=True):
                d[row] = s  # (B, H)
        d_sequence = np.sum(d_inputs, axis=0)  # (S11) (T, B, D) both directions read it

    ordered = {name: gradients[name] for name in cache.weights}
    return ordered, form.to_caller(d_sequence), form.state_to_caller(d_first)
