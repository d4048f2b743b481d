"""Compiling costs in proportion to the program's length: counted in calls, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.places.arena import Arena
from tinygrad_rnn.compiler.places.memory import ALIGNMENT
from tinygrad_rnn.compiler.places.placement import Placement
from tinygrad_rnn.compiler.places.plan import Plan
from tinygrad_rnn.compiler.program import shapes
from tinygrad_rnn.compiler.tracing.capture import Capture

from .sharing import everything_shared, taken

w = tg.Value(np.full(3, 0.5))
W = tg.Value(np.full((3, 3), 0.1))


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


def windows_from_the_last_to_the_first(x: Any) -> Any:
    states, total = [np.tanh(row * w) for row in x], 0.0
    for t in reversed(range(len(x) - 1)):
        total = total + np.sum(np.exp(tg.stack(states[t : t + 2])))
    return total


def groups_that_wait_for_each_other(x: Any) -> Any:
    h = tg.stack([x[0] * w] * 3)
    for t in range(len(x) // 3):
        lanes = []
        for k in range(4):
            a = (h * (k + 1.0)) @ W
            for curve in (np.tanh, np.sin) if k % 2 else (np.sin, np.tanh):
                a = curve(a) @ W
            lanes.append(a)
        h = lanes[0] + lanes[1] + lanes[2] + lanes[3] + x[t]
    return np.sum(h)


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


@pytest.mark.parametrize(
    "fn",
    [
        one_after_the_other,
        long_sums_and_products,
        a_loop_with_its_loss,
        windows_from_the_last_to_the_first,
        groups_that_wait_for_each_other,
    ],
)
def test_twice_as_long_costs_twice_as_much(fn: Callable[..., Any]) -> None:
    x = 0.01 * np.random.default_rng(0).normal(size=(200, 3))
    tg.compile(fn)(x[:5])  # shapes of every op are known from here on
    counts = [calls_of(lambda n=n: tg.compile(fn)(x[:n])) for n in (50, 100, 200)]  # type: ignore[misc]
    assert counts[2] - counts[1] < 2.1 * (counts[1] - counts[0])


@pytest.mark.parametrize("fn", [a_loop_with_its_loss, groups_that_wait_for_each_other])
def test_sharing_between_cores_costs_in_proportion_too(fn: Callable[..., Any]) -> None:
    x = 0.01 * np.random.default_rng(0).normal(size=(200, 3))
    with everything_shared():
        counts = []
        for n in (50, 100, 200):
            f = tg.compile(fn, cores=1)
            f(x[:n])
            program = f.program
            counts.append(calls_of(lambda program=program: Plan(program, 2)))  # type: ignore[misc]
            assert taken(Plan(program, 2)) > n
    assert counts[2] - counts[1] < 2.1 * (counts[1] - counts[0])


def test_chains_that_grow_at_their_beginning_are_not_walked_along() -> None:
    counts = []
    for n in (100, 200, 400):
        capture = Capture(windows_from_the_last_to_the_first, (np.ones((n, 3)),), {})
        program = capture.program((0,))
        counts.append(calls_of(lambda program=program: Placement(program)))  # type: ignore[misc]
    assert counts[2] - counts[1] < 2.1 * (counts[1] - counts[0])


class Counted(int):
    """A number of bytes that counts how often it is compared."""

    comparisons = 0

    def __lt__(self, other: int) -> bool:
        Counted.comparisons += 1
        return int(self) < int(other)

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return isinstance(other, int) and int(self) == int(other)

    def __add__(self, other: int) -> Counted:
        return Counted(int(self) + int(other))

    def __sub__(self, other: int) -> Counted:
        return Counted(int(self) - int(other))

    __radd__, __hash__ = __add__, int.__hash__


def test_a_free_piece_of_memory_is_found_among_many_without_looking_at_all() -> None:
    memory = Arena()
    length = Counted(ALIGNMENT)
    starts = [memory.take(Counted(ALIGNMENT * (1 + i % 7))) for i in range(2000)]
    for i in range(0, 2000, 2):  # between two that are in use
        memory.release(starts[i], Counted(ALIGNMENT * (1 + i % 7)))
    assert len(memory.free) == 1000
    Counted.comparisons = 0
    for _ in range(100):
        memory.release(memory.take(length), length)
    assert 0 < Counted.comparisons < 100 * 100


def test_a_step_is_not_measured_on_arrays_as_long_as_the_sequence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each x[t] has an index of its own, and is seen for the first time."""
    made = 0

    def counting(fill: Callable[..., Any]) -> Callable[..., Any]:
        def counted(shape: Any, dtype: Any = float) -> Any:
            nonlocal made
            made += int(np.prod(shape))
            return fill(shape, dtype)

        return counted

    monkeypatch.setattr(shapes, "SEEN", {})
    monkeypatch.setattr(np, "zeros", counting(np.zeros))
    monkeypatch.setattr(shapes, "zeros_and_ones", counting(shapes.zeros_and_ones))
    monkeypatch.setattr(shapes, "regular", counting(shapes.regular))
    entries = []
    for n in (101, 201, 401):
        shapes.SEEN.clear()
        made = 0
        Capture(a_loop_with_its_loss, (np.ones((n, 3)),), {}).program((0,))
        entries.append(made)
    assert entries[0] > 0
    assert entries[2] - entries[1] < 2.1 * (entries[1] - entries[0]) + 3
