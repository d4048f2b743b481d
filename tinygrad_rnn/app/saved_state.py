"""What training keeps, as a checkpoint has it: by the names of parameters and of states.

Imports the engine, optim and the files above.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..engine.value import Value
from ..optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from .config import Config
from .container import Arrays

OPTIMIZERS: dict[str, Any] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}
STATES = {"rnn": ("h",), "lstm": ("h", "c"), "gru": ("h",)}


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


def carried_arrays(state: Any, config: Config) -> Arrays:
    """Return the arrays of a state as a model returns it; none, if there is no state yet."""
    if state is None:
        return {}
    members = state if isinstance(state, tuple) else (state,)
    return {name: h.data for name, h in zip(STATES[config.cell], members, strict=True)}


def carried_state(arrays: Arrays, config: Config) -> Any:
    """Make the state as a model takes it of the arrays in a checkpoint.

    Raises
    ------
    KeyError, ValueError
        If the model has another.
    """
    if not arrays:
        return None
    shape = (config.layers, config.batch_size, config.hidden)
    members = []
    for name in STATES[config.cell]:
        array = arrays[name]
        if array.shape != shape or array.dtype != config.dtype:
            raise ValueError(f"the carried state {name} is {array.shape} {array.dtype}")
        members.append(Value(array, requires_grad=False))
    return tuple(members) if len(members) > 1 else members[0]
