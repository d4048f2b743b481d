"""Refused: a request that cannot be met, said in one line. Imports the file above only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .memory import TooLarge

LONGEST_LINE = 200  # with what to do about it
LONGEST = 500


class Refused(Exception):
    """What stops a command for a reason that the user can do something about.

    Parameters
    ----------
    line : str
        One line that says what is wrong.
    status : int
        The command's exit status: 2 if the request was wrong, 1 if something failed on the way.
    """

    def __init__(self, line: str, status: int = 2) -> None:
        super().__init__(line)
        self.status = status


class OutputLost(OSError):
    """Standard output takes no more: its disk is full, for example."""


FAULTS_OF_INPUT = (
    *(OSError, ValueError, OverflowError, FloatingPointError),
    *(MemoryError, ModuleNotFoundError),
)


@contextmanager
def refusing(
    faults: tuple[type[Exception], ...] = FAULTS_OF_INPUT, status: int = 2
) -> Iterator[None]:
    """Turn errors that the user can do something about into one line each.

    To be put around the reading of options and files, where every such error is of the input, and
    around the writing of files. An error anywhere else is a fault of ours: its traceback says
    where.

    Parameters
    ----------
    faults : tuple of exception classes
        What to turn.
    status : int
        The exit status that it means.
    """
    try:
        yield
    except (BrokenPipeError, OutputLost):
        raise  # nothing is wrong with the request: whoever reads the output has gone
    except faults as error:
        raise Refused(one_line(error), status) from error


def one_line(error: BaseException) -> str:
    r"""Word an error in one line: what happened and, if there is room, what to do.

    Examples
    --------
    >>> one_line(ValueError("3 is odd\n  why: pairs come in twos\n  fix: add one"))
    '3 is odd; add one'
    >>> one_line(FileNotFoundError(2, "No such file or directory", "text.txt"))
    'text.txt: No such file or directory'
    """
    if isinstance(error, MemoryError) and not isinstance(error, TooLarge):
        return f"this does not fit into memory ({first_line(error) or 'no size given'})"
    if isinstance(error, OSError) and error.strerror:
        name = printable(str(error.filename or ""))
        name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
        return f"{name}: {error.strerror}" if name else error.strerror
    what, *rest = str(error).splitlines() or [type(error).__name__]
    fixes = [line.partition("fix: ")[2] for line in rest if line.lstrip().startswith("fix: ")]
    line = "; ".join([what, *fixes])
    line = printable(line if len(line) <= LONGEST_LINE else what)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return str(error).partition("\n")[0]


def printable(text: str, keep: str = "") -> str:
    r"""Write control characters, which a terminal would obey, as Python does in a string.

    Examples
    --------
    >>> print(printable("a\x1b[2Jb\n", keep="\n"), end="")
    a\x1b[2Jb
    """
    return "".join(
        c if c in keep or c.isprintable() or c == " " else c.encode("unicode_escape").decode()
        for c in text
    )
