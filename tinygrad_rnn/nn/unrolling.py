"""Unrolling: a step of `steps` run over time, layers and directions. Imports ops and files above.

Every step is the textbook one, its input product included, inside ``time_step(t)``, so that each
node knows its layer and its t: ``lstm/l0/t=3``. Batching products over time is the compiler's work.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.errors import ShapeError, explain
from ..engine.recording import name_scope, time_step
from ..engine.stepping import time_steps
from ..engine.value import Value
from ..ops import concatenate, dropout, stack, swapaxes, where
from ..ops.turned import weights_stay
from .arguments import (
    Array,
    State,
    checked_input,
    checked_probability,
    checked_sizes,
    checked_state,
    place,
    valid_steps,
)
from .init import as_generator
from .recurrent import Recurrent
from .steps import Recurrence, Weights


class RecurrentLayers(Recurrent):
    """The base of `RNN`, `LSTM` and `GRU`."""

    def __init__(
        self,
        recurrence: Recurrence,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        init: str,
        forget_bias: float | None,
        generator: np.random.Generator | None,
        dtype: Any,
    ) -> None:
        name = type(self).__name__
        super().__init__(recurrence, input_size, hidden_size, bias, dtype)
        checked_sizes(name, num_layers=num_layers)
        self.num_layers = num_layers
        self.batch_first = bool(batch_first)
        self.dropout = checked_probability(name, dropout)
        if dropout and num_layers == 1:
            warnings.warn(
                f"{name}: dropout={dropout} has no effect with num_layers=1: it lies between the"
                " layers; put nn.Dropout behind the last one",
                stacklevel=4,
            )
        self.bidirectional = bool(bidirectional)
        self.generator = as_generator(generator)
        for layer in range(num_layers):
            for ending in self._directions():
                D = hidden_size * len(self._directions()) if layer else input_size
                self._add_weights(D, f"_l{layer}{ending}", init, forget_bias, self.generator)

    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def forward(self, x: Array, state: Any = None, lengths: Any = None) -> tuple[Value, Any]:
        """Run over all time steps.

        Parameters
        ----------
        x : array or Value, shape (T, B, D), or (B, T, D) if batch_first, or (T, D)
        state : array or Value, shape (layers·directions, B, H), unbatched (layers·directions, H)
            The state to begin with, for an LSTM a pair (h_0, c_0); zeros if left out.
        lengths : array of int, shape (B,), optional
            How many steps each sequence really has; in any order, up to T. What stands behind
            them in x has no effect: it may be anything.

        Returns
        -------
        output : Value, shape (T, B, H·directions), axes as those of x
            The last layer's h at every step; zero behind a sequence's end.
        state : Value, for an LSTM a pair
            The state of every layer and direction after its last step, of the shape of `state`.

        Raises
        ------
        ValueError
            If a shape does not fit, or a length is not from 1 to T.
        TypeError
            If a dtype is not that of the parameters.

        Notes
        -----
        The backward direction begins at each sequence's own end, as it does for PyTorch's packed
        sequences. Rows of the state stand in the order layer 0, layer 0 reversed, layer 1, ...
        """
        x, first, valid = self._checked(x, state, lengths)
        T = x.shape[0]
        inputs: Sequence[Array] = x  # of each step; for the layers above a list
        last: list[State] = []
        for layer in range(self.num_layers):
            outputs = []
            for ending in self._directions():
                with name_scope(f"l{layer}{ending}"):
                    before = tuple(s[len(last)] for s in first)  # (B, H)
                    weights = self._weights(f"_l{layer}{ending}")
                    times = range(T) if ending == "" else range(T - 1, -1, -1)
                    output, after = self._run(inputs, before, weights, valid, times)
                outputs.append(output)
                last.append(after)
            inputs = self._passed_on(outputs, layer)
        batch_first = self.batch_first and x.ndim == 3
        output = stack(inputs, axis=1 if batch_first else 0)  # (T, B, H·directions)
        return output, self._as_returned(tuple(map(stack, zip(*last, strict=True))))

    def _run(
        self, inputs: Sequence[Array], state: State, weights: Weights, valid: Any, times: range
    ) -> tuple[list[Value], State]:
        """Run one layer in one direction: h of each step, and the last state."""
        step = self.recurrence.step
        output: list[Any] = [None] * len(times)
        with weights_stay(products=len(times)), time_steps(times) as steps:
            for t in steps:
                after = step(inputs[t], state, weights)
                if valid is None:
                    state, output[t] = after, after[0]
                else:  # behind its end a sequence keeps its state, and puts out zeros
                    v = valid[t]  # (B, 1)
                    state = tuple(where(v, a, s) for a, s in zip(after, state, strict=True))
                    output[t] = where(v, after[0], 0.0)
        return output, state

    def _passed_on(self, outputs: list[list[Value]], layer: int) -> list[Value]:
        """Join the directions, and drop entries on the way to the layer above."""
        drops = self.training and self.dropout > 0 and layer < self.num_layers - 1
        if len(outputs) == 1 and not drops:
            return outputs[0]
        passed = []
        for t, h in enumerate(zip(*outputs, strict=True)):
            with name_scope(f"l{layer}"), time_step(t):
                joined = h[0] if len(h) == 1 else concatenate(h, axis=-1)  # (B, H·directions)
                if drops:
                    joined = dropout(joined, p=self.dropout, generator=self.generator)
                passed.append(joined)
        return passed

    def _checked(self, x: Any, state: Any, lengths: Any) -> tuple[Array, State, Any]:
        """Check the arguments: x with time first, the state as a tuple, the mask of valid steps."""
        name, D, H = type(self).__name__, self.input_size, self.hidden_size
        forms = f"({'B, T' if self.batch_first else 'T, B'}, {D}) or (T, {D})"
        x = checked_input(name, x, D, self.dtype, forms, ndims=(2, 3))
        if x.ndim == 3 and self.batch_first:
            x = swapaxes(x, 0, 1)
        T, batch = x.shape[0], x.shape[1] if x.ndim == 3 else None
        if T == 0:
            raise ShapeError(
                explain(
                    f"{name}: x has no time step, shape {x.shape}",
                    where=place(name),
                    why="without a step there is no output to return",
                    fix=f"pass x of shape {forms} with T ≥ 1",
                )
            )
        rows = self.num_layers * len(self._directions())
        shape = (rows, H) if batch is None else (rows, batch, H)
        axes = "(layers · directions, H)"
        if batch is not None:
            axes = f"(layers · directions, B, H), and x has B = {batch}" + self._layout(x)
        first = checked_state(name, state, self.recurrence.states, shape, self.dtype, axes)
        if lengths is None:
            return x, first, None
        valid = valid_steps(name, lengths, T, batch, self._layout(x))  # (T, B, 1)
        return where(valid, x, 0.0), first, valid  # so that not even a NaN behind the end is read

    def _layout(self, x: Array) -> str:
        """Say how x (T, B, D) was read, for people who have its axes the other way round."""
        order = "(B, T, D)" if self.batch_first else "(T, B, D)"
        return f"; x was read as {order}, batch_first={self.batch_first}" if x.ndim == 3 else ""

    def extra_repr(self) -> str:
        """Give the sizes, and the settings that are not the default."""
        settings: dict[str, Any] = {
            "num_layers": 1,
            "nonlinearity": "tanh",
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        set_here = [
            f"{name}={vars(self)[name]!r}"
            for name, default in settings.items()
            if vars(self).get(name, default) != default
        ]
        return ", ".join([str(self.input_size), str(self.hidden_size), *set_here])
