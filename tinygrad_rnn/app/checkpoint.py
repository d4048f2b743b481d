"""Checkpoint: everything that a run goes on from, in one safetensors file. No pickle anywhere.

Arrays are tensors of the file; all else is JSON in its metadata. Imports data, the engine's errors
and the files above.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Vocabulary
from ..engine.errors import explain
from .atomic_write import write_atomically
from .config import Config
from .source import Source

FILE_NAME = "checkpoint.safetensors"
METADATA_KEY = "tinygrad_rnn"
VERSION = 1

Arrays = dict[str, NDArray[Any]]


class CheckpointError(ValueError):
    """A file that is no checkpoint of ours, or not a whole one."""


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

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all; equal checkpoints are equal byte for byte.

        Raises
        ------
        OSError
            As the system words it; a file that was there stays.
        ModuleNotFoundError
            If safetensors is not installed.
        """
        save = serializer()
        facts = {
            "version": VERSION,
            "config": dataclasses.asdict(self.config),
            "source": dataclasses.asdict(self.source),
            "vocabulary": self.vocabulary.characters,
            "step": self.step,
            "optimizer": {key: self.optimizer[key] for key in ("options", "steps")},
            "generator": self.generator,
            "batches": self.batches,
        }
        tensors = {
            **prefixed("model.", self.weights),
            **prefixed("optimizer.", self.optimizer["buffers"]),
            **prefixed("state.", self.state),
        }
        metadata = {METADATA_KEY: json.dumps(facts, sort_keys=True)}
        write_atomically(path, save(tensors, metadata=metadata))


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
        If the file is not one of ours, not whole, or of another version.
    ModuleNotFoundError
        If safetensors is not installed.
    """
    file = checkpoint_file(path)
    with needing_safetensors():
        from safetensors import SafetensorError, safe_open
    try:
        with safe_open(file, framework="numpy") as content:
            metadata = content.metadata() or {}
            if METADATA_KEY not in metadata:
                raise not_ours(file, "it is a safetensors file of another program")
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
        facts = json.loads(metadata[METADATA_KEY])
    except (SafetensorError, json.JSONDecodeError, RecursionError) as error:
        raise not_ours(file, str(error).partition("\n")[0]) from error
    if not isinstance(facts, dict) or facts.get("version") != VERSION:
        found = facts.get("version") if isinstance(facts, dict) else None
        raise not_ours(file, f"its version is {found!r}, this program reads {VERSION}")
    try:
        return Checkpoint(
            config=Config(**facts["config"]),
            source=Source(**facts["source"]),
            vocabulary=Vocabulary(facts["vocabulary"]),
            step=whole(facts["step"]),
            weights=unprefixed("model.", tensors),
            optimizer={
                "options": facts["optimizer"]["options"],
                "steps": facts["optimizer"]["steps"],
                "buffers": unprefixed("optimizer.", tensors),
            },
            generator=facts["generator"],
            batches=facts["batches"],
            state=unprefixed("state.", tensors),
        )
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise not_ours(file, what.partition("\n")[0]) from error


def whole(step: Any) -> int:
    """Return a number of steps, or raise ValueError."""
    if isinstance(step, bool) or not isinstance(step, int) or step < 0:
        raise ValueError(f"its step is {step!r}")
    return step


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


def serializer() -> Callable[..., bytes]:
    """Return safetensors' function from arrays to the bytes of a file, or say what is missing."""
    with needing_safetensors():
        from safetensors.numpy import save
    return save


@contextmanager
def needing_safetensors() -> Iterator[None]:
    """Word the error of a missing package."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            explain(
                "checkpoints need the package safetensors, which is not installed",
                why="weights are kept without pickle, which could run any code when read",
                fix="pip install safetensors",
            )
        ) from error


def not_ours(file: Path, why: str) -> CheckpointError:
    """Word the error of a file that cannot be used."""
    return CheckpointError(
        explain(
            f"{file}: not a checkpoint of tinygrad_rnn, or not a whole one: {why}",
            why="it must be as `tinygrad-rnn train` wrote it",
            fix="name the folder of a run",
        )
    )


def prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Put a word before every name; the arrays as safetensors wants them, in C order."""
    return {prefix + name: np.require(array, requirements="C") for name, array in arrays.items()}


def unprefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Take the arrays with that word before their names, and the word off."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
