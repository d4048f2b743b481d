"""What recurrent cells and layers of cells share: sizes, and weights under PyTorch's names.

Imports the engine and the files above.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.errors import explain
from ..engine.value import Value
from .arguments import State, checked_choice, checked_dtype, checked_sizes
from .init import orthogonal, uniform
from .module import Module
from .steps import Recurrence, Weights


class Recurrent(Module):
    """What cells and layers of cells share: their sizes, and weights under PyTorch's names.

    Parameters
    ----------
    recurrence : Recurrence
        The kind of net.
    input_size, hidden_size : int
        D and H.
    bias : bool
        Whether it has biases.
    dtype : dtype
        Of the parameters, input and state: float64 or float32.
    """

    def __init__(
        self, recurrence: Recurrence, input_size: int, hidden_size: int, bias: bool, dtype: Any
    ) -> None:
        checked_sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.recurrence = recurrence
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bool(bias)
        self.dtype = checked_dtype(dtype)

    def _add_weights(
        self,
        D: int,
        suffix: str,
        init: str,
        forget_bias: float | None,
        generator: np.random.Generator,
    ) -> None:
        """Make ``weight_ih`` (G·H, D), ``weight_hh`` (G·H, H), ``bias_ih``, ``bias_hh`` (G·H,)."""
        checked_choice(type(self).__name__, "init", init, ("uniform", "orthogonal"))
        G, H = self.recurrence.gates, self.hidden_size

        def first(*shape: int) -> np.ndarray:
            return uniform(shape, 1 / math.sqrt(H), generator=generator, dtype=self.dtype)

        arrays = {"weight_ih": first(G * H, D), "weight_hh": first(G * H, H)}
        if init == "orthogonal":
            for block in np.split(arrays["weight_hh"], G):  # (H, H) each, a view
                block[...] = orthogonal((H, H), generator=generator)
        if self.bias:
            arrays |= {"bias_ih": first(G * H), "bias_hh": first(G * H)}
        if forget_bias is not None:
            if not self.bias:
                raise ValueError(
                    explain(
                        f"{type(self).__name__}: forget_bias={forget_bias} and bias=False",
                        why="without biases there is none to set",
                        fix="leave one of the two out",
                    )
                )
            arrays["bias_ih"][H : 2 * H] = forget_bias  # gates i f g o: the second block
            arrays["bias_hh"][H : 2 * H] = 0  # the two biases are added
        for kind, array in arrays.items():
            setattr(self, kind + suffix, Value(array))

    def _weights(self, suffix: str) -> Weights:
        """Return the weights as a step takes them: W_ih, W_hh, b_ih, b_hh."""
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: 4 if self.bias else 2]
        return tuple(getattr(self, kind + suffix) for kind in kinds)

    def _as_returned(self, state: State) -> Any:
        """Return the state as users see it: h, of an LSTM the pair (h, c)."""
        return state if len(state) > 1 else state[0]
