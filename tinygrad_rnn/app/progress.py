"""What a command prints: lines for people or for programs, and a bar where there is a terminal.

Imports the files above; tqdm where it is used.
"""

from __future__ import annotations

import json
import math
import sys
import time
from typing import Any

from ..engine.errors import explain
from .curve import Point
from .refusal import OutputLost, printable


class Progress:
    """Lines on standard output, and below them on standard error a bar, if that is a terminal.

    Parameters
    ----------
    quiet : bool
        Whether to show nothing at all.
    as_json : bool
        Whether standard output is for a program: `event` then prints lines, and `say` none.
    """

    def __init__(self, quiet: bool, as_json: bool = False) -> None:
        self.quiet = quiet
        self.as_json = as_json
        self._bar: Any = None
        self._began, self._first, self._steps = 0.0, 0, 0

    def say(self, text: str = "") -> None:
        """Print a text for people, above the bar; control characters in it are written out."""
        if not self.quiet and not self.as_json:
            self.write(printable(text, keep="\n\t") + "\n")

    def event(self, kind: str, **facts: Any) -> None:
        """Print a line for programs, one JSON object; numbers that JSON lacks are null."""
        if not self.quiet and self.as_json:
            self.write(json.dumps({"event": kind, **as_json(facts)}, allow_nan=False) + "\n")

    def write(self, text: str) -> None:
        """Print a text as it is, above the bar.

        Raises
        ------
        BrokenPipeError
            If whoever read it has gone.
        OutputLost
            If it cannot be written for another reason.
        """
        try:
            if self._bar is not None:
                self._bar.write(text, file=sys.stdout, end="")
            elif sys.stdout is not None:  # None where a parent has closed it
                sys.stdout.write(text)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost(error.errno, error.strerror, "standard output") from error

    def start(self, step: int, steps: int, size: int = 1, unit: str = "step") -> None:
        """Show the bar, as far as the work has come.

        Parameters
        ----------
        step, steps : int
            How many are done, and how many there are.
        size : int
            How many of the unit a step is.
        unit : str
            What is counted.
        """
        self._began, self._first, self._steps = time.monotonic(), step, steps
        self._bar = bar_of_tqdm()(
            total=steps * size,
            initial=step * size,
            unit=f" {unit}",
            unit_scale=size > 1,
            dynamic_ncols=True,
            leave=False,
            # None: hidden unless standard error is a terminal, so that no file gets its control
            # characters.
            disable=True if self.quiet else None,
        )

    def show(self, point: Point, characters: int) -> None:
        """Move the bar on by a step of training."""
        self._bar.set_description_str(f"step {point.step}", refresh=False)
        self._bar.set_postfix_str(
            f"loss {point.loss:.3f}, {point.bits_per_character:.3f} bits per character",
            refresh=False,
        )
        self.move(characters)

    def move(self, count: int = 1) -> None:
        """Move the bar on."""
        self._bar.update(count)

    def seconds_left(self, step: int) -> float:
        """Estimate how long the rest takes, if it goes on as it has gone since `start`."""
        done = step - self._first
        return (time.monotonic() - self._began) / done * (self._steps - step) if done else math.nan

    def rate(self, step: int, characters: int) -> float:
        """Return how many characters a second have been learned since `start`."""
        seconds = time.monotonic() - self._began
        return (step - self._first) * characters / seconds if seconds else math.nan

    def finish(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def as_json(x: Any) -> Any:
    """Make of facts what JSON can hold."""
    if isinstance(x, dict):
        return {name: as_json(value) for name, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [as_json(value) for value in x]
    if isinstance(x, float) and not math.isfinite(x):
        return None
    return x


def in_time(seconds: float) -> str:
    """Write a span of time for people, in its largest unit.

    Examples
    --------
    >>> in_time(0.2), in_time(75), in_time(5400), in_time(200_000)
    ('1 s', '75 s', '90 min', '56 h')
    """
    for length, unit in ((1, "s"), (60, "min"), (3600, "h")):
        if seconds < 100 * length:
            return f"{max(1, round(seconds / length))} {unit}"
    return f"{round(seconds / 86400)} days"


def bar_of_tqdm() -> Any:
    """Return the class of the bar, or say what is missing."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            explain(
                "the progress bar needs the package tqdm, which is not installed",
                fix="pip install tqdm",
            )
        ) from error
    return tqdm
