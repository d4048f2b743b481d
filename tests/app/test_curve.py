from __future__ import annotations

import csv
import math
from pathlib import Path

from tinygrad_rnn.app.curve import Curve, Point, bits, rows_until

LOSS = 0.1 + 0.2


def points(steps: int, validated_every: int) -> list[Point]:
    return [
        Point(t, LOSS / t, bits(LOSS / t), t / 3, 2.5 * (t % validated_every == 0) or None, None)
        for t in range(1, steps + 1)
    ]


def write(path: Path, rows: list[Point], before: list[str] | None = None) -> None:
    with Curve(path, before) as curve:
        for point in rows:
            curve.add(point)


def test_a_nat_is_so_many_bits() -> None:
    assert bits(math.log(2)) == 1.0
    assert math.isclose(bits(1.0), 1.442695040888963)


def test_numbers_read_back_as_they_were(tmp_path: Path) -> None:
    write(tmp_path / "curve.csv", points(4, 2))
    with open(tmp_path / "curve.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("step", "loss", "bits_per_character", "gradient_norm"),
        *("validation_loss", "bigram_loss"),
    ]
    assert [float(row["loss"]) for row in rows] == [LOSS / t for t in (1, 2, 3, 4)]
    assert [row["validation_loss"] for row in rows] == ["", "2.5", "", "2.5"]


def test_every_row_is_there_before_the_file_is_closed(tmp_path: Path) -> None:
    with Curve(tmp_path / "curve.csv") as curve:
        for point in points(2, 1):
            curve.add(point)
            lines = (tmp_path / "curve.csv").read_text().splitlines()
            assert len(lines) == 1 + point.step


def test_a_curve_that_was_cut_and_gone_on_with_is_the_same(tmp_path: Path) -> None:
    """Cut at step 5, where a row was validated out of turn; rows 6 and 7 are of a lost time."""
    whole, cut = points(8, 2), points(7, 2)
    write(tmp_path / "whole.csv", whole)
    cut[4] = cut[4]._replace(validation_loss=2.25, bigram_loss=3.0)
    cut[5] = cut[5]._replace(loss=9.0)
    write(tmp_path / "cut.csv", cut)
    kept = rows_until(tmp_path / "cut.csv", step=5, validated_every=2)
    write(tmp_path / "cut.csv", whole[5:], before=kept)
    assert (tmp_path / "cut.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_missing_or_damaged_curve_has_the_rows_that_can_be_read(tmp_path: Path) -> None:
    assert rows_until(tmp_path / "none.csv", 9, 1) == []
    damaged = tmp_path / "damaged.csv"
    damaged.write_text("step,a\n1,2,3,4,,\n\n²,1,1,1,,\n-1,1,1,1,,\n2,2,2,2,0.5,\n3,2,")
    assert rows_until(damaged, 9, 2) == ["1,2,3,4,,\n", "2,2,2,2,0.5,\n"]
