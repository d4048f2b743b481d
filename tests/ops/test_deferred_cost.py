"""What sparse gradients are for: one buffer, one product, time linear in T. All by counting."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value
from tinygrad_rnn.ops.linear import Product

RNG = np.random.default_rng(33)
B, D, H = 4, 20, 16  # few rows of a large weight: kept, and multiplied once


def rows_by_number(T: int) -> tuple[Value, Any]:
    x = Value(RNG.normal(size=(T, B, D)))
    return x, [x[t] for t in range(T)]


def rows_by_slice(T: int) -> tuple[Value, Any]:
    x = Value(RNG.normal(size=(T, B, D)))
    return x, np.split(x, T)


def columns(T: int) -> tuple[Value, Any]:
    x = Value(RNG.normal(size=(B, T, D)))
    return x, tg.unstack(x, axis=1)


def lookups(T: int) -> tuple[Value, Any]:
    table = Value(RNG.normal(size=(4 * T, D)))
    return table, [table[RNG.integers(0, 4 * T, B)] for _ in range(T)]


def taken(T: int) -> tuple[Value, Any]:
    table = Value(RNG.normal(size=(4 * T, D)))
    return table, [np.take(table, RNG.integers(0, 4 * T, B), axis=0) for _ in range(T)]


def masks(T: int) -> tuple[Value, Any]:
    x = Value(RNG.normal(size=(B, D)))
    return x, [x[RNG.normal(size=(B, D)) > 0] for _ in range(T)]


READERS: list[Callable[[int], tuple[Value, Any]]] = [
    rows_by_number, rows_by_slice, columns, lookups, taken, masks,
]  # fmt: skip
EVERY_READER = pytest.mark.parametrize("reader", READERS)


def total_of(parts: Any) -> Value:
    return tg.sum(tg.stack([tg.sum(part * part) for part in parts]))


def calls_of(loss: Value, **settings: Any) -> Counter[Any]:
    """Count the calls that a sweep makes, of Python's functions and of C's."""
    counted: Counter[Any] = Counter()

    def count(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            counted["Python"] += 1
        elif event == "c_call":
            counted[argument if argument in (np.zeros, np.concatenate) else "C"] += 1

    outer = sys.getprofile()
    sys.setprofile(count)
    try:
        loss.backward(**settings)
    finally:
        sys.setprofile(outer)
    return counted


@EVERY_READER
def test_one_array_of_zeros_however_many_readings(reader: Any) -> None:
    for T in (3, 30):
        _, parts = reader(T)
        loss = total_of(parts)
        assert calls_of(loss)[np.zeros] == 1


@EVERY_READER
@pytest.mark.parametrize("create_graph", [False, True])
def test_calls_are_linear_in_the_number_of_readings(reader: Any, create_graph: bool) -> None:
    counts = []
    for T in (40, 80, 160):
        loss = total_of(reader(T)[1])
        counts.append(calls_of(loss, create_graph=create_graph).total())
    assert counts[0] > 40  # so that something was counted
    assert counts[1] <= 2.05 * counts[0]
    assert counts[2] <= 2.05 * counts[1]


def bytes_taken(loss: Value) -> int:
    """Return how many bytes a sweep took at once, at most, beyond those held before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        loss.backward(retain_grad=False)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_a_lookup_makes_one_table_and_no_more() -> None:
    table = Value(np.zeros((20_000, 16)))
    for parts in (1, 30):
        table.grad = None
        loss = total_of([table[RNG.integers(0, 20_000, 4)] for _ in range(parts)])
        taken = bytes_taken(loss)
        assert table.data.nbytes <= taken < 1.2 * table.data.nbytes


@pytest.mark.parametrize("dense_first", [False, True])
def test_dense_contributions_share_the_buffer(dense_first: bool) -> None:
    x = Value(np.ones((400, 100)))
    dense = [lambda: tg.sum(x * 2.0)] * 2
    sparse: list[Callable[[], Any]] = [lambda t=t: tg.sum(x[t]) for t in range(40)]
    makers = [*dense, *sparse] if dense_first else [*sparse, *dense]
    loss = tg.sum(tg.stack([make() for make in makers]))
    taken = bytes_taken(loss)
    assert taken < 4 * x.data.nbytes  # two dense ones and their sum
    assert calls_of(loss)[np.zeros] == 0  # that sum is the buffer
    x.grad /= 2
    np.testing.assert_array_equal(x.grad[:40], np.full((40, 100), 5.0))
    np.testing.assert_array_equal(x.grad[40:], np.full((360, 100), 4.0))


def test_four_gates_need_no_zeros_at_all() -> None:
    gates = Value(RNG.normal(size=(B, 4 * H)))
    i, f, g, o = (gates[:, k * H : (k + 1) * H] for k in range(4))
    loss = tg.sum(tg.sigmoid(i) * tg.tanh(g) + tg.sigmoid(f) * tg.sigmoid(o))
    assert calls_of(loss)[np.zeros] == 0


# Products.


def weighted_steps(T: int, w: Value) -> Value:
    xs, gs = RNG.normal(size=(T, B, D)), RNG.normal(size=(T, B, H))
    return tg.sum(tg.stack([tg.sum((x @ w) * g) for x, g in zip(xs, gs, strict=True)]))


@pytest.mark.parametrize("T", [1, 2, 20, Product.enough // B])
def test_one_product_for_all_steps(T: int, monkeypatch: pytest.MonkeyPatch) -> None:
    w = Value(RNG.normal(size=(D, H)))
    loss = weighted_steps(T, w)
    made = watch_products(monkeypatch)
    loss.backward()
    assert made == [T * B]


def test_more_rows_are_multiplied_in_good_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    T = 6 * Product.enough // B
    w = Value(RNG.normal(size=(D, H)))
    loss = weighted_steps(T, w)
    made = watch_products(monkeypatch)
    loss.backward()
    assert sum(made) == T * B
    assert len(made) <= 7
    assert max(made) <= Product.enough + B


def test_many_rows_of_a_small_weight_are_multiplied_at_once() -> None:
    """To keep them would take more memory than their product, to which the next is added."""
    w, T, rows = Value(RNG.normal(size=(D, H))), 40, 64
    xs, gs = RNG.normal(size=(T, rows, D)), RNG.normal(size=(T, rows, H))
    loss = tg.sum(tg.stack([tg.sum((x @ w) * g) for x, g in zip(xs, gs, strict=True)]))
    assert bytes_taken(loss) - 200 * T < 3 * gs[0].nbytes + 4 * w.data.nbytes
    np.testing.assert_allclose(w.grad, np.einsum("tbd,tbh->dh", xs, gs), rtol=1e-12)


def watch_products(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note of each product that is multiplied how many rows it has."""
    made: list[int] = []
    multiply = Product.dense

    def watched(self: Product) -> Any:
        if self.a:
            made.append(sum(a.shape[0] for a in self.a))
        return multiply(self)

    monkeypatch.setattr(Product, "dense", watched)
    return made


def test_kept_rows_take_memory_that_does_not_grow_with_time() -> None:
    w = Value(np.full((64, 64), 0.01))
    peaks = []
    for T in (200, 800):
        h: Any = np.ones((16, 64))
        for _ in range(T):
            h = tg.tanh(h @ w)
        loss = tg.sum(h)
        taken = bytes_taken(loss)
        peaks.append(taken - 200 * T)  # the sweep's own list of nodes
    kept = (Product.enough + 16) * 64 * 8  # the last step's rows are one too many
    assert peaks[0] < 4 * kept
    assert peaks[1] < 4 * kept


def test_a_weight_over_time_makes_calls_linear_in_time() -> None:
    counts = []
    for T in (100, 200, 400):
        w = Value(np.full((H, H), 0.1))
        h: Any = np.ones((B, H))
        for _ in range(T):
            h = tg.tanh(h @ w.T)
        loss = tg.sum(h)
        counts.append(calls_of(loss).total())
    assert counts[1] <= 2.05 * counts[0]
    assert counts[2] <= 2.05 * counts[1]


def test_recorded_gradients_of_readings_are_differentiated_again() -> None:
    x = Value(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    tg.sum(x[0] * x[1]).backward(create_graph=True)
    slope, x.grad = x.grad, None
    tg.sum(slope * slope).backward()  # of x₁² + x₀²
    np.testing.assert_array_equal(x.grad, [[2.0, 4.0], [6.0, 8.0], [0.0, 0.0]])
