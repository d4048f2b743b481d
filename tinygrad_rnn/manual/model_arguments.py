"""What the language model accepts: its cell, the names and shapes of its weights, token ids.

Imports NumPy and the recurrent layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import gru, lstm, rnn

CELLS: dict[str, Any] = {"rnn": rnn, "lstm": lstm, "gru": gru}


def checked_cell(weights: Mapping[str, np.ndarray], cell: str, nonlinearity: str) -> Any:
    """Refuse unknown settings and names; return the cell's module."""
    if cell not in CELLS:
        raise ValueError(
            f"language_model: unknown cell {cell!r}: gradients were derived for "
            f"{', '.join(CELLS)}; pass cell='rnn', 'lstm' or 'gru'."
        )
    if cell != "rnn" and nonlinearity != "tanh":
        raise ValueError(
            f"language_model: nonlinearity={nonlinearity!r} with cell={cell!r}: the curves of a "
            "gated cell are fixed; leave nonlinearity out, or pass cell='rnn'."
        )
    for name in weights:
        own = ("embedding.weight", "head.weight", "head.bias")
        if name not in own and not name.startswith("rnn."):
            raise ValueError(
                f"language_model: no entry is called {name!r}; there are {', '.join(own)}, and the "
                "recurrent layer's entries behind 'rnn.', such as rnn.weight_ih_l0."
            )
    for name in ("embedding.weight", "head.weight"):
        if name not in weights:
            raise ValueError(
                f"language_model: {name} is missing: every token needs its row there; "
                f"add {name}, an array of V rows."
            )
        shape = np.shape(weights[name])
        if len(shape) != 2:
            raise ValueError(
                f"language_model: {name} has shape {shape}, but it is a matrix with one row per "
                "token; give it shape (V, ...)."
            )
    E = np.shape(weights["embedding.weight"])[1]
    inputs = np.shape(weights.get("rnn.weight_ih_l0", np.empty((0, E))))[1:]
    if inputs != (E,):
        raise ValueError(
            f"language_model: embedding.weight has {E} columns, but rnn.weight_ih_l0 has "
            f"{inputs[0] if inputs else 'none'}: a row of the one is the other's input; give both "
            "the same number."
        )
    return CELLS[cell]


def check_head(weights: Mapping[str, np.ndarray], output: np.ndarray) -> None:
    """Refuse a head that does not fit the recurrent layer's output."""
    rows = len(weights["head.weight"])
    for name, expected in {"head.weight": (rows, output.shape[-1]), "head.bias": (rows,)}.items():
        if name not in weights:
            continue  # a head without bias
        array = np.asarray(weights[name])
        if array.shape != expected:
            raise ValueError(
                f"language_model: {name} has shape {array.shape}, expected {expected}: one row per "
                f"token, and a column for each of the {output.shape[-1]} numbers that the "
                f"recurrent layer puts out; give it shape {expected}."
            )
        if array.dtype != output.dtype:
            raise TypeError(
                f"language_model: {name} has dtype {array.dtype}, the recurrent layer's output "
                f"{output.dtype}; pass {name}.astype(np.{output.dtype})."
            )


def checked_ids(inputs: np.ndarray, vocabulary: int) -> np.ndarray:
    """Refuse what is no token id: NumPy would read a negative one from the end."""
    ids = np.asarray(inputs)
    if not np.issubdtype(ids.dtype, np.integer):
        raise TypeError(
            f"language_model: inputs have dtype {ids.dtype}, but they number the rows of "
            "embedding.weight; pass integer ids."
        )
    if ids.size and not (ids.min() >= 0 and ids.max() < vocabulary):
        raise ValueError(
            f"language_model: inputs run from {ids.min()} to {ids.max()}, but embedding.weight has "
            f"the rows 0 to {vocabulary - 1}; pass ids in that range."
        )
    return ids
