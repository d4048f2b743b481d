"""Tables of gradients by name: every way in which two sides can part is a row."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.check import compare, compare_witnesses

W = np.array([[1.0, -2.0], [3.0, 4.0]])
B = np.array([0.5, 0.25])


def test_equal_sides_are_equal() -> None:
    table = compare({"w": W, "b": B}, {"b": B.copy(), "w": W.copy()})
    assert table.ok
    assert [row.name for row in table.rows] == ["w", "b"]
    assert all(row.max_abs == row.max_rel == 0 and row.verdict == "ok" for row in table.rows)
    assert "all 2 agree" in str(table)


def test_the_worst_entry_is_measured_relative_to_the_largest_of_the_tensor() -> None:
    wrong = W.copy()
    wrong[0, 1] += 0.004
    table = compare({"w": wrong, "b": B}, {"w": W, "b": B})
    row = table.rows[0]
    assert not table.ok and not row.ok and table.worst is row
    assert row.index == (0, 1) and row.shape == (2, 2)
    np.testing.assert_allclose([row.max_abs, row.max_rel], [0.004, 0.001])
    assert compare({"w": wrong}, {"w": W}, tolerance=0.0011).ok
    assert "DIFFERS at [0, 1]" in str(table) and "1 of 2 differ" in str(table)


def test_a_relative_difference_has_no_favourite_side() -> None:
    a, b = {"w": np.array([1.0])}, {"w": np.array([1000.0])}
    assert compare(a, b).rows[0].max_rel == compare(b, a).rows[0].max_rel < 1


def test_missing_and_unexpected_names_and_other_shapes_are_rows() -> None:
    table = compare(
        {"w": W, "only ours": B, "b": B, "none": None},
        {"w": W.ravel(), "b": B, "only theirs": B, "none": B},
        labels=("autodiff", "by hand"),
    )
    verdicts = {row.name: row.verdict for row in table.rows}
    assert verdicts == {
        "w": "SHAPES (2, 2) and (4,)",
        "only ours": "MISSING in by hand",
        "b": "ok",
        "none": "NO GRADIENT in autodiff",
        "only theirs": "MISSING in autodiff",
    }
    assert not table.ok
    assert "4 of 5 differ" in str(table) and "autodiff against by hand" in str(table)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_never_agrees(bad: float) -> None:
    broken = W.copy()
    broken[1, 0] = bad
    for table in (compare({"w": broken}, {"w": W}), compare({"w": broken}, {"w": broken})):
        assert not table.ok and table.rows[0].verdict == "NOT FINITE at [1, 0]"


def test_a_broken_tensor_does_not_excuse_another() -> None:
    """An infinite entry must not become the scale on which a small tensor counts as zero."""
    small = np.array([1e-3])
    table = compare({"w": W * np.inf, "b": small}, {"w": W, "b": small * 1.1})
    assert not table.rows[1].ok


def test_rounding_errors_of_a_gradient_that_is_zero_agree() -> None:
    noise = np.array([1e-17, -3e-17])
    assert compare({"w": W, "b": noise}, {"w": W, "b": -noise}).ok
    assert not compare({"b": noise}, {"b": -noise}).ok  # alone, nothing says that it is noise
    assert not compare({"w": W, "b": noise * 1e6}, {"w": W, "b": noise * 2e6}).ok


def test_zero_beside_zero_is_equal_and_beside_something_is_not() -> None:
    assert compare({"w": np.zeros(2)}, {"w": np.zeros(2)}).ok
    assert not compare({"w": np.zeros(2)}, {"w": np.full(2, 1e-30)}).ok


def test_comparing_nothing_is_not_agreement() -> None:
    assert not compare({}, {}).ok and compare({}, {}).worst is None
    assert "nothing to compare" in str(compare({}, {}))
    assert compare({"w": np.zeros((0, 2))}, {"w": np.zeros((0, 2))}).ok


def test_entries_that_were_not_measured_are_left_out() -> None:
    masked = np.ma.array(W * [[1, 9], [9, 1]], mask=[[False, True], [True, False]])
    assert compare({"w": W}, {"w": masked}).ok
    assert not compare({"w": W + 1}, {"w": masked}).ok
    nothing = compare({"w": W}, {"w": np.ma.array(W, mask=True)})
    assert not nothing.ok and nothing.rows[0].verdict == "NOTHING measured"


def test_values_and_modules_are_taken() -> None:
    w, b = tg.Value(W.copy()), tg.Value(B.copy())
    module = SimpleNamespace(named_parameters=lambda: [("w", w), ("b", b)])
    np.sum(w * w * 0.5).backward()
    table = compare(module, {"w": tg.Value(W), "b": B})
    assert [row.verdict for row in table.rows] == ["ok", "NO GRADIENT in ours"]


def test_of_a_parameter_its_gradient_is_meant_and_not_its_weights() -> None:
    w = tg.Value(2 * W, name="w")
    np.sum(w * w * 0.25).backward()
    assert compare({"w": w}, {"w": W}).ok
    assert not compare({"w": w}, {"w": 2 * W}).ok
    g = tg.grad(lambda w: np.sum(w**3) / 3)(w)  # a gradient that is a Value itself
    np.sum(g).backward()
    assert compare({"w": g}, {"w": 4 * W**2}).ok


def test_something_without_names_is_refused() -> None:
    with pytest.raises(TypeError, match="by name"):
        compare([W], [W])


def test_float32_is_compared_in_float64() -> None:
    table = compare({"w": W.astype(np.float32) + np.float32(1e-6)}, {"w": W}, tolerance=1e-6)
    assert table.ok and 0 < table.rows[0].max_rel < 1e-6


def test_the_worst_row_is_a_wrong_one_before_a_distant_one() -> None:
    table = compare({"w": W * (1 + 1e-9), "b": B}, {"w": W, "c": B})
    assert table.worst is not None and table.worst.name in ("b", "c")


class TestWitnesses:
    def test_three_that_agree(self) -> None:
        table = compare_witnesses({"autodiff": {"w": W}, "by hand": {"w": W}, "measured": {"w": W}})
        assert table.ok and len(table.pairs) == 3
        assert "3 witnesses agree on all 1 parameters" in str(table)

    def test_the_one_that_differs_shows_in_two_columns(self) -> None:
        table = compare_witnesses({"a": {"w": W, "b": B}, "b": {"w": W, "b": B * 2},
                                   "c": {"w": W, "b": B}})  # fmt: skip
        assert not table.ok
        assert [pair.ok for pair in table.pairs] == [False, True, False]
        line = next(line for line in str(table).splitlines() if line.startswith("b "))
        assert line.split()[2:5] == ["5.0e-01", "0.0e+00", "5.0e-01"]
        assert table.worst is not None and table.worst.name == "b"

    def test_a_name_that_one_has_not(self) -> None:
        table = compare_witnesses({"a": {"w": W}, "b": {"w": W}, "c": {}})
        assert not table.ok and "MISSING in c" in str(table)

    def test_one_witness_is_none(self) -> None:
        assert not compare_witnesses({"a": {"w": W}}).ok
