"""What differences cannot see of a derivative, and its documentation promises.

Values at single points (a tie, a NaN, an infinity), where no difference can be taken, and forms: a
gradient that is kept as a product, or placed without zeros, is the same gradient at a lower cost.
Each function looks at the derivative of the rules that it is entered for, as it is or mutated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tests.ops.cases import normal
from tinygrad_rnn import Value
from tinygrad_rnn.check.arguments import data_of
from tinygrad_rnn.check.op_application import raw_gradients
from tinygrad_rnn.engine.graph import Node

Point = Callable[[], None]
POINTS: dict[str, list[Point]] = {}
NAN, INF = np.nan, np.inf


def of(*rules: str) -> Callable[[Point], Point]:
    """Enter a function for some rules."""

    def enter(point: Point) -> Point:
        for rule in rules:
            POINTS.setdefault(rule, []).append(point)
        return point

    return enter


def gradients(f: Callable[..., Any], *inputs: Any) -> list[Any]:
    """Return the gradients of Σ f, by each input."""
    values = [Value(np.array(x, float)[()]) for x in inputs]
    tg.sum(f(*values)).backward()
    return [v.grad for v in values]


def same(got: Any, *expected: Any) -> None:
    """Compare gradients exactly, NaN included."""
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(g, e, strict=False)


def raw(y: Value, on_values: bool = False) -> list[Any]:
    """Return what the VJP gives for each input, functions called, nothing joined yet."""
    g = np.ones(y.shape, y.dtype)[()]
    if on_values:
        found = raw_gradients(y, Value(g), y, y.inputs)
    else:
        found = raw_gradients(y, g, y.data, [data_of(x) for x in y.inputs])
    return [x() if callable(x) else x for x in found]


def form(gradient: Any) -> tuple[str, tuple[int, ...]]:
    """Return what a gradient is kept as, and its shape."""
    kind = type(gradient).__name__
    dense = gradient.dense() if hasattr(gradient, "dense") else gradient
    return "array" if kind == "ndarray" else kind, dense.shape


# Single points.


@of("relu")
def relu_at_its_kink() -> None:
    same(gradients(tg.relu, [-1.0, 0.0, 2.0]), [0, 0, 1])


@of("power")
def power_of_a_negative_base() -> None:
    same(gradients(lambda b: tg.power(-2.0, b), 3.0), 0)
    same(gradients(lambda b: tg.power(np.array([-2.0, 0.0]), b), [3.0, 2.0]), [0, 0])
    assert raw(tg.power(0.5, Value(np.float32(2.0))))[1].dtype == np.float32


@of("clip")
def clip_with_bounds_that_cross() -> None:
    same(gradients(tg.clip, [0.0, 1.0, 2.0, 3.0], 2.0, 1.0), [0, 0, 0, 0], 0, 4)


@of("max", "min")
def extremes_with_nan() -> None:
    for f in (np.max, np.min):
        same(gradients(f, [1.0, NAN, 2.0, NAN]), [0, 0.5, 0, 0.5])
        same(gradients(lambda x, f=f: f(x, axis=1), [[NAN, 1.0], [2.0, 2.0]]), [[1, 0], [0.5, 0.5]])


@of("logsumexp")
def logsumexp_with_infinities() -> None:
    def by_rows(x: Any) -> Any:
        return tg.logsumexp(x, axis=1)

    same(gradients(by_rows, [[-INF, -INF], [-INF, 0.0]]), [[0, 0], [0, 1]])
    same(gradients(by_rows, [[INF, 0.0], [INF, INF]]), [[1, 0], [1, 1]])
    (g,) = gradients(lambda x: by_rows(x)[1:], [[-INF, -INF], [0.0, 0.0]])
    np.testing.assert_allclose(g, [[0, 0], [0.5, 0.5]], rtol=1e-15)


@of("softmax_cross_entropy")
def single_precision_beside_long_ids() -> None:
    logits = Value(normal(2, 3).astype(np.float32))
    for targets, ignored in (([1, 2], None), ([1, -100], -100)):
        loss = tg.softmax_cross_entropy(logits, np.array(targets), ignore_index=ignored)
        assert raw(loss)[0].dtype == np.float32


@of("softmax_cross_entropy")
def more_rows_than_a_byte_can_count() -> None:
    logits, ids = Value(normal(300, 2)), np.full(300, 1, np.uint8)
    losses = tg.softmax_cross_entropy(logits, ids, ignore_index=0)
    losses.backward()
    mean = tg.softmax(logits.data) - [0, 1]
    np.testing.assert_allclose(logits.grad, mean / 300, rtol=1e-12)


@of("take")
def take_one_by_number() -> None:
    same(gradients(lambda x: tg.take(x, 1, axis=0), [1.0, 2.0]), [0, 1])


# Forms.


@of("matmul")
def products_not_yet_multiplied() -> None:
    """One that is thin is kept: n rows of both sides have no more than half of its entries."""
    for a, b, da, db in [
        ((4,), (4,), "array", "array"),
        ((3, 4), (4,), "Product", "array"),
        ((4,), (4, 3), "array", "Product"),
        ((2, 3, 4), (4,), "array", "array"),
        ((4,), (2, 4, 3), "array", "array"),
        ((3, 4), (4, 2), "array", "array"),
        ((9, 8), (8, 1), "Product", "array"),
        ((8, 8), (8, 2), "Product", "array"),  # 2 · 2 · (8 + 8) is 8 · 8
        ((91, 93), (93, 23), "array", "array"),  # 2 · 23 · (91 + 93) is 91 · 93 + 1
        ((2, 8), (8, 8), "array", "Product"),
        ((2, 7), (7, 9), "array", "array"),
        ((2, 40), (40, 5), "array", "Product"),
        ((2, 40), (40, 4), "array", "array"),
        ((1, 2), (2, 3), "array", "Product"),  # a single row is always kept
        ((9, 128), (128, 128), "array", "Product"),
        ((99, 128), (128, 128), "array", "array"),
        ((128, 129), (129, 128), "array", "Product"),  # too large for the nearest cache
        ((129, 129), (129, 128), "array", "array"),  # as many rows as multiply well
        ((2, 3, 4), (4, 2), "array", "array"),
        ((2, 1, 8), (8, 8), "array", "Product"),
        ((3, 9, 8), (8, 1), "array", "array"),
        ((9, 8), (3, 8, 1), "array", "array"),
    ]:
        found = raw(tg.matmul(Value(np.ones(a)), Value(np.ones(b))))
        alone = [(3, *a) if len(b) == 3 and a == (9, 8) else a, b]
        assert list(map(form, found)) == [(da, alone[0]), (db, alone[1])], (a, b)


@of("linear", "recurrent_linear")
def weights_are_kept_as_products() -> None:
    w = Value(normal(8, 9))
    for rows, kind in ((2, "Product"), (3, "array")):
        x = Value(normal(rows, 9))
        assert form(raw(tg.linear(x, w))[1]) == (kind, (8, 9))
        found = raw(tg.recurrent_linear(x, x, w, w))
        assert list(map(form, found[2:])) == [(kind, (8, 9))] * 2


@of("matmul", "linear", "recurrent_linear")
def products_are_multiplied_in_portions() -> None:
    def products(*rows: int, on_values: bool = False) -> list[Any]:
        x, w = Value(np.ones((1, 3))), Value(np.ones((3, 2)))
        ways = [
            raw(x @ w, on_values)[1],
            raw(tg.linear(x, w.T), on_values)[1],
            raw(tg.recurrent_linear(x, x, w.T, w.T), on_values)[2],
        ]
        made = Value if on_values else np.asarray
        return [
            [type(product)(made(np.ones((n, 3))), made(np.ones((n, 2)))) for n in rows]
            for product in ways
        ]

    in_values = products(50, 78, 1, on_values=True)
    for first, second, third in [*products(50, 78, 1), *in_values]:
        assert (first.rows, second.rows) == (50, 78)
        assert first.absorb(second) is True
        assert first.rows == 128 and first.total is None
        assert first.absorb(third) is True
        assert first.rows == 0 and first.total is not None and not first.a and not first.g
        placed = raw(Value(np.ones((3, 2)))[:1])[0]
        assert first.absorb(placed) is False


@of("recurrent_linear")
def biases_share_one_sum() -> None:
    step, w, b = Value(normal(3, 4)), Value(normal(2, 4)), Value(normal(2))
    one, sequence = Value(normal(4)), Value(normal(5, 3, 4))
    two = Value(normal(2, 4))
    for x, h in (
        (step, step), (one, one), (sequence, sequence), (one, step), (step, one), (two, two),
    ):  # fmt: skip
        y = tg.recurrent_linear(x, h, w, w, b, b)
        first, second = raw(y)[4:]
        assert first is second
        np.testing.assert_array_equal(first, [y.size / 2, y.size / 2])
        assert raw(tg.recurrent_linear(x, h, w, w, b))[4].shape == (2,)
    column, single = Value(normal(3, 2)), Value(normal(1))
    for biases, shape in (
        ((b, column), (3, 2)), ((column, b), (3, 2)), ((column, column), (3, 2)),
        ((single, b), (2,)), ((single, single), (2,)),
    ):  # fmt: skip
        for g in raw(tg.recurrent_linear(step, step, w, w, *biases))[4:]:
            assert g.shape == shape


@of("getitem")
def slices_that_cover_need_no_zeros() -> None:
    def joined(x: Value, *indices: Any) -> Any:
        first, *others = (raw(x[index])[0] for index in indices)
        for other in others:
            assert first.absorb(other) is True
        return first.joined()

    rows, cube = Value(np.ones((3, 4))), Value(np.ones((2, 3, 4)))
    left, right, dots = np.s_[:, :2], np.s_[:, 2:], np.s_[..., 2:]
    for x, indices in [
        (rows, (left, right)), (rows, (right, left)), (rows, (left, dots)),
        (rows, (np.s_[:, :1], np.s_[:, 1:3], np.s_[:, 3:])),
        (rows, (np.s_[:, ::1],)), (rows, (np.s_[:, -4:2], right)),
        (rows, (left, right, np.s_[:, 4:])),
        (cube, (np.s_[:, :, :2], np.s_[:, :, 2:])), (rows, (np.s_[:, :],)),
        (Value(np.ones(4)), (np.s_[:2], np.s_[2:])),
    ]:  # fmt: skip
        found = joined(x, *indices)
        assert found is not None and found.shape == x.shape, indices
    first, second = (raw(rows[index], on_values=True)[0] for index in (left, right))
    first.absorb(second)
    assert first.dense().rule.name == "concatenate"
    for x, indices in [
        (rows, (left,)), (rows, (right,)), (rows, (np.s_[:, ::2],)), (rows, (left, right, left)),
        (rows, (left, right, np.s_[:, 1:3])), (rows, (left, left)), (rows, (left, np.s_[:, 1:])),
        (rows, (left, np.s_[:, 3:])), (rows, (np.s_[:, ::2], np.s_[:, 1::2])),
        (rows, (left, np.s_[:, 2:2], right)), (rows, (np.s_[:, 2], right)), (rows, (1,)),
        (rows, (np.s_[:1], np.s_[1:])), (cube, (np.s_[:, :2], np.s_[:, 2:])),
        (cube, (np.s_[0, :, :2], np.s_[0, :, 2:])), (rows, (np.s_[0, :2], np.s_[0, 2:])),
        (rows, (np.s_[:, 3:1], left, right)), (rows, (np.s_[...],)), (rows, (None,)),
        (rows, (np.s_[..., None, :2], np.s_[..., None, 2:])),
    ]:  # fmt: skip
        assert joined(x, *indices) is None, indices


@of("getitem", "take")
def placed_gradients_meet_in_one() -> None:
    x, ids = Value(np.ones((3, 4))), np.array([0, 2])
    for y, z in ((x[:1], x[1:]), (tg.take(x, ids, axis=0), tg.take(x, ids, axis=1))):
        first, second = raw(y)[0], raw(z)[0]
        assert first.absorb(second) is True and len(first.parts) == 2
        product = raw(np.ones((2, 3)) @ x)[1]
        assert first.absorb(product) is False
        on_values, other = raw(y, on_values=True)[0], raw(z, on_values=True)[0]
        assert on_values.absorb(other) is True
        node = on_values.dense()
        assert isinstance(node, Node) and isinstance(node.params["indices"], tuple)


@of("einsum")
def no_factor_more_than_needed() -> None:
    for path, shapes, counts in [
        ("ij,jk->ik", [(3, 4), (4, 2)], [2, 2]), ("ij->", [(3, 4)], [3]), ("ii->", [(3, 3)], [3]),
        ("ii->i", [(3, 3)], [2]), ("iij->j", [(3, 3, 2)], [3]), ("ij->i", [(3, 4)], [2]),
        ("i,j,ij->", [(3,), (4,), (3, 4)], [3, 3, 3]), ("iii->i", [(3, 3, 3)], [3]),
    ]:  # fmt: skip
        found = raw(tg.einsum(path, *(Value(np.ones(s)) for s in shapes)), on_values=True)
        assert [len(g.inputs) for g in found] == counts, path
