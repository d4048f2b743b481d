"""Axes: what the plots share, from the missing Matplotlib to the labels of ticks.

Imports NumPy and the engine's errors; Matplotlib when the first plot is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine.errors import ShapeError, explain

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # of Okabe and Ito
NOTHING = "#dddddd"  # where there is no number, or 0, which has no logarithm
VISIBLE = {" ": "␣", "\n": "↵", "\t": "⇥"}
MOST_LETTERS = 100  # along an axis; more would overlap


def axes(ax: Any) -> Any:
    """Return the Axes to draw on: the caller's, or those of a new figure.

    Raises
    ------
    ModuleNotFoundError
        If Matplotlib is not installed.
    """
    if ax is not None:
        return ax
    with needing_matplotlib():
        import matplotlib.pyplot as plt
    return plt.subplots(layout="constrained")[1]


def figure_axes(width: float, height: float) -> Any:
    """Return the Axes of a new figure, in inches, that no window and no pyplot knows of.

    Raises
    ------
    ModuleNotFoundError
        If Matplotlib is not installed.
    """
    with needing_matplotlib():
        from matplotlib.figure import Figure
    return Figure((width, height), layout="constrained").add_subplot()


@contextmanager
def needing_matplotlib() -> Iterator[None]:
    """Word the error of a missing package."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            explain(
                "plotting needs the Python package matplotlib, which is not installed",
                why="it is no part of the base install",
                fix='pip install matplotlib, or pip install "tinygrad-rnn[plot]"',
            ),
            name="matplotlib",
        ) from error


def heat_map(
    ax: Any, sizes: np.ndarray, first: int, colors: str, between: tuple[float, float], label: str
) -> None:
    """Draw a square of positive numbers, coloured by their logarithm, with its key.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    sizes : array, shape (n, n)
        Row 0 is drawn at the bottom. What is 0 or NaN is grey.
    first : int
        The number of row and column 0.
    colors : str
        Name of the colour map.
    between : pair of float
        The sizes at its two ends; beyond them the colour stays.
    label : str
        Of the key.

    Raises
    ------
    ValueError
        If the ends are not above zero, the first below the second.
    """
    low, high = between
    if not 0 < low < high < np.inf:
        raise misfit(f"colours between {low:g} and {high:g}", "0 < the first < the second")
    import matplotlib
    from matplotlib.colors import LogNorm

    side = (first - 0.5, first + len(sizes) - 0.5)
    image = ax.imshow(
        np.ma.masked_where(~(sizes > 0), np.clip(sizes, *between)),
        origin="lower",
        extent=(*side, *side),
        interpolation="none",
        cmap=matplotlib.colormaps[colors].with_extremes(bad=NOTHING),
        norm=LogNorm(*between),
    )
    seen, little = sizes[sizes > 0], 1 + 1e-9  # what is beyond by rounding alone is not
    beyond = bool(np.any(seen * little < low)), bool(np.any(seen > high * little))
    ends = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    ax.figure.colorbar(image, ax=ax, label=label, extend=ends.get(beyond, "both"))
    whole_numbers(ax.xaxis)
    whole_numbers(ax.yaxis)


def whole_numbers(axis: Any) -> None:
    """Put ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def letters(ax: Any, text: str) -> None:
    """Write a text along the x axis, a character under each column, as far as they fit."""
    if len(text) > MOST_LETTERS:
        whole_numbers(ax.xaxis)
        ax.set_xlabel("character")
        return
    shown = [visible(c) for c in text]
    ax.set_xticks(range(len(text)), labels=shown, parse_math=False, fontsize=8, family="monospace")
    ax.tick_params(axis="x", length=0)
    ax.set_xlabel("what was read")


def visible(c: str) -> str:
    """Return a character as it can be seen."""
    return VISIBLE.get(c, c if c.isprintable() else "\N{REPLACEMENT CHARACTER}")


def numbers(x: Any, ndim: int, what: str) -> np.ndarray:
    """Return numbers as an array of float64 with so many axes; None is NaN."""
    array = np.asarray(x, np.float64)
    if array.ndim != ndim or not array.size:
        raise misfit(f"{what} of shape {array.shape}", f"an array of {ndim} axes, not empty")
    return array


def largest(sizes: np.ndarray, what: str) -> float:
    """Return the largest of numbers that are to be drawn by their logarithm."""
    found = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not found.size:
        raise misfit(f"{what} is nowhere above zero", "one of which some number has a logarithm")
    return float(found.max())


def misfit(what: str, wanted: str) -> ShapeError:
    """Word the error of numbers that cannot be drawn."""
    return ShapeError(explain(what, why="there is nothing to draw", fix=f"pass {wanted}"))
