"""Curve: how a run has gone, step by step, in a CSV file. Imports the file above only."""

from __future__ import annotations

import csv
import io
import math
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
        self._file = open(path, "a", encoding="utf-8", newline="")  # noqa: SIM115

    def add(self, point: Point) -> None:
        """Write a row, and hand it to the system at once: a killed process loses none."""
        self._file.write(as_line(tuple("" if x is None else repr(x) for x in point)))
        self._file.flush()

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
    with open(path, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == len(Point._fields)]
    kept = []
    for row in rows:
        if row[0].isascii() and row[0].isdigit() and int(row[0]) <= step:
            due = validated_every and int(row[0]) % validated_every == 0
            kept.append(as_line(tuple(row) if due else (*row[:4], "", "")))
    return kept


def as_line(row: tuple[str, ...]) -> str:
    """Write one row of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()
