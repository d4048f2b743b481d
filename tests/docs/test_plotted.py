"""The check of the plots in docs/ bites: another number, word or picture is found out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.docs.plotted import KEY, described, unlike

STEPS = np.arange(20)
CELLS = 10.0 ** -np.add.outer(STEPS, STEPS)


def drawn(path: Path, change: Callable[[Any], Any] = lambda figure: None) -> Path:
    """Save a figure of lines, colours and letters, changed in one thing."""
    Figure = pytest.importorskip("matplotlib.figure").Figure
    LogNorm = pytest.importorskip("matplotlib.colors").LogNorm
    figure = Figure(layout="constrained")
    lines, colours = figure.subplots(1, 2)
    lines.plot(STEPS, 10.0**-STEPS, label="fast")
    lines.plot(STEPS, 2.0**-STEPS, label="slow")
    lines.set_yscale("log")
    lines.set_title("Decay")
    lines.legend()
    colours.imshow(np.ma.masked_less(CELLS, 1e-30), norm=LogNorm(1e-20, 1.0))
    colours.text(1, 1, "a")
    colours.text(2, 1, "b")
    change(figure)
    with described():
        figure.savefig(path)
    return path


CHANGES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a line that falls faster": (
        lambda figure: figure.axes[0].lines[1].set_ydata(2.2**-STEPS),
        r"figure\[0\]\.lines\[1\]\[1\]: -1\.027, was -0\.9031",
    ),
    "a line that ends earlier": (
        lambda figure: (
            figure.axes[0].lines[0].set_ydata(np.where(STEPS < 15, 10.0**-STEPS, np.nan))
        ),
        r"lines\[0\]\[5\]: None, was -15\.0",
    ),
    "one line less": (lambda figure: figure.axes[0].lines[1].remove(), r"figure\[0\]\.lines"),
    "another title": (
        lambda figure: figure.axes[0].set_title("Growth"),
        r"figure\[0\]\.words\[0\]: 'Growth', was 'Decay'",
    ),
    "no legend": (lambda figure: figure.axes[0].get_legend().remove(), r"figure\[0\]\.words"),
    "other colours": (
        lambda figure: figure.axes[1].images[0].set_clim(1e-10, 1.0),
        r"images\[0\]\[0\]: -10\.0, was -20\.0",
    ),
    "a heat map that fades more slowly": (
        lambda figure: figure.axes[1].images[0].set_data(CELLS**0.5),
        r"figure\[1\]\.images\[0\]",
    ),
    "another letter": (
        lambda figure: figure.axes[1].texts[1].set_text("c"),
        r"figure\[1\]\.letters: 'ac', was 'ab'",
    ),
    "another size": (lambda figure: figure.set_size_inches(8, 4), "400, 800, 3.* there were"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_out_and_named(tmp_path: Path, name: str) -> None:
    change, said = CHANGES[name]
    kept = drawn(tmp_path / "kept.png")
    assert re.search(said, unlike(drawn(tmp_path / "new.png", change), kept))


def test_the_same_picture_and_one_with_other_fonts_and_margins_pass(tmp_path: Path) -> None:
    def moved(figure: Any) -> None:
        figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
        for ax in figure.axes:
            ax.title.set_fontsize(9)
            ax.lines[0].set_ydata(ax.lines[0].get_ydata() * 1.001) if ax.lines else None

    kept = drawn(tmp_path / "kept.png")
    assert unlike(drawn(tmp_path / "same.png"), kept) == ""
    assert unlike(drawn(tmp_path / "moved.png", moved), kept) == ""


def test_a_description_without_its_picture_is_found_out(tmp_path: Path) -> None:
    image, info = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.PngImagePlugin")
    new, kept = drawn(tmp_path / "new.png"), tmp_path / "kept.png"
    with image.open(new) as picture:
        says, size = info.PngInfo(), picture.size
        says.add_text(KEY, picture.text[KEY])
    image.new("RGB", size, "white").save(kept, pnginfo=says)
    assert unlike(new, kept) == "the pixels are 100% apart"


def test_a_picture_without_a_description_is_refused(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    new, kept = drawn(tmp_path / "new.png"), tmp_path / "kept.png"
    with image.open(new) as picture:
        image.fromarray(np.asarray(picture)).save(kept)
    assert unlike(new, kept) == "the kept picture has no description"
