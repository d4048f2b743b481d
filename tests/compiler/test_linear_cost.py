"""Compiling costs in proportion to the program's length: counted in calls, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

w = tg.Value(np.full(3, 0.5))


def one_after_the_other(x: Any) -> Any:
    h = x[0] * w
    for _ in range(len(x)):
        h = np.tanh(h * 0.5)
    return np.sum(h)


def long_sums_and_products(x: Any) -> Any:
    total, product = w * 0.5, w + 1.0
    for t in range(len(x)):
        total = x[t] * w - total
        product = product * (x[t] + 1.0)
    return np.sum(total * product)


def a_loop_with_its_loss(x: Any) -> Any:
    h, total = x[0] * w, 0.0
    for t in range(len(x)):
        with tg.name_scope(f"step {t}"):
            h = np.tanh(x[t] + h * w)
            total = total + np.sum(h * h) + np.sum(h * x[t])
    return total


def calls_of(fn: Callable[[], Any]) -> int:
    """How many calls, of Python's and NumPy's functions, a function makes."""
    count = 0

    def see(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(see)
    try:
        fn()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("fn", [one_after_the_other, long_sums_and_products, a_loop_with_its_loss])
def test_twice_as_long_costs_twice_as_much(fn: Callable[..., Any]) -> None:
    x = 0.01 * np.random.default_rng(0).normal(size=(400, 3))
    tg.compile(fn)(x[:5])  # shapes of every op are known from here on
    counts = [calls_of(lambda n=n: tg.compile(fn)(x[:n])) for n in (100, 200, 400)]  # type: ignore[misc]
    assert counts[2] - counts[1] < 2.1 * (counts[1] - counts[0])
