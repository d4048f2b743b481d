"""Bring a layer's other arguments (x, state, lengths, gradients) into one form; NumPy alone.

Inside, everything is time-major and batched, (T, B, D), and a state is a tuple of (L*dirs, B, H);
here the caller's form is turned into that and back, or refused with a message that says what fits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .layout import Layout


class Form(NamedTuple):
    """How the caller lays out sequences and states."""

    cell: str
    states: tuple[str, ...]  # ("h",), or ("h", "c") for an LSTM
    batched: bool
    batch_first: bool

    def from_caller(self, sequence: np.ndarray) -> np.ndarray:
        """Turn the caller's sequence into (T, B, ...)."""
        if not self.batched:
            return sequence[:, None]
        return sequence.swapaxes(0, 1) if self.batch_first else sequence

    def to_caller(self, sequence: np.ndarray) -> np.ndarray:
        """Turn (T, B, ...) into the caller's form."""
        if not self.batched:
            return sequence[:, 0]
        return sequence.swapaxes(0, 1) if self.batch_first else sequence

    def state_to_caller(self, state: list[np.ndarray]) -> Any:
        """Turn states of (L*dirs, B, H) into the caller's: an array, for an LSTM a pair."""
        members = tuple(s if self.batched else s[:, 0] for s in state)
        return members if len(members) > 1 else members[0]


def read_x(
    x: np.ndarray, layout: Layout, cell: str, states: tuple[str, ...], batch_first: bool
) -> tuple[np.ndarray, Form]:
    """Check the input; return it as (T, B, D), and the form in which it came."""
    x = np.asarray(x)
    D = layout.input_size
    forms = f"(T, {D}), {f'(B, T, {D})' if batch_first else f'(T, B, {D})'}"
    if x.ndim not in (2, 3) or x.shape[-1] != D:
        raise ValueError(
            f"{cell}: x has shape {x.shape}, but weight_ih_l0 takes D = {D} inputs at a time; "
            f"pass x of shape {forms}, with batch_first={batch_first}."
        )
    if x.dtype != layout.dtype:
        raise TypeError(
            f"{cell}: x has dtype {x.dtype}, but the weights have {layout.dtype}: one computation "
            f"keeps one precision; pass x.astype(np.{layout.dtype})."
        )
    form = Form(cell, states, x.ndim == 3, batch_first)
    time_major = form.from_caller(x)
    if len(time_major) == 0:
        raise ValueError(
            f"{cell}: x of shape {x.shape} has no time step, so there is no last state; "
            f"pass at least one step, x of shape {forms} with T >= 1."
        )
    return time_major, form


def read_state(
    state: Any, form: Form, layout: Layout, batch: int, prefix: str = "", suffix: str = "_0"
) -> list[np.ndarray]:
    """Check a state or a state's gradient; return it as arrays of (L*dirs, B, H), None as zeros."""
    rows, H = layout.num_layers * layout.directions, layout.hidden_size
    names = [f"{prefix}{name}{suffix}" for name in form.states]
    if state is None:
        return [np.zeros((rows, batch, H), layout.dtype) for _ in names]
    if len(names) == 1:
        state = (state,)
    elif not isinstance(state, tuple | list) or len(state) != len(names):
        raise ValueError(
            f"{form.cell}: the state is not the pair that this cell carries from step to step; "
            f"pass ({', '.join(names)})."
        )
    expected = (rows, batch, H) if form.batched else (rows, H)
    arrays = []
    for name, member in zip(names, state, strict=True):
        array = np.asarray(member)
        if array.shape != expected:
            raise ValueError(
                f"{form.cell}: {name} has shape {array.shape}, expected {expected}: a row for each "
                f"of {layout.num_layers} layer(s) x {layout.directions} direction(s)"
                f"{f', B = {batch}' if form.batched else ''} and H = {H}; "
                f"give it shape {expected}, whatever batch_first is."
            )
        if not prefix and array.dtype != layout.dtype:
            raise TypeError(
                f"{form.cell}: {name} has dtype {array.dtype}, but the weights have "
                f"{layout.dtype}; pass {name}.astype(np.{layout.dtype})."
            )
        array = array.astype(layout.dtype, copy=False)
        arrays.append(array if form.batched else array[:, None])
    return arrays


def read_d_output(d_output: Any, form: Form, shape: tuple[int, int, int], dtype: np.dtype) -> Any:
    """Check the output's gradient; return it as (T, B, H*dirs), None as zeros."""
    if d_output is None:
        return np.zeros(shape, dtype)
    d_output = np.asarray(d_output, dtype=dtype)
    expected = form.to_caller(np.empty(shape, dtype)).shape
    if d_output.shape != expected:
        raise ValueError(
            f"{form.cell}: d_output has shape {d_output.shape}, but output has {expected}, and a "
            f"gradient has the shape of what it belongs to; pass d_output of shape {expected}."
        )
    return form.from_caller(d_output)


def read_lengths(lengths: Any, T: int, B: int, cell: str) -> list[Any]:
    """Turn `lengths` into a row selector for every t: which sequences have a step t."""
    if lengths is None:
        return [slice(None)] * T
    lengths = np.asarray(lengths)
    if lengths.shape != (B,) or not np.issubdtype(lengths.dtype, np.integer):
        raise ValueError(
            f"{cell}: lengths has shape {lengths.shape} and dtype {lengths.dtype}, but each of the "
            f"B = {B} sequences has one whole number of steps; pass {B} integer(s)."
        )
    if B and not (lengths.min() >= 1 and lengths.max() <= T):
        raise ValueError(
            f"{cell}: lengths run from {lengths.min()} to {lengths.max()}, but x has {T} time "
            f"step(s) and an empty sequence has no last state; every length is 1 to {T}."
        )
    return [lengths > t for t in range(T)]
