"""What a Matplotlib picture shows, whatever its version makes of fonts and margins.

While a page runs under `described`, each figure that it saves as PNG carries a description of what
is drawn in it: words, lines, colours, as text in the file. `unlike` holds the description of one
file against that of another, and then their pixels, coarsely, so that a description and its
picture cannot drift apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

KEY = "Description"
SAMPLES = 7  # numbers of a line, and along each side of a heat map
BLOCK = 32  # pixels


def description(figure: Any) -> list[dict[str, Any]]:
    """Describe each Axes: its words, and some of the numbers that it draws."""
    return [
        {
            "words": [ax.get_title(), ax.get_xlabel(), ax.get_ylabel(), *legend(ax)],
            "letters": "".join(text.get_text() for text in ax.texts),
            "lines": [some(line.get_ydata(), ax.get_yscale()) for line in ax.lines],
            "images": [
                [*some(image.get_clim(), scale(image)), *some(image.get_array(), scale(image))]
                for image in ax.images
            ],
        }
        for ax in figure.axes
    ]


def legend(ax: Any) -> list[str]:
    """List the words of a legend."""
    found = ax.get_legend()
    return [text.get_text() for text in found.get_texts()] if found else []


def scale(image: Any) -> str:
    """Say whether the colours of an image stand for numbers or for their logarithms."""
    return "log" if "LogNorm" in type(image.norm).__name__ else "linear"


def some(numbers: Any, scale: str) -> list[float | None]:
    """Choose some numbers, evenly, as they are seen; None where there is none."""
    array = np.ma.filled(np.ma.asarray(numbers, float), np.nan)
    if scale == "log":
        array = np.log10(array)
    for axis in range(array.ndim):
        places = np.linspace(0, array.shape[axis] - 1, SAMPLES).astype(int)
        array = np.take(array, places, axis)
    return [None if np.isnan(x) else float(f"{x:.4g}") for x in array.ravel()]


@contextmanager
def described() -> Iterator[None]:
    """Let every figure that is saved carry its description."""
    figure_class = pytest.importorskip("matplotlib.figure").Figure
    original = figure_class.savefig

    def savefig(figure: Any, path: Any, **options: Any) -> None:
        figure.canvas.draw()
        original(figure, path, metadata={KEY: json.dumps(description(figure))}, **options)

    figure_class.savefig = savefig
    try:
        yield
    finally:
        figure_class.savefig = original


def unlike(drawn: Path, kept: Path) -> str:
    """Say in what two pictures differ; nothing if they show the same."""
    image = pytest.importorskip("PIL.Image")
    with image.open(drawn) as one, image.open(kept) as other:
        if KEY not in other.text:
            return "the kept picture has no description"
        theirs, ours = json.loads(one.text[KEY]), json.loads(other.text[KEY])
        pixels = [np.asarray(picture.convert("RGB"), float) / 255 for picture in (one, other)]
    if different := differing(theirs, ours, "figure"):
        return different
    if pixels[0].shape != pixels[1].shape:
        return f"{pixels[0].shape} pixels, there were {pixels[1].shape}"
    one, other = map(blocks, pixels)
    apart, ink = np.abs(one - other).mean(), np.abs(1 - one).mean()
    return f"the pixels are {apart / ink:.0%} apart" if apart > 0.5 * ink else ""


def differing(one: Any, other: Any, where: str) -> str:
    """Name the first place where two descriptions differ by more than rounding."""
    if isinstance(one, float) and isinstance(other, float):
        return (
            "" if np.isclose(one, other, rtol=0.01, atol=0.02) else f"{where}: {one}, was {other}"
        )
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(one[key], other[key], f"{where}.{key}") for key in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(x, y, f"{where}[{i}]") for i, (x, y) in enumerate(zip(one, other, strict=True))]
    else:
        return "" if one == other else f"{where}: {one!r}, was {other!r}"
    return next(filter(None, (differing(*pair) for pair in pairs)), "")


def blocks(pixels: np.ndarray) -> np.ndarray:
    """Return the mean colour of each block of pixels."""
    height, width = (side // BLOCK for side in pixels.shape[:2])
    cut = pixels[: height * BLOCK, : width * BLOCK]
    means: np.ndarray = cut.reshape(height, BLOCK, width, BLOCK, 3).mean(axis=(1, 3))
    return means
