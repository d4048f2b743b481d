"""Source: the text that a run learns from, and whether it is still the same later on.

Imports data, the engine's errors and the files above.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..data import package_source, read_text
from ..engine.errors import explain
from .memory import TEXT, available_memory


@dataclass(frozen=True)
class Source:
    """Where a text comes from, and by what it is known again.

    Attributes
    ----------
    path : str
        The file's full path; empty for the package's own source code.
    characters : int
        Its length.
    sha256 : str
        The digest of the text in UTF-8.

    Raises
    ------
    TypeError
        If one of them is of another type.
    """

    path: str
    characters: int
    sha256: str

    def __post_init__(self) -> None:
        for name, kind in (("path", str), ("characters", int), ("sha256", str)):
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"the {name} of its text is {getattr(self, name)!r:.40}")

    @classmethod
    def of(cls, text: str, path: str = "") -> Source:
        """Note what a text is known by."""
        return cls(path, len(text), hashlib.sha256(text.encode()).hexdigest())

    @property
    def title(self) -> str:
        """What to call it."""
        return self.path or "the source code of tinygrad_rnn"

    def check(self, other: Source) -> None:
        """Raise ValueError unless the other is the same text, wherever it lies."""
        if other.sha256 != self.sha256:
            raise ValueError(
                explain(
                    f"{other.title}: not the text that this run began with",
                    where=f"{other.characters} characters, there were {self.characters}",
                    why="a place in one text means nothing in another",
                    fix="give the text as it was, or begin a new run without --resume",
                )
            )


def open_source(path: str | os.PathLike[str] | None) -> tuple[str, Source]:
    """Read a text.

    Parameters
    ----------
    path : path-like, optional
        A file of UTF-8 text; None for the package's own source code.

    Returns
    -------
    text : str
    source : Source

    Raises
    ------
    OSError, ValueError
        As `tinygrad_rnn.data.read_text`.
    MemoryError
        If it does not fit into memory.
    """
    if path is None:
        text = package_source()
        return text, Source.of(text)
    text = read_text(path, at_most=available_memory() // TEXT)
    return text, Source.of(text, str(Path(path).resolve()))
