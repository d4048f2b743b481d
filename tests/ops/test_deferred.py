"""Gradients that are kept sparse until all have met: places of an array, products not multiplied.

The dense equivalents are `np.add.at` and products step by step, summed in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import some_weights
from tinygrad_rnn import Value
from tinygrad_rnn.check import gradcheck

RNG = np.random.default_rng(31)
X = RNG.normal(size=(5, 6))

# Places. Each entry reads X once; the expected gradient is put together by np.add.at.
READINGS: dict[str, Any] = {
    "row": 2,
    "row from the end": -1,
    "rows": slice(1, 4),
    "rows backwards": slice(None, None, -2),
    "columns": (slice(None), slice(0, 3)),
    "the other columns": (..., slice(3, 6)),
    "entry": (1, 2),
    "new axis": (None, slice(0, 2)),
    "all": ...,
    "nothing": slice(2, 2),
    "ids": np.array([0, 3, 3]),
    "table of ids": np.array([[4, -1], [4, 0]]),
    "narrow ids": np.array([1, 4, 1], np.uint8),
    "no ids": np.zeros(0, int),
    "column ids": (slice(None), np.array([5, 5, 0])),
    "pairs": (np.array([0, 0, 2]), np.array([1, 1, 3])),
    "mask": X > 0.3,
    "mask of rows": np.array([True, False, True, True, False]),
    "mask of nothing": np.zeros((5, 6), bool),
}


def weighted(part: Any, i: int) -> tuple[Any, np.ndarray]:
    """Return a number that depends on a part, and its derivative by the part."""
    weights = some_weights(np.shape(part)) + i
    return tg.sum(part * weights), weights


def test_a_sum_over_many_readings_in_any_order() -> None:
    names = list(READINGS)
    for _ in range(40):
        order = [names[i] for i in RNG.choice(len(names), size=8)]  # some twice
        v, total, expected = Value(X), Value(0.0), np.zeros_like(X)
        for i, name in enumerate(order):
            part, weights = weighted(v[READINGS[name]], i)
            total = total + part
            np.add.at(expected, READINGS[name], weights)
        total.backward()
        np.testing.assert_allclose(v.grad, expected, rtol=1e-12, atol=1e-12, err_msg=str(order))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_repeated_ids(dtype: Any) -> None:
    ids = RNG.integers(0, 50, (7, 900))
    g = RNG.normal(size=(7, 900, 3)).astype(dtype)
    v = Value(RNG.normal(size=(50, 3)).astype(dtype))
    (v[ids] * g).sum().backward()
    expected = np.zeros((50, 3))
    np.add.at(expected, ids, g.astype(np.float64))
    tolerance = 1e-13 if dtype is np.float64 else 2e-6
    np.testing.assert_allclose(v.grad, expected, rtol=0, atol=tolerance * abs(expected).max())


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int32, np.uint32])
@pytest.mark.parametrize("rows", [100, 256, 300, 70_000])
def test_ids_narrower_than_the_number_of_rows(dtype: Any, rows: int) -> None:
    """A table of 256 bytes, read by bytes: 256 itself is no uint8."""
    ids = np.array([1, 99, 1], dtype)
    v = Value(np.zeros((rows, 2)))
    (v[ids].sum() + np.take(v, ids, axis=0).sum() + np.take(v, ids).sum()).backward()
    expected = np.zeros((rows, 2))
    np.add.at(expected, ids, 2.0)
    np.add.at(expected.reshape(-1), ids, 1.0)
    np.testing.assert_array_equal(v.grad, expected)


def test_take_reads_true_and_false_as_one_and_zero_as_numpy_does() -> None:
    v = Value(np.array([1.0, 2.0, 3.0]))
    y = np.take(v, np.array([True, False, True]))
    np.testing.assert_array_equal(y.data, [2.0, 1.0, 2.0])
    y.backward(np.array([1.0, 10.0, 100.0]))
    np.testing.assert_array_equal(v.grad, [10.0, 101.0, 0.0])


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_gates_that_cover_the_last_axis(order: tuple[int, ...]) -> None:
    v, total = Value(RNG.normal(size=(3, 8))), Value(0.0)
    weights = some_weights((3, 8))
    for k in order:
        gate = (..., slice(2 * k, 2 * k + 2)) if k % 2 else (slice(None), slice(2 * k, 2 * k + 2))
        total = total + (v[gate] * weights[gate]).sum()
    total.backward()
    np.testing.assert_array_equal(v.grad, weights)


@pytest.mark.parametrize(
    "cuts",
    [
        [(0, 4), (2, 8)],  # overlapping
        [(0, 3), (4, 8)],  # a gap
        [(0, 4), (4, 7)],  # not to the end
        [(1, 4), (4, 8)],  # not from the start
        [(0, 4), (0, 4), (4, 8)],  # one twice
        [(0, 8), (0, 8)],  # all twice
        [(0, 4), (4, 4), (4, 8)],  # an empty one
        [(0, 4), (4, 2), (4, 8)],  # one that ends before it starts
        [(0, -4), (-4, 99)],  # from the end, and beyond it
    ],
    ids=str,
)
def test_slices_that_do_not_simply_cover_the_last_axis(cuts: list[tuple[int, int]]) -> None:
    v, total, expected = Value(np.zeros((2, 8))), Value(0.0), np.zeros((2, 8))
    for i, (start, stop) in enumerate(cuts):
        part, weights = weighted(v[:, start:stop], i)
        total = total + part
        expected[:, start:stop] += weights
    total.backward()
    np.testing.assert_allclose(v.grad, expected, rtol=1e-13)


# Dense and deferred contributions, in any order, and differentiated again.

C = RNG.normal(size=(5, 6))
A = RNG.normal(size=(2, 5))
MEETING: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "dense": (lambda x: tg.sum(x * C), C),
    "dense, not linear": (lambda x: tg.sum(tg.tanh(x)), 1 - np.tanh(X) ** 2),
    "broadcast": (lambda x: tg.sum(x), np.ones((5, 6))),
    "row": (lambda x: tg.sum(x[1] * 3.0), np.eye(5)[:, 1:2] * np.full(6, 3.0)),
    "ids": (lambda x: tg.sum(tg.sin(x[[2, 2]])), 2 * np.cos(X) * np.eye(5)[:, 2:3]),
    "mask": (lambda x: tg.sum(x[C > 0]), 1.0 * (C > 0)),
    "product": (lambda x: tg.sum(A @ x), np.tile(A.sum(0)[:, None], (1, 6))),
    "product, not linear": (
        lambda x: tg.sum(tg.tanh(A @ x)),
        A.T @ (1 - np.tanh(A @ X) ** 2),
    ),
    "thin product": (lambda x: tg.sum(x @ C[0]), np.tile(C[0], (5, 1))),
    "layer": (lambda x: tg.sum(tg.linear(C[:2], x)), np.tile(C[:2].sum(0), (5, 1))),
}


@pytest.mark.parametrize("create_graph", [False, True])
def test_dense_and_deferred_contributions_meet_in_any_order(create_graph: bool) -> None:
    names = list(MEETING)
    orders = [*permutations(names, 2), *(RNG.permutation(names).tolist() for _ in range(40))]
    for order in orders:
        x = Value(X)
        sum((MEETING[name][0](x) for name in order), Value(0.0)).backward(create_graph=create_graph)
        expected = sum(MEETING[name][1] for name in order)
        found = x.grad.data if create_graph else x.grad
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=str(order))


@pytest.mark.parametrize("seed", range(6))
def test_second_order_of_contributions_that_meet(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(list(MEETING))[:6].tolist()
    assert gradcheck(lambda x: sum(MEETING[name][0](x) for name in order), X)


def test_twice_backward_is_twice_the_gradient() -> None:
    x = Value(X)
    y = sum((f(x) for f, _ in MEETING.values()), Value(0.0))
    y.backward()
    once = x.grad.copy()
    y.backward()
    np.testing.assert_array_equal(x.grad, 2 * once)
