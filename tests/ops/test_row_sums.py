"""Adding rows where places repeat, by either way of summing, against NumPy's own `np.add.at`."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_rnn.ops.row_sums import LONG, add_rows


@pytest.mark.parametrize("width", [(), (1,), (3,), (2, 5), (LONG,)])
@pytest.mark.parametrize("count", [0, 1, 7, 300])
@pytest.mark.parametrize("places", [1, 4, 50])
def test_it_is_numpys_addition_at_places(width: tuple[int, ...], count: int, places: int) -> None:
    rng = np.random.default_rng(count)
    rows = rng.integers(-places, places, count)  # from the end, too
    g = rng.normal(size=(count, *width))
    y = rng.normal(size=(places, *width))
    expected = y.copy()
    np.add.at(expected, rows, g)
    add_rows(y, rows, g)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


def test_both_ways_are_taken_and_an_infinite_row_stays_where_it_is() -> None:
    for width in (4, 4 * LONG):
        g = np.ones((4, width))
        g[1] = np.inf
        y = np.zeros((3, width))
        add_rows(y, np.array([0, 2, 0, 0]), g)
        assert (y[0] == 3).all() and (y[1] == 0).all() and np.isinf(y[2]).all()
