"""Arrays that a traced function changes in place: its own, and those of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

from ..agreement import assert_agrees

rng = np.random.default_rng(0)
w = tg.Value(rng.uniform(0.3, 1.0, 4))


def seen_by_two_names(x: Any) -> Any:
    y = x * 2.0
    z = y
    z += 1.0
    return np.sum(w * y)


def changed_on_the_way(x: Any) -> Any:
    h = w * x  # a Value: another one takes its place
    first = h
    h += x
    h **= 2
    total = np.sum(x)  # a single number: likewise
    before = total
    total += 1.0
    return np.sum(h * first) * total * before


def of_few_digits(x: Any) -> Any:
    y = x.astype(np.float32)
    y *= x
    y -= 0.1
    return np.sum(w * y) + y.sum()


def masks(x: Any) -> Any:
    mask = x > 0
    mask &= x < 1
    mask |= x < -1
    mask ^= x > 2
    ids = (x > 0) * 3
    ids <<= 1
    ids //= 2
    ids %= 2
    return np.sum(w * mask * ids)


def used_before(x: Any) -> Any:
    y = x * 2.0
    h = np.sum(w * y)
    y /= 4.0  # too late for h, too early for its gradient, eagerly as well
    return h + np.sum(y * w)


CASES = [seen_by_two_names, changed_on_the_way, of_few_digits, masks, used_before]


@pytest.mark.parametrize("fn", CASES, ids=lambda fn: fn.__name__)
def test_an_array_of_its_own_may_be_changed(fn: Any) -> None:
    assert_agrees(fn, [w], [(rng.normal(size=(3, 4)),) for _ in range(3)])


def subtracted(x: Any) -> Any:
    x -= 1.0
    return np.sum(w * x)


def row_changed(x: Any) -> Any:
    row = x[0]
    row *= 2.0
    return np.sum(w * x)


def seen_in_part(x: Any) -> Any:
    y = x * 2.0
    row = y[0]
    y += 1.0
    return np.sum(w * row)


def by_a_value(x: Any) -> Any:
    y = x * 2.0
    y += w
    return np.sum(y)


def longer(x: Any) -> Any:
    y = x[0] * 2.0
    y += x
    return np.sum(w * y)


def fractions_into_whole_numbers(x: Any) -> Any:
    y = (x > 0) * 3
    y += x
    return np.sum(w * y)


REFUSED = [
    subtracted,
    row_changed,
    seen_in_part,
    by_a_value,
    longer,
    fractions_into_whole_numbers,
]


@pytest.mark.parametrize("fn", REFUSED, ids=lambda fn: fn.__name__)
def test_memory_of_others_may_not(fn: Any) -> None:
    x = rng.normal(size=(3, 4))
    before = x.copy()
    with pytest.raises(tg.CaptureError, match="changes an array in place"):
        tg.compile(fn)(x)
    np.testing.assert_array_equal(x, before)


def test_lists_and_dicts_among_the_arguments_stay_as_they_are() -> None:
    def emptied(batch: Any) -> Any:
        return np.sum(w * batch.pop("x"))

    def turned(rows: Any) -> Any:
        rows.reverse()
        return np.sum(w * rows[0])

    x = rng.normal(size=4)
    batch, rows = {"x": x}, [x, 2 * x]
    for fn, argument in ((emptied, batch), (turned, rows)):
        with pytest.raises(tg.CaptureError, match="list or dict among the arguments changed"):
            tg.compile(fn)(argument)
    assert batch["x"] is rows[0] is x


def test_a_masked_array_is_not_taken_for_an_array_of_its_form() -> None:
    f = tg.compile(lambda a: a * 2.0)
    x = np.ones((2, 2))
    f(x)
    with pytest.raises(tg.CaptureError, match="plain arrays"):
        f(np.ma.masked_array(x, x > 0))
