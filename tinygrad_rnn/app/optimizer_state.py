"""The state of an optimiser by the names of parameters, as a checkpoint has it, and by place.

Imports optim.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..optim import Optimizer


def by_name(optimizer: Optimizer, names: Iterable[str]) -> dict[str, Any]:
    """Arrange what an optimiser keeps for each parameter by the parameter's name.

    Parameters
    ----------
    optimizer : Optimizer
        Its arrays are copied.
    names : iterable of str
        Of its parameters, in their order.

    Returns
    -------
    dict
        Its ``options``; the ``steps`` of each parameter; and its ``buffers``: from the name of a
        buffer, a dot and the name of a parameter to an array.
    """
    saved = optimizer.state_dict()
    entries = dict(zip(names, saved["state"].values(), strict=True))
    return {
        "options": saved["options"],
        "steps": {name: entry["step"] for name, entry in entries.items()},
        "buffers": {
            f"{buffer}.{name}": array
            for name, entry in entries.items()
            for buffer, array in entry.items()
            if buffer != "step"
        },
    }


def by_place(saved: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Arrange what `by_name` returned as `Optimizer.load_state_dict` wants it.

    Raises
    ------
    KeyError
        If it names another parameter.
    """
    place = {name: index for index, name in enumerate(names)}
    state = {place[name]: {"step": steps} for name, steps in saved["steps"].items()}
    for key, array in saved["buffers"].items():
        buffer, _, name = key.partition(".")
        state[place[name]][buffer] = array
    return {"state": state, "options": saved["options"]}
