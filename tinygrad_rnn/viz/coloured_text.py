"""Coloured text: what one unit does while a text is read, each character on its colour, as HTML.

Blue is below zero, orange above, white is zero; black letters can be read on all of them. Whatever
comes from outside is escaped. Imports NumPy and the files above; no Matplotlib.
"""

from __future__ import annotations

import html
import os
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..engine.errors import explain
from .axes import misfit, numbers
from .escaping import UNKNOWN, printable
from .labels import INK
from .numbers import number

BELOW, ZERO, ABOVE = "#5aa5d8", "#ffffff", "#f08a4b"
MARKS = {"\n": "↵\n", "\t": "⇥"}  # a space shows by its colour
LEVELS = 20  # shades on each side
NAME = "coloured-text"  # of the class that all rules are for, so that a notebook keeps its own

RULES = (
    f".{NAME} {{ color: {INK}; background: {ZERO}; padding: 1em; text-align: left }}\n"
    f".{NAME} pre {{ font: 15px/1.5 ui-monospace, monospace; white-space: pre-wrap;"
    " overflow-wrap: anywhere; margin: 1em 0 0; color: inherit; background: none }\n"
    f".{NAME} p {{ font: 15px/1.5 sans-serif; margin: 0.3em 0 }}\n"
    f".{NAME} .key span {{ display: inline-block; width: 0.5em }}\n"
)


class ColouredText:
    """A text with a number for each character; shows itself in a notebook.

    Parameters
    ----------
    text : str
        What was read.
    activations : array_like, shape (T,)
        A number for each character: what the unit did when it had read it.
    title : str
        What the numbers are.

    Attributes
    ----------
    text, title : str
    activations : numpy.ndarray of float64, shape (T,)
    limit : float
        The number of the strongest colour: 1, or the largest there is.

    Raises
    ------
    ValueError
        If there are not as many numbers as characters, or one is not finite.

    Examples
    --------
    >>> coloured = ColouredText("ab", [0.5, -1.0], "a unit that tells a from b")
    >>> [rule_class(x) for x in coloured.shares]
    ['p10', 'm20']
    """

    def __init__(self, text: str, activations: ArrayLike, title: str = "activation") -> None:
        self.text, self.title = text, title
        self.activations = numbers(activations, 1, "the activations")
        if len(self.activations) != len(text):
            raise misfit(
                f"{len(self.activations)} activations, and {len(text)} characters",
                "one activation for each character",
            )
        if not np.all(np.isfinite(self.activations)):
            raise misfit("activations that are not finite", "finite numbers")
        self.limit = max(1.0, float(np.max(np.abs(self.activations))))

    @property
    def shares(self) -> np.ndarray:
        """The activations as shares of the limit, from −1 to 1."""
        return self.activations / self.limit

    def fragment(self) -> str:
        """Return the text as HTML, to be put into a page that has the rules of `style`."""
        key = "".join(
            f'<span class="{rule_class(level / LEVELS)}">&#160;</span>'
            for level in range(-LEVELS, LEVELS + 1)
        )
        letters = "".join(map(self._letter, range(len(self.text))))
        return (
            f'<div class="{NAME}">\n<p><b>{html.escape(printable(self.title))}</b></p>\n'
            f'<p class="key">{number(-self.limit, 3)} {key} {number(self.limit, 3)};'
            " rest the pointer on a character for its number</p>\n"
            f"<pre>{letters}</pre>\n</div>\n"
        )

    def page(self) -> str:
        """Return a page of its own, which loads nothing and runs nothing."""
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
            " style-src 'unsafe-inline'\">\n"
            f"<title>{html.escape(printable(self.title))}</title>\n"
            f"<style>\nbody {{ margin: 0 auto; max-width: 62em; background: {ZERO} }}\n"
            f"{style()}</style>\n</head>\n<body>\n{self.fragment()}</body>\n</html>\n"
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        path = Path(path)
        try:
            path.write_text(self.page(), encoding="utf-8")
        except OSError as error:
            raise type(error)(
                explain(
                    f"{path}: cannot write the page: {error.strerror}",
                    fix="give the name of a file in a folder that exists",
                )
            ) from error
        return path

    def _letter(self, t: int) -> str:
        """Write one character on its colour; the number shows where the pointer rests."""
        c, x = self.text[t], self.activations[t]
        shown = MARKS.get(c, html.escape(c) if c.isprintable() else UNKNOWN)
        says = html.escape(f"{t}: {c!r} {x:+.3f}")
        return f'<span class="{rule_class(self.shares[t])}" title="{says}">{shown}</span>'

    def _repr_html_(self) -> str:
        return f"<style>\n{style()}</style>\n{self.fragment()}"

    def __repr__(self) -> str:
        return f"<ColouredText of {len(self.text)} characters: {self.title}>"


def style() -> str:
    """Return the rules, the same for every text."""
    shares = (level / LEVELS for level in range(-LEVELS, LEVELS + 1))
    return RULES + "".join(
        f".{NAME} .{rule_class(x)} {{ background: {shade(x)} }}\n" for x in shares
    )


def rule_class(share: float) -> str:
    """Return the name of the rule that colours a share, from −1 to 1.

    Examples
    --------
    >>> rule_class(-1.0), rule_class(0.01), rule_class(0.5)
    ('m20', 'p0', 'p10')
    """
    level = round(float(share) * LEVELS)
    return f"{'m' if level < 0 else 'p'}{abs(level)}"


def shade(share: float) -> str:
    """Mix a colour: white at 0, the end of its side at −1 and at 1.

    Examples
    --------
    >>> shade(-1.0), shade(0.0), shade(1.0)
    ('#5aa5d8', '#ffffff', '#f08a4b')
    """
    end = BELOW if share < 0 else ABOVE
    parts = ((int(ZERO[i : i + 2], 16), int(end[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + abs(share) * (b - a)):02x}" for a, b in parts)
