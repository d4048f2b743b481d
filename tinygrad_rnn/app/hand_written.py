"""A function of the user's own, out of a file: how it is found, called, and what it raises.

Imports `refusal`.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from .refusal import Refused, one_line, printable

Function = Callable[..., Any]


def load_function(place: str) -> tuple[Function, Path]:
    """Run a file and return a function of it.

    Parameters
    ----------
    place : str
        ``FILE.py:FUNCTION``.

    Raises
    ------
    Refused
        If there is no such file or function, or the file raises when it is run.
    """
    file, colon, name = place.rpartition(":")
    if not colon or not file or not name.isidentifier():
        raise Refused(printable(f"{place!r} names no function: write FILE.py:FUNCTION"))
    path = Path(file)
    try:
        source = path.read_bytes()
    except OSError as error:
        raise Refused(one_line(error)) from error
    module = ModuleType(f"diagnosed_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses, for example, look there
    with running(path):
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    function = vars(module).get(name)
    if not callable(function):
        functions = [
            each
            for each, x in vars(module).items()
            if callable(x) and getattr(x, "__module__", None) == module.__name__
        ]
        there = ", ".join(functions) or "none"
        kind = "is no function" if name in vars(module) else "is not there"
        raise Refused(printable(f"{file}: {name} {kind}; the functions of the file: {there}"))
    return function, path


@contextmanager
def running(path: Path) -> Iterator[None]:
    """Run the user's code: what it prints goes to standard error, what it raises is reported."""
    with found_beside(path), reported(path), redirect_stdout(sys.stderr):
        yield


@contextmanager
def found_beside(path: Path) -> Iterator[None]:
    """Let a file import what lies beside it, as it does when Python runs it."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn what the user's code raises into one line: where in the file, and the exception.

    Raises
    ------
    Refused
        With the last line of the file that was running, its text, and the exception as Python
        words it.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        said = "; ".join(
            line.strip() for line in traceback.format_exception_only(error)[-1].splitlines()
        )
        where = str(path)
        if isinstance(error, SyntaxError) and error.filename == str(path):
            where = f"{path}:{error.lineno}"
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename == str(path):
                where = f"{path}:{frame.lineno} in {frame.name}, {frame.line!r}"
        raise Refused(printable(f"{where}: {said}")) from error
