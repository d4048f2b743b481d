"""The curve as a picture: three lines in a PNG file, where Matplotlib is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.app.small import TEXT
from tests.app.test_curve import points, write
from tinygrad_rnn.app.cli import main
from tinygrad_rnn.app.curve_picture import DOTS_PER_INCH, SIZE, draw_curve
from tinygrad_rnn.viz.axes import LINES

SMALL = ["--hidden", "6", "--batch-size", "3", "--seq-length", "7", "--quiet"]


def shares(picture: Path) -> dict[str, float]:
    """How much of a picture has each colour of the lines."""
    image = pytest.importorskip("matplotlib.image").imread(picture)[..., :3]  # (height, width, 3)
    assert image.shape[:2] == (SIZE[1] * DOTS_PER_INCH, SIZE[0] * DOTS_PER_INCH)
    rgb = {color: np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]) for color in LINES}
    return {c: float(np.mean(np.all(np.abs(image - x) < 0.02, axis=-1))) for c, x in rgb.items()}


def test_training_validation_and_bigram_are_drawn(tmp_path: Path) -> None:
    rows = [p._replace(bigram_loss=3.0 if p.validation_loss else None) for p in points(50, 10)]
    write(tmp_path / "curve.csv", rows)
    assert draw_curve(tmp_path / "curve.csv", tmp_path / "curve.png", "a $title_")
    found = shares(tmp_path / "curve.png")
    training, validation, bigram = (found[LINES[i]] for i in (4, 0, 1))
    assert min(training, validation, bigram) > 2e-4
    assert found[LINES[2]] == 0
    write(tmp_path / "curve.csv", points(50, 100))
    assert draw_curve(tmp_path / "curve.csv", tmp_path / "curve.png", "with neither")
    found = shares(tmp_path / "curve.png")
    assert found[LINES[4]] > 2e-4 and found[LINES[0]] == found[LINES[1]] == 0


@pytest.mark.parametrize("installed", [True, False])
def test_a_run_leaves_its_picture_where_matplotlib_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    pytest.importorskip("matplotlib")
    if not installed:
        for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
            monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    words = ["train", str(tmp_path / "tale.txt"), *SMALL, "--steps", "3", "--out"]
    assert main([*words, str(tmp_path / "new")]) == 0
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["checkpoint.safetensors", "curve.csv", *["curve.png"] * installed]
