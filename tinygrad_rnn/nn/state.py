"""Copying arrays into a module's parameters, all or none. Imports the engine and files above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..engine.errors import ShapeError, explain
from ..engine.value import Value
from .foreign import refuse_foreign
from .naming import near


class Unloaded(NamedTuple):
    """The names that did not meet in a `Module.load_state_dict`."""

    missing_keys: list[str]  # the module's own, absent from the dict
    unexpected_keys: list[str]  # the dict's own, unknown to the module


def load(own: dict[str, Value], state: Mapping[str, Any], strict: bool, module: str) -> Unloaded:
    """Fill the parameters `own` from `state`; see `Module.load_state_dict`.

    Raises
    ------
    ValueError
        Naming every entry that does not fit. Nothing is loaded then. A `LayoutError` if they are
        recognised as another program's.
    """
    arrays = {name: as_array(entry) for name, entry in state.items()}
    refuse_foreign(own, arrays, module)
    missing = [name for name in own if name not in arrays]
    unexpected = [name for name in arrays if name not in own]

    faults = []
    if strict:
        faults += [f"missing: {name!r} {own[name].shape}" for name in missing]
        faults += [
            f"unexpected: {name!r} {arrays[name].shape}{near(name, own)}" for name in unexpected
        ]
    faults += [misfit(name, arrays[name], own[name]) for name in own if name in arrays]
    faults = [fault for fault in faults if fault]
    if faults:
        raise ShapeError(
            explain(
                "\n  ".join([f"{module}.load_state_dict: {len(faults)} misfits", *faults]),
                why="every parameter is filled by the entry of its name and shape;"
                " nothing was loaded",
                fix="build the module with the sizes and options of the one that was saved"
                + ("; strict=False passes over missing and unexpected names" if strict else ""),
            )
        )

    for name in own.keys() & arrays.keys():
        parameter, array = own[name], arrays[name]
        if parameter.data.flags.writeable:
            parameter.data[...] = array  # in place: others may hold the array
        else:  # a single number, or somebody's read-only array
            parameter.data = np.array(array, parameter.dtype)[()]
    return Unloaded(missing, unexpected)


def as_array(entry: Any) -> np.ndarray:
    """Take an entry of a state dict as an array: ours, PyTorch's, or a Value."""
    return np.asarray(entry.data if isinstance(entry, Value) else entry)


def misfit(name: str, array: np.ndarray, parameter: Value) -> str:
    """Say why an array cannot fill a parameter; nothing if it can."""
    if array.shape != parameter.shape:
        return f"shape: {name!r} is {array.shape}, expected {parameter.shape}"
    if array.dtype.kind not in "fiub":
        return f"dtype: {name!r} holds {array.dtype}, expected numbers"
    return ""
