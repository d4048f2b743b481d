"""Weights of other programs, recognised by their layout: Keras and ONNX. Imports the errors only.

Their numbers would train, and compute something else: gates stand in another order, or a matrix on
its side. So they are not loaded, and the message says how to turn them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.errors import LayoutError, explain

GATES = {1: "", 3: "r z n", 4: "i f g o"}
KERAS = {
    1: "",
    3: "; its gates stand z r h, so W = np.concatenate([np.split(W, 3)[k] for k in (1, 0, 2)])"
    " for every W.T; its bias has two rows, bias_ih and bias_hh",
    4: "; its gates i f c o are i f g o here; its one bias is bias_ih, and bias_hh is zero",
}
ONNX = {
    1: "",
    3: ", W = np.concatenate([np.split(W, 3)[k] for k in (1, 0, 2)]), from z r h, for each of them;"
    " linear_before_reset must have been 1",
    4: ", W = np.concatenate([np.split(W, 4)[k] for k in (0, 2, 3, 1)]), from i o f c, for each of"
    " them",
}


def refuse_foreign(own: Mapping[str, Any], arrays: Mapping[str, np.ndarray], module: str) -> None:
    """Raise if the weights of a recurrent layer come from Keras or ONNX.

    Parameters
    ----------
    own : mapping from name to Value
        The module's parameters.
    arrays : mapping from name to array
        What is to be loaded.
    module : str
        The name of the module's class.

    Raises
    ------
    LayoutError
        A ValueError, saying what was recognised by what, and how to turn it.
    """
    recurrent = [p for name, p in own.items() if "weight_hh" in name]
    if not recurrent:
        return
    rows, H = recurrent[0].shape  # (G·H, H)
    gates = rows // H
    signs = keras_signs(own, arrays, rows, H)
    if signs:
        source, fix = "Keras", "weight_ih = kernel.T, weight_hh = recurrent_kernel.T" + KERAS[gates]
    else:
        signs = onnx_signs(arrays, rows, H)
        source = "ONNX"
        fix = "W[0], R[0] and the halves of B[0] are weight_ih, weight_hh, bias_ih and bias_hh"
        fix += ONNX[gates]
    if signs:
        order = f", in the order {GATES[gates]}" if gates > 1 else ""
        raise LayoutError(
            explain(
                f"{module}.load_state_dict: weights in the layout of {source}: {', '.join(signs)}",
                where=f"{module}, whose weights are {tuple(recurrent[0].shape)}: the rows are the"
                f" gates, H = {H} of each{order}",
                why="gates in another order would load, and compute something else;"
                " nothing was loaded",
                fix=fix,
            )
        )


def keras_signs(
    own: Mapping[str, Any], arrays: Mapping[str, np.ndarray], rows: int, H: int
) -> list[str]:
    """Say by what weights are Keras's: their names, or matrices that lie on their side."""
    named = [name for name in arrays if "recurrent_kernel" in name]
    turned = [
        name
        for name, x in arrays.items()
        if "weight_hh" in name and name in own and x.shape == (H, rows) and rows != H
    ]
    return [f"{name!r} {arrays[name].shape}" for name in named or turned]


def onnx_signs(arrays: Mapping[str, np.ndarray], rows: int, H: int) -> list[str]:
    """Say by what weights are ONNX's: R and W with an axis for the directions in front."""
    return [
        f"{name!r} {x.shape}"
        for name, x in arrays.items()
        if x.ndim == 3 and x.shape[0] in (1, 2) and x.shape[1] == rows
    ]
