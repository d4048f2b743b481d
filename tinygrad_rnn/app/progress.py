"""What a person sees of a long run: lines of text, and a bar where there is a terminal.

Imports the files above; tqdm where it is used.
"""

from __future__ import annotations

import sys
from typing import Any

from ..engine.errors import explain
from .curve import Point
from .refusal import printable


class Progress:
    """Lines on standard output, and below them on standard error a bar, if that is a terminal.

    Parameters
    ----------
    quiet : bool
        Whether to show nothing at all.
    """

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self._bar: Any = None

    def say(self, text: str = "") -> None:
        """Print a text, above the bar; control characters in it are written out."""
        if self.quiet:
            return
        text = printable(text, keep="\n\t")
        if self._bar is None:
            print(text, flush=True)
        else:
            self._bar.write(text, file=sys.stdout)
            sys.stdout.flush()

    def start(self, step: int, steps: int, characters_per_step: int) -> None:
        """Show the bar, as far as the run has come."""
        self._bar = bar_of_tqdm()(
            total=steps * characters_per_step,
            initial=step * characters_per_step,
            unit=" characters",
            unit_scale=True,
            dynamic_ncols=True,
            leave=False,
            # None: hidden unless standard error is a terminal, so that no file gets its control
            # characters.
            disable=True if self.quiet else None,
        )

    def show(self, point: Point, characters: int) -> None:
        """Move the bar on by a step."""
        self._bar.set_description_str(f"step {point.step}", refresh=False)
        self._bar.set_postfix_str(
            f"loss {point.loss:.3f}, {point.bits_per_character:.3f} bits per character",
            refresh=False,
        )
        self._bar.update(characters)

    def finish(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


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
