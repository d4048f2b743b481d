"""Adding up rows where ids repeat, by either way of summing, against NumPy's own `np.add.at`."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.calls.row_sums import FEW, rows_into

from ..agreement import assert_agrees


@pytest.mark.parametrize("width", [(), (1,), (3,), (2, 5), (300,)])
@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (30, 10)])
@pytest.mark.parametrize("places", [1, 4, 50])
def test_it_is_numpys_addition_at_places(
    width: tuple[int, ...], shape: tuple[int, ...], places: int
) -> None:
    rng = np.random.default_rng(places)
    ids = rng.integers(-places, places, shape)  # from the end, too
    g = rng.normal(size=(*shape, *width))
    expected, out = np.zeros((places, *width)), np.full((places, *width), np.nan)
    np.add.at(expected, ids, g)
    rows_into(g, ids, out)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("times", [1, FEW])
def test_an_infinite_row_stays_where_it_is_in_both_ways(times: int) -> None:
    ids = np.array([0, 2, 0, 0] * times, np.uint8)
    g = np.ones((4 * times, 5))
    g[1] = np.inf
    out = np.empty((3, 5))
    rows_into(g, ids, out)
    assert (out[0] == 3 * times).all() and (out[1] == 0).all() and np.isinf(out[2]).all()


def test_look_ups_of_many_steps_are_placed_together() -> None:
    table = tg.Value(0.1 * np.random.default_rng(0).normal(size=(5, 400)))

    def loss(ids):  # type: ignore[no-untyped-def]
        h = np.zeros(400)
        for t in range(9):
            h = np.tanh(h + table[ids[t]])
        return np.sum(h * h)

    rng = np.random.default_rng(1)
    f = assert_agrees(loss, [table], [(rng.integers(-5, 5, (9, 3)),) for _ in range(3)])
    names = [s.rule.name for s in f.program.computed()]
    assert names.count("place") == names.count("take") == 1
