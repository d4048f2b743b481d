"""Curve: how a run has gone, step by step, in a CSV file. Imports the file above only."""

from __future__ import annotations

import csv
import io
import math
import os
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from .atomic_write import write_atomically


class Point(NamedTuple):
    """One row of the file; what was not measured at a step is empty there.

    Attributes
    ----------
    step : int
        How many updates had been made, this one included.
    loss : float
        Mean loss of the step's window before the update, in nats per character.
    bits_per_character : float
        The same in bits.
    gradient_norm : float
        The length of the gradient before it was clipped.
    validation_loss, bigram_loss : float or None
        On the text kept for validation, in nats per character: the model's, after the update,
        and that of the bigram model.
    """

    step: int
    loss: float
    bits_per_character: float
    gradient_norm: float
    validation_loss: float | None = None
    bigram_loss: float | None = None


def bits(nats: float) -> float:
    """Convert a loss from nats to bits: divide by log 2."""
    return nats / math.log(2)


class Curve:
    """The file that a run adds a row to at every step.

    Numbers are written so that they read back as they were, and nothing in the file depends on
    the clock: the same run gives the same file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    before : sequence of str
        The lines that it begins with, see `rows_until`.
    """

    def __init__(self, path: Path, before: list[str] | None = None) -> None:
        lines = [as_line(Point._fields), *(before or [])]
        write_atomically(path, "".join(lines).encode())
        # Nothing waits in a buffer, to be written by surprise when the file is closed.
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115

    def add(self, point: Point) -> None:
        """Write a row, and hand it to the system at once: a killed process loses none."""
        row = as_line(tuple("" if x is None else repr(x) for x in point)).encode()
        while row:  # a disk that is nearly full takes a part, and says so at the next
            row = row[self._file.write(row) :]

    def flush_to_disk(self) -> None:
        """Flush all rows to the disk, so that no checkpoint outlives the rows of its steps."""
        os.fsync(self._file.fileno())

    def __enter__(self) -> Curve:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()


def rows_until(path: Path, step: int, validated_every: int) -> list[str]:
    """Return the lines of a curve up to a step, as the run would have if it went on from there.

    Rows behind the step are of updates that the checkpoint does not hold. A validation at the
    end of a run that was not due there is left out: the run that goes on makes none.

    Parameters
    ----------
    path : pathlib.Path
        A curve; where there is none, there are no rows.
    step : int
        The step of the checkpoint.
    validated_every : int
        The steps from one validation to the next, 0 for none on the way.
    """
    if not path.is_file():
        return []
    kept = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            row = line.removesuffix("\n").split(",")  # numbers, so that none is quoted
            if is_row(row) and int(row[0]) <= step:
                due = validated_every and int(row[0]) % validated_every == 0
                kept.append(as_line(tuple(row) if due else (*row[:4], "", "")))
    return kept


def is_row(row: list[str]) -> bool:
    """Say whether a line is one that a curve has, whole and of numbers."""
    if len(row) != len(Point._fields) or not (row[0].isascii() and row[0].isdigit()):
        return False
    try:
        numbers = [float(x) for x in (*row[:4], *filter(None, row[4:]))]
    except ValueError:
        return False
    return len(row[0]) < 16 and all(map(math.isfinite, numbers))


def as_line(row: tuple[str, ...]) -> str:
    """Write one row of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()


def columns_of(path: Path) -> dict[str, list[float | None]]:
    """Read a curve: numbers by the name of their column, None where nothing was measured.

    A row that is not whole is left out: it may be just being written.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        rows = [row for row in rows if len(row) == len(names)]
        columns = {
            name: [float(x) if x else None for x in column]
            for name, column in zip(names, zip(*rows, strict=True), strict=False)
            if name in Point._fields
        }
    except (csv.Error, ValueError) as error:
        raise not_a_curve(path) from error
    if not {"step", "loss"} <= set(names):
        raise not_a_curve(path)
    if not rows:
        raise ValueError(f"{path}: the run has not made a step yet")
    return columns


def not_a_curve(path: Path) -> ValueError:
    """Word the error of a file that is something else."""
    return ValueError(f"{path}: not a curve that the command train wrote")
