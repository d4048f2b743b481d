"""Read the build of a recurrent stack off its weights' names and shapes; imports NumPy alone.

PyTorch's names say everything: ``weight_ih_l0`` is the input weight of layer 0, ``_reverse`` marks
the direction that reads from the end, absent biases mean none were wanted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_NAME = re.compile(r"(weight_ih|weight_hh|bias_ih|bias_hh)_l(0|[1-9]\d*)(_reverse)?")


@dataclass(frozen=True)
class Layout:
    """How a stack of recurrent layers is built."""

    num_layers: int
    directions: int  # 1, or 2 when every layer is also run from the end
    bias: bool
    input_size: int  # D
    hidden_size: int  # H
    dtype: np.dtype

    def names(self, layer: int, direction: int) -> list[str]:
        """Names of one layer's entries in one direction, in the order in which a step takes them.

        Examples
        --------
        >>> Layout(1, 2, False, 3, 4, np.dtype("f4")).names(layer=0, direction=1)
        ['weight_ih_l0_reverse', 'weight_hh_l0_reverse']
        """
        return _entry_names(layer, direction, self.bias)


def read_layout(weights: Mapping[str, np.ndarray], cell: str, gates: int) -> Layout:
    """Read the layout off `weights`, and refuse them unless every name, shape and dtype fits.

    Parameters
    ----------
    weights : mapping from name to array
        PyTorch's names: ``{weight,bias}_{ih,hh}_l{k}``, with ``_reverse`` for the second direction.
    cell : str
        What the error messages call the cell.
    gates : int
        Blocks of H rows in every weight: 1 for an RNN, 4 for an LSTM, 3 for a GRU.

    Returns
    -------
    Layout

    Raises
    ------
    ValueError
        A name that is unknown or missing, or a shape that does not fit; the entry is named.
    TypeError
        An entry that is not floating-point, or has another dtype than ``weight_ih_l0``.
    """
    num_layers, directions, bias = _read_names(weights, cell)
    for name, counts in {"weight_ih_l0": "inputs D", "weight_hh_l0": "hidden units H"}.items():
        shape = np.shape(weights[name])
        if len(shape) != 2 or 0 in shape:
            raise ValueError(
                f"{cell}: {name} has shape {shape}, but it is a matrix: a row for each of the "
                f"{gates}H pre-activations, a column for each of the {counts}; give it that shape."
            )
    layout = Layout(
        num_layers=num_layers,
        directions=directions,
        bias=bias,
        input_size=np.shape(weights["weight_ih_l0"])[1],
        hidden_size=np.shape(weights["weight_hh_l0"])[1],
        dtype=np.asarray(weights["weight_ih_l0"]).dtype,
    )
    for layer in range(num_layers):
        for direction in range(directions):
            for name in layout.names(layer, direction):
                _check_entry(name, weights, cell, gates, layer, layout)
    return layout


def _read_names(weights: Mapping[str, np.ndarray], cell: str) -> tuple[int, int, bool]:
    """Read ``(num_layers, directions, bias)`` off the names; refuse unknown and missing ones."""
    layers, directions, bias = {0}, 1, False
    for name in weights:
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(
                f"{cell}: no entry of a recurrent layer is called {name!r}; names are "
                "weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, with l1, l2, ... for further "
                "layers and the ending _reverse for the second direction."
            )
        layers.add(int(match[2]))
        directions = 2 if match[3] else directions
        bias = bias or match[1].startswith("bias")
    num_layers = max(layers) + 1
    for layer in range(num_layers):
        for direction in range(directions):
            for name in _entry_names(layer, direction, bias):
                if name not in weights:
                    raise ValueError(
                        f"{cell}: {name} is missing: the other names "
                        f"({', '.join(weights) or 'none'}) ask for {num_layers} layer(s), "
                        f"{directions} direction(s), {'with' if bias else 'without'} biases; "
                        f"add {name}, or take out what asks for it."
                    )
    return num_layers, directions, bias


def _entry_names(layer: int, direction: int, bias: bool) -> list[str]:
    kinds = ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * bias
    return [f"{kind}_l{layer}" + "_reverse" * direction for kind in kinds]


def _check_entry(
    name: str,
    weights: Mapping[str, np.ndarray],
    cell: str,
    gates: int,
    layer: int,
    layout: Layout,
) -> None:
    """Refuse an entry that has another shape or dtype than the layout asks for."""
    H = layout.hidden_size
    from_below = layout.input_size if layer == 0 else layout.directions * H
    shapes = {
        "weight_ih": (gates * H, from_below),
        "weight_hh": (gates * H, H),
        "bias_ih": (gates * H,),
        "bias_hh": (gates * H,),
    }
    expected = shapes[name.partition("_l")[0]]
    array = np.asarray(weights[name])
    if array.shape != expected:
        raise ValueError(
            f"{cell}: {name} has shape {array.shape}, expected {expected}: {gates} block(s) of "
            f"H = {H} rows (H is read off weight_hh_l0), and an input size of {from_below} in "
            f"layer {layer}; give it shape {expected}."
        )
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(
            f"{cell}: {name} has dtype {array.dtype}, which has no derivative; "
            f"pass {name}.astype(np.float64)."
        )
    if array.dtype != layout.dtype:
        raise TypeError(
            f"{cell}: {name} has dtype {array.dtype}, but weight_ih_l0 has {layout.dtype}: one "
            f"computation keeps one precision; pass {name}.astype(np.{layout.dtype})."
        )
