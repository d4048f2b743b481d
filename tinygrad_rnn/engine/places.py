"""Where in a program a node was made: its scope and its source line. Imports nothing of ours.

Only `debug` asks for lines: finding one means walking up the stack.
"""

from __future__ import annotations

import linecache
import os
import sys
import warnings
from functools import cache
from types import FrameType
from typing import NamedTuple

import numpy

OWN_FOLDERS = tuple(
    os.path.dirname(path) + os.sep for path in (os.path.dirname(__file__), numpy.__file__)
)


class Line(NamedTuple):
    """A line of a program.

    Attributes
    ----------
    file : str
        The path of its file.
    number : int
        The line's number, from 1.
    function : str
        The function that it stands in.
    """

    file: str
    number: int
    function: str

    def __str__(self) -> str:
        inside = "" if self.function.startswith("<") else f", in {self.function}"
        text = linecache.getline(self.file, self.number).strip()
        return f"{os.path.basename(self.file)}:{self.number}{inside}{f': {text}' if text else ''}"


class Place(str):
    """The scope of a node that was made under `debug`: a string that knows more.

    Attributes
    ----------
    line : Line or None
        The line of the program that made it: the innermost one outside this package and NumPy.
    prints : tuple of bytes or None
        A fingerprint of each input's data and of the result, as they were when it was made; None
        for a number, which cannot change.
    unbounded : bool
        Whether it is infinite on purpose: computed from an infinite constant, as a mask is.
    """

    __slots__ = ("line", "prints", "unbounded")

    line: Line | None
    prints: tuple[bytes | None, ...]
    unbounded: bool


def line_of(node: object) -> Line | None:
    """Return the line that made a node, or None if it was not made under `debug`."""
    return getattr(getattr(node, "scope", None), "line", None)


def in_scope(scope: str) -> str:
    """Say in words where a node was made: its scope and line, as far as they are known."""
    line = getattr(scope, "line", None)
    return f"{f' in scope {scope}' if scope else ''}{f', at {line}' if line else ''}"


@cache
def is_own(file: str) -> bool:
    """Say whether code belongs to this package or to NumPy, and not to the program."""
    return file.startswith((*OWN_FOLDERS, "<__array_function__"))


def calling_frame() -> FrameType | None:
    """Return the innermost frame of the program: outside this package and NumPy."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_own(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def warn_program(message: str, kind: type[Warning]) -> None:
    """Warn at the line that the program is at, so that Python hides repetitions of that line."""
    frame = calling_frame()
    if frame is None:
        warnings.warn(message, kind, stacklevel=2)
        return
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(
        message, kind, frame.f_code.co_filename, frame.f_lineno, registry=registry
    )


def calling_line() -> Line | None:
    """Return the line that the program is at."""
    frame = calling_frame()
    if frame is None:
        return None
    return Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
