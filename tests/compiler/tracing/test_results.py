"""What a compiled function may return: places that a replay finds again, and nothing else."""

from __future__ import annotations

from collections import deque
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

w = tg.Value(np.array([0.5, -1.0, 2.0]))


class Slotted:
    __slots__ = ("h",)

    def __init__(self, h: Any) -> None:
        self.h = h


HIDING = {
    "a queue": lambda y: deque([y]),
    "a set": lambda y: {y},
    "a map": lambda y: map(np.sin, [y]),
    "a zip": lambda y: zip([y], [1], strict=True),
    "an iterator": lambda y: iter([y]),
    "a generator": lambda y: (h for h in [y]),
    "values of a dict": lambda y: {"h": y}.values(),
    "items of a dict": lambda y: {"h": y}.items(),
    "an object": lambda y: SimpleNamespace(h=y),
    "an object with slots": Slotted,
    "a list in an object": lambda y: SimpleNamespace(hs=[{"h": y}]),
    "a function": lambda y: lambda: y,
    "a bound argument": lambda y: partial(np.add, y),
    "a method": lambda y: y.backward,
}


@pytest.mark.parametrize("name", HIDING)
def test_values_that_a_replay_does_not_find_are_refused(name: str) -> None:
    with pytest.raises(tg.CaptureError, match="a function that is compiled returned a"):
        tg.compile(lambda x: HIDING[name](w * x))(np.ones(3))


def test_what_holds_no_value_is_returned_as_it_is() -> None:
    settings = SimpleNamespace(
        rate=0.5, layers=[tg.nn.Linear(2, 2, generator=np.random.default_rng(0))]
    )
    f = tg.compile(lambda x: (w * x, settings, np.sum, {"n": len(x)}))
    for _ in range(2):
        y, *rest = f(np.ones(3))
        np.testing.assert_array_equal(y.data, w.data)
        assert rest == [settings, np.sum, {"n": 3}]
