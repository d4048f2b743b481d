"""Container: named arrays and JSON facts in one safetensors file, sealed by a digest.

What is read is what was written, or the file is refused: safetensors finds what is cut off, the
digest every changed bit. Nothing in a file is ever run. Imports NumPy, the engine's errors and the
files above.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.errors import explain
from .atomic_write import write_atomically
from .memory import check_file

# One key in the file's metadata, because safetensors writes several in any order; the digest is
# among the facts under it.
METADATA_KEY, DIGEST = "tinygrad_rnn", "sha256"
VERSION = 2
DTYPES = {"F32": "float32", "F64": "float64"}  # all that a run has arrays of
LONGEST_HEADER = 1 << 24  # bytes; that of ten thousand layers is shorter

Arrays = dict[str, NDArray[Any]]


class CheckpointError(ValueError):
    """A file that is no checkpoint of ours, or not a whole one."""


def write_container(path: Path, facts: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a file, whole or not at all; equal contents are equal byte for byte.

    Parameters
    ----------
    path : pathlib.Path
        What to write; replaced, if it is there.
    facts : mapping
        Anything that JSON can hold.
    arrays : dict
        From name to array of float32 or float64.

    Raises
    ------
    OSError
        As the system words it; a file that was there stays.
    ValueError
        If there is more to say than a header may hold.
    ModuleNotFoundError
        If safetensors is not installed.
    """
    save = serializer()
    arrays = {name: np.require(array, requirements="C") for name, array in arrays.items()}
    facts = {"version": VERSION, **facts}
    text = as_text({**facts, DIGEST: digest(facts, arrays)})
    if len(text) + 200 * len(arrays) > LONGEST_HEADER:
        raise ValueError(f"{path}: {len(arrays):,} arrays are more than one file can list")
    write_atomically(path, save(arrays, metadata={METADATA_KEY: text}))


def read_container(file: Path) -> tuple[dict[str, Any], Arrays]:
    """Read a file of `write_container`.

    Parameters
    ----------
    file : pathlib.Path
        It is there.

    Returns
    -------
    facts : dict
    arrays : dict

    Raises
    ------
    CheckpointError
        If it is not one of ours, of another version, or not as it was written.
    OSError, MemoryError
        If it cannot be read, or not held.
    ModuleNotFoundError
        If safetensors is not installed.
    """
    with needing_safetensors():
        from safetensors import SafetensorError, safe_open
    check_file(file)
    with open(file, "rb") as content:
        length = int.from_bytes(content.read(8), "little")
    if length > LONGEST_HEADER:
        raise not_ours(file, "it begins like another kind of file")
    try:
        with safe_open(file, framework="numpy") as content:
            metadata = content.metadata() or {}
            if METADATA_KEY not in metadata:
                raise not_ours(file, "it is a safetensors file of another program")
            facts = json.loads(metadata[METADATA_KEY])
            found = facts.get("version") if isinstance(facts, dict) else None
            if found != VERSION:
                raise not_ours(file, f"its version is {found!r:.40}, this program reads {VERSION}")
            names = list(content.keys())
            kinds = {content.get_slice(name).get_dtype() for name in names}
            if not kinds <= DTYPES.keys():
                raise not_ours(file, f"it has numbers of the kind {min(kinds - DTYPES.keys())}")
            arrays = {name: content.get_tensor(name) for name in names}
        sealed = facts.pop(DIGEST, None) == digest(facts, arrays)
    except CheckpointError:
        raise
    except (SafetensorError, ValueError, RecursionError) as error:
        raise not_ours(file, str(error).partition("\n")[0]) from error
    if not sealed:
        raise not_ours(file, "something in it has changed since it was written")
    return facts, arrays


def as_text(facts: Mapping[str, Any]) -> str:
    """Write facts as JSON, the same facts always in the same way."""
    return json.dumps(facts, sort_keys=True, allow_nan=False)


def digest(facts: Mapping[str, Any], arrays: Arrays) -> str:
    """Return the SHA-256 of everything in a file: a digest finds faults, it proves no origin."""
    found = hashlib.sha256(as_text(facts).encode())
    for name, array in sorted(arrays.items()):
        found.update(f"\0{name}\0{array.dtype.name}\0{array.shape}\0".encode())
        found.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
    return found.hexdigest()


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


def not_ours(file: str | os.PathLike[str], why: str) -> CheckpointError:
    """Word the error of a file that cannot be used."""
    return CheckpointError(
        explain(
            f"{file}: not a checkpoint of tinygrad_rnn, or not a whole one: {why}",
            why="it must be as `tinygrad-rnn train` wrote it",
            fix="name the folder of a run",
        )
    )
