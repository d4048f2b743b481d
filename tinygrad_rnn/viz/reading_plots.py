"""Plots of what a net does while it reads a text: its gates, one of its units.

Each takes a Matplotlib Axes, draws on it and returns it. Imports NumPy and the files above.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .axes import axes, letters, misfit, numbers, visible
from .coloured_text import ABOVE, BELOW, ZERO, ColouredText
from .labels import INK

COLUMNS = 72  # characters of a row
MOST_ROWS = 60


def gates(activations: Mapping[str, Any], text: str, ax: Any = None) -> Any:
    """Draw how far each unit's gates are open while a text is read.

    Parameters
    ----------
    activations : mapping from name to array, shape (T, H)
        Of each gate, between 0 (closed) and 1 (open).
    text : str
        The T characters that were read.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not between 0 and 1.
    ModuleNotFoundError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import tinygrad_rnn as tg
    >>> ax = tg.viz.plots.gates({"forget": [[0.9], [0.1]]}, "ab", Figure().subplots())
    >>> ax.get_title()
    'Gates while reading'
    """
    blocks = {name: numbers(x, 2, f"gate {name!r}") for name, x in activations.items()}
    if not blocks:
        raise misfit("no gates", "a dict from their names to arrays of shape (T, H)")
    T, H = next(iter(blocks.values())).shape
    for name, x in blocks.items():
        if x.shape != (T, H) or len(text) != T:
            raise misfit(
                f"gate {name!r} of shape {x.shape}, and {len(text)} characters",
                "arrays of one shape, with a row for each character",
            )
        if not np.all((x >= 0) & (x <= 1)):
            raise misfit(
                f"gate {name!r} with values from {x.min():.2g} to {x.max():.2g}",
                "gates, which are between 0 and 1; a candidate is none",
            )
    ax = axes(ax)
    rows = np.concatenate([x.T for x in blocks.values()])  # (gates · H, T)
    image = ax.imshow(rows, aspect="auto", interpolation="none", cmap="viridis", vmin=0, vmax=1)
    for i in range(1, len(blocks)):
        ax.axhline(i * H - 0.5, color="white", linewidth=2)
    centres = [i * H + (H - 1) / 2 for i in range(len(blocks))]
    ax.set_yticks(centres, labels=list(blocks), parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel(f"{H} units of each gate")
    letters(ax, text)
    ax.figure.colorbar(image, ax=ax, label="closed 0 … 1 open")
    ax.set_title("Gates while reading")
    return ax


def neuron(activations: Any, text: str, ax: Any = None) -> Any:
    """Draw a text with each character on the colour of what one unit did when it had read it.

    Parameters
    ----------
    activations : array, shape (T,)
        Of the unit; blue below zero, orange above.
    text : str
        The T characters that were read.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there are not as many numbers as characters, one is not finite, or the text has too
        many lines for a picture.
    ModuleNotFoundError
        If Matplotlib is not installed.

    See Also
    --------
    tinygrad_rnn.viz.ColouredText : the same as HTML, for a text of any length.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import tinygrad_rnn as tg
    >>> ax = tg.viz.plots.neuron([0.9, -0.1], "ab", Figure().subplots())
    >>> ax.get_title()
    'One unit while reading'
    """
    coloured = ColouredText(text, activations)
    rows = rows_of(text)
    if len(rows) > MOST_ROWS:
        raise misfit(
            f"a text of {len(rows)} lines, and a picture has room for {MOST_ROWS}",
            "a shorter text, or write it as HTML: viz.ColouredText(text, activations).write(path)",
        )
    cells = np.full((len(rows), COLUMNS), np.nan)
    for i, row in enumerate(rows):
        cells[i, : len(row)] = coloured.activations[row.start : row.stop]
    ax = axes(ax)
    from matplotlib.colors import LinearSegmentedColormap

    image = ax.imshow(
        np.ma.masked_invalid(cells),
        aspect="auto",
        interpolation="none",
        # An odd number of shades: one of them is exactly zero's.
        cmap=LinearSegmentedColormap.from_list("below zero above", [BELOW, ZERO, ABOVE], N=257),
        vmin=-coloured.limit,
        vmax=coloured.limit,
    )
    look = {"ha": "center", "va": "center", "color": INK, "fontsize": 8, "family": "monospace"}
    for i, row in enumerate(rows):
        for column, t in enumerate(row):
            if text[t] != " ":  # which shows by its colour
                ax.text(column, i, visible(text[t]), parse_math=False, **look)
    ax.set_yticks(range(len(rows)), labels=[str(row.start) for row in rows], fontsize=8)
    ax.tick_params(axis="both", length=0)
    ax.set_xticks([])
    ax.set_ylabel("first character of each line")
    ax.set_xlabel("what was read")
    ax.set_title("One unit while reading")
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.figure.colorbar(image, ax=ax, label="activation")
    return ax


def rows_of(text: str) -> list[range]:
    r"""Break a text into rows: behind each line end, and where a row is full.

    Examples
    --------
    >>> rows_of("ab\nc")
    [range(0, 3), range(3, 4)]
    """
    rows, start = [], 0
    for t, c in enumerate(text, 1):
        if c == "\n" or t - start == COLUMNS or t == len(text):
            rows.append(range(start, t))
            start = t
    return rows
