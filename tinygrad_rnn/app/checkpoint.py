"""Checkpoint: everything that a run goes on from, in one file. No pickle anywhere.

Imports data, the engine's errors and the files above.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Vocabulary
from ..engine.errors import explain
from .config import Config
from .container import Arrays, not_ours, read_container, write_container
from .memory import in_words, parameter_count
from .source import Source

FILE_NAME = "checkpoint.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A run between two of its steps.

    Attributes
    ----------
    config : Config
        The options.
    source : Source
        The text.
    vocabulary : Vocabulary
        Its characters.
    step : int
        How many updates have been made.
    weights : dict
        The model's parameters, from name to array.
    optimizer : dict
        Its ``options``, the ``steps`` of each parameter by name, and its ``buffers``: from the
        name of a buffer, a dot and the name of a parameter to an array.
    generator : dict
        The state of the random number generator, as NumPy gives it.
    batches : dict
        The place in the text.
    state : dict
        What is carried into the next window: ``h`` and, for an LSTM, ``c``; empty before the
        first step.
    best : dict
        The ``step`` and the ``validation_loss`` of the best validation so far, of those that were
        due on the way; empty before the first.
    """

    config: Config
    source: Source
    vocabulary: Vocabulary
    step: int
    weights: Arrays
    optimizer: dict[str, Any]
    generator: dict[str, Any]
    batches: dict[str, int]
    state: Arrays
    best: dict[str, Any]

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all; equal checkpoints are equal byte for byte.

        Raises
        ------
        OSError
            As the system words it; a file that was there stays.
        ModuleNotFoundError
            If safetensors is not installed.
        """
        facts = {
            "config": dataclasses.asdict(self.config),
            "source": dataclasses.asdict(self.source),
            "vocabulary": self.vocabulary.characters,
            "step": self.step,
            "optimizer": {key: self.optimizer[key] for key in ("options", "steps")},
            "generator": self.generator,
            "batches": self.batches,
            "best": self.best,
        }
        arrays = {
            **prefixed("model.", self.weights),
            **prefixed("optimizer.", self.optimizer["buffers"]),
            **prefixed("state.", self.state),
        }
        write_container(path, facts, arrays)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint.

    Parameters
    ----------
    path : path-like
        The file, or the folder of a run.

    Raises
    ------
    FileNotFoundError
        If there is none.
    CheckpointError
        If the file is not one of ours, not whole, of another version, or contradicts itself.
    OSError, MemoryError
        If it cannot be read, or not held.
    ModuleNotFoundError
        If safetensors is not installed.
    """
    file = checkpoint_file(path)
    facts, arrays = read_container(file)
    try:
        found = Checkpoint(
            config=Config(**facts["config"]),
            source=Source(**facts["source"]),
            vocabulary=Vocabulary(facts["vocabulary"]),
            step=whole(facts["step"]),
            weights=unprefixed("model.", arrays),
            optimizer={
                "options": facts["optimizer"]["options"],
                "steps": facts["optimizer"]["steps"],
                "buffers": unprefixed("optimizer.", arrays),
            },
            generator=facts["generator"],
            batches=facts["batches"],
            state=unprefixed("state.", arrays),
            best=best_of(facts["best"]),
        )
        check_arrays(found, arrays)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise not_ours(file, what.partition("\n")[0]) from error
    return found


def whole(step: Any) -> int:
    """Return a number of steps, or raise ValueError."""
    if isinstance(step, bool) or not isinstance(step, int) or step < 0:
        raise ValueError(f"its step is {step!r:.40}")
    return step


def best_of(facts: Any) -> dict[str, Any]:
    """Return the record of the best validation, or raise ValueError."""
    if facts == {}:
        return {}
    if set(facts) != {"step", "validation_loss"} or not isinstance(facts["validation_loss"], float):
        raise ValueError(f"its best validation is {facts!r:.40}")
    return {"step": whole(facts["step"]), "validation_loss": facts["validation_loss"]}


def check_arrays(checkpoint: Checkpoint, arrays: Arrays) -> None:
    """Refuse arrays that a model as the options say cannot have, before one is made."""
    config = checkpoint.config
    numbers = sum(array.size for array in checkpoint.weights.values())
    expected = parameter_count(config, len(checkpoint.vocabulary))
    if numbers != expected or len(checkpoint.weights) != 4 * config.layers + 3:
        raise ValueError(
            f"it contradicts itself: its options are of {in_words(expected)} parameters, it holds "
            f"{numbers:,}"
        )
    for name, array in arrays.items():
        if array.dtype != config.dtype:
            raise ValueError(f"it contradicts itself: {name} is {array.dtype}, not {config.dtype}")
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{name} holds numbers that are not finite")


def checkpoint_file(path: str | os.PathLike[str]) -> Path:
    """Return the checkpoint that a path means, a file or the folder of a run."""
    path = Path(path)
    file = path / FILE_NAME if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(
            explain(
                f"{file}: no such checkpoint",
                where=f"looked for {file.absolute()}",
                why="a run leaves one in its folder",
                fix="name the folder of a run, or the file in it",
            )
        )
    return file


def prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Put a word before every name."""
    return {prefix + name: array for name, array in arrays.items()}


def unprefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Take the arrays with that word before their names, and the word off."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
