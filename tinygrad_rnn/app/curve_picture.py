"""Plots as the content of files, and the curve of a run in its folder. Imports viz, files above."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ..viz.axes import figure_axes
from ..viz.plots import curve
from ..viz.rendering import page
from .atomic_write import write_atomically
from .curve import columns_of

SIZE, DOTS_PER_INCH = (7.5, 5), 150


def draw_curve(rows: Path, file: Path, title: str) -> bool:
    """Draw the loss over the steps, with that of the validation and of the bigram model.

    Parameters
    ----------
    rows : pathlib.Path
        The curve of a run that has made a step.
    file : pathlib.Path
        The PNG file to write, whole or not at all.
    title : str
        To be put above it.

    Returns
    -------
    bool
        Whether it was drawn: not where Matplotlib is missing.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    try:
        ax = figure_axes(*SIZE)
    except ModuleNotFoundError:
        return False
    curve(columns_of(rows), ax)
    ax.set_title(title, parse_math=False)
    write_atomically(file, picture(ax, "png"))
    return True


def picture(ax: Any, ending: str) -> bytes:
    """Return what a file with such an ending holds: the same picture, the same bytes."""
    import matplotlib

    file = io.BytesIO()
    kind = "svg" if ending == "html" else ending
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with matplotlib.rc_context({"svg.hashsalt": "tinygrad_rnn"}):
        ax.figure.savefig(file, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
    if ending == "html":
        return page(file.getvalue().decode(), "plot").encode()
    return file.getvalue()
