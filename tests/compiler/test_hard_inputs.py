"""Inputs that a rearranged program is easily wrong on: mixed dtypes, empty arrays, tiny numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import tinygrad_rnn as tg
from tinygrad_rnn.compiler import PASSES
from tinygrad_rnn.compiler.calls.writing import call_of
from tinygrad_rnn.ops.softmax import shifted_rows

from .agreement import assert_agrees

rng = np.random.default_rng(0)
Function = Callable[..., Any]


def value(*shape: int, dtype: type = np.float64) -> tg.Value:
    return tg.Value(rng.uniform(0.3, 1.0, shape).astype(dtype))


def single(*shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32)


def rows_of_their_own(x: Any, w: Any, ids: Any) -> Any:
    return sum(np.sum(np.sin(tg.take(x[t] @ w, ids[t], axis=0))) for t in range(5))


# A function of the parameter and arguments; the parameter; what draws the arguments.
HARD: dict[str, tuple[Function, tg.Value, Function]] = {
    "truths added to floats": (
        lambda w, x, a, b: np.sum(np.sin(w * x + a + b)),
        value(5),
        lambda: (rng.normal(size=5), rng.random(5) < 0.7, rng.random(5) < 0.7),
    ),
    "truths subtracted": (
        lambda w, x, a, b: np.sum(np.sin(a - w * x - b)),
        value(5),
        lambda: (rng.normal(size=5), rng.random(5) < 0.7, rng.random(5) < 0.7),
    ),
    "small integers that overflow together": (
        lambda w, x, a, b: np.sum(np.sin(w * x + a + b)),
        value(5),
        lambda: (rng.normal(size=5), *(rng.integers(90, 120, 5).astype(np.int8) for _ in "ab")),
    ),
    "many terms, single and double": (
        lambda w, x, *more: np.sum(np.sin(sum(more, w * x))),
        value(5),
        lambda: (rng.normal(size=5), *(f(5) for f in (single, rng.random) for _ in range(5))),
    ),
    "numbers that meet": (
        lambda w, x: np.sum(2 + w * x + 3 - 1) * 2 * (3 * np.sum(4 + x * 5 - (-w))) / 1e5,
        value(5, dtype=np.float32),
        lambda: (rng.uniform(1, 2, 5).astype(np.float32),),
    ),
    "numbers that overflow together": (
        lambda w, x: np.sum(w * (x * 1e20 * 1e20)),
        value(5, dtype=np.float32),
        lambda: (rng.uniform(2e-38, 3e-38, 5).astype(np.float32),),
    ),
    "divided by a number whose inverse is none": (
        lambda w, x: np.sum(w * (x / 1e-310)),
        value(3),
        lambda: (rng.uniform(1e-310, 9e-310, 3),),
    ),
    "a mask of floats": (
        lambda w, x, mask: np.sum(np.where(mask, w * x, w)),
        value(5),
        lambda: (rng.normal(size=5), (rng.random(5) < 0.5) * 1.0),
    ),
    "rows of another table at each step": (
        lambda w, x, ids: rows_of_their_own(x, w, ids),
        value(4, 4),
        lambda: (rng.normal(size=(5, 4, 4)), rng.integers(4, size=(5, 3))),
    ),
    "an axis that is NumPy's": (
        lambda w, x: np.sum(np.sin((w * x).sum(axis=np.int64(0)))),
        value(3, 4),
        lambda: (rng.normal(size=(3, 4)),),
    ),
    "no rows": (
        lambda w, x: np.sum(np.concatenate([x @ w, w])) + np.sum((x @ w).reshape(0, 3, 1) * 2),
        value(3, 3),
        lambda: (np.zeros((0, 3)),),
    ),
    "single numbers in a stack, one twice": (
        lambda w, x: np.sum(np.stack([w[0], w[0], x[1], w[1] * x[0]]) ** 2),
        value(3),
        lambda: (rng.normal(size=3),),
    ),
    "a mask of the function's own": (
        lambda w, x: np.sum(w[np.array([True, False, True])] * x),
        value(3),
        lambda: (rng.normal(size=2),),
    ),
    "whole numbers shifted, divided and left over": (
        lambda w, x, i: np.sum(w * x * ((i << 1) + (i >> 1) + 7 // (i + 1) + 7 % (i + 1))),
        value(3),
        lambda: (rng.normal(size=3), rng.integers(5, size=3)),
    ),
    "an inverse": (
        lambda w, x: np.sum(np.linalg.inv(np.eye(3) + np.outer(x, x)) @ w),
        value(3),
        lambda: (rng.normal(size=3),),
    ),
    "dimensions asked of a parameter": (
        lambda w, x: np.einsum("...i,i->...", np.expand_dims(w, 0), x)[0] * np.ndim(w) * np.size(w),
        value(3),
        lambda: (rng.normal(size=3),),
    ),
    "logits near 0 and far from it": (
        lambda w, x, ids: tg.softmax_cross_entropy(w * x, ids) + np.sum(tg.softmax(w * x) ** 2),
        value(4),
        lambda: (rng.choice([1, 700]) * rng.normal(size=(6, 4)), rng.integers(0, 4, 6)),
    ),
    "logits in float32 whose exponentials overflow": (
        lambda w, x, ids: tg.softmax_cross_entropy(w * x, ids),
        value(4, dtype=np.float32),
        lambda: (rng.choice([1, 95]) * single(6, 4), rng.integers(0, 4, 6)),
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_inputs(name: str) -> None:
    fn, w, draw = HARD[name]
    for without in (None, *PASSES):
        passes = None if without is None else [p for p in PASSES if p != without]
        assert_agrees(lambda *args: fn(w, *args), [w], [draw() for _ in range(3)], passes=passes)
    assert_agrees(lambda *args: fn(w, *args), [w], [draw()], passes=(), exactly=True)


def test_a_mask_of_the_functions_own_that_changes_is_noticed() -> None:
    mask = np.array([True, False, True])
    w = value(3)
    f = tg.compile(lambda: np.sum(w[mask]))
    assert float(f()) == float(f.fn())
    mask[1] = True
    assert float(f()) == float(f.fn()) == float(w.data.sum())


@pytest.mark.parametrize("change", ["longer", "single", "rank"])
def test_data_of_another_form_traces_again_and_is_not_repeated_to_fit(change: str) -> None:
    w = value(1)
    f = tg.compile(lambda x: np.sum(np.tanh(w * x)))
    x = rng.normal(size=4)
    f(x).backward()
    w.grad = None
    others = {"longer": value(4), "single": value(1, dtype=np.float32), "rank": value(4, 1)}
    w.data = others[change].data
    f(x).backward()
    got, w.grad = w.grad, None
    f.fn(x).backward()
    assert (got.shape, got.dtype) == (w.grad.shape, w.grad.dtype)
    np.testing.assert_allclose(got, w.grad, rtol=1e-6)


def test_a_parameter_that_is_frozen_or_thawed_traces_again() -> None:
    w, v = value(3), value(3)
    f = tg.compile(lambda x: np.sum(np.sin(w * x) * v))
    x = rng.normal(size=3)
    for wanted in (False, True, False):
        w.requires_grad, w.grad = wanted, None
        f(x).backward()
        assert (w.grad is not None) is wanted


def test_what_no_way_leads_to_gets_no_gradient() -> None:
    w, v = value(3), value(3)
    f = tg.compile(lambda x: (np.sum(w * x), np.sum(v * x)))
    f(np.ones(3))[1].backward()
    assert w.grad is None and v.grad is not None


@pytest.mark.parametrize("without", ["nothing", "gather", "flatten", "batch"])
def test_sums_and_products_of_thousands(without: str) -> None:
    w = value(3)

    def fn(x: Any) -> Any:
        total, product = w * 0.5, w + 1.0
        for t in range(len(x)):
            total = total - x[t] * w if t % 2 else x[t] + total
            product = product * (x[t] + 1.0)
        return np.sum(total * product)

    x = 0.01 * rng.normal(size=(1100, 3))  # more than Python can nest calls
    assert_agrees(fn, [w], [(x,)], passes=[p for p in PASSES if p != without])


@pytest.mark.parametrize("x", [np.array([1, 2.5], object), np.ma.masked_array([1.0, 2.0], [0, 1])])
@pytest.mark.parametrize("how", ["argument", "constant"])
def test_arrays_of_another_kind_are_refused(x: np.ndarray, how: str) -> None:
    w = value(2)
    f = tg.compile(lambda y: np.sum(w * (x if how == "constant" else y)))
    with pytest.raises(tg.CaptureError, match="plain arrays"):
        f(x)


def test_what_changes_an_array_in_place_is_refused() -> None:
    w = value(3)

    def fn(x: Any) -> Any:
        y = x * 1.0
        y.sort()
        return np.sum(w * y)

    with pytest.raises(tg.CaptureError, match=r"x\.sort.* changes an array in place"):
        tg.compile(fn)(np.ones(3))


def test_a_gate_whose_logarithm_is_taken_keeps_its_digits() -> None:
    w = tg.Value(np.eye(2, 4, dtype=np.float32))

    def fn(x: Any) -> Any:
        a = x @ w
        return np.sum(-np.log(2.0 * tg.sigmoid(a[:, :2]))) + np.sum(np.tanh(a[:, 2:]) ** 2)

    x = np.array([[-20.0, -40.0]], np.float32)
    assert_agrees(fn, [w], [(x,)])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("largest", [3.0, 15.9, 16.1, 300.0, np.inf, np.nan])
def test_shifted_rows_have_exponentials_and_the_same_softmax(largest: float, dtype: type) -> None:
    x = rng.uniform(-3, 3, (2, 4)).astype(dtype)
    x[1, 2] = largest
    with np.errstate(invalid="ignore"):
        expected = scipy.special.softmax(x.astype(np.float64), axis=-1)
        for out in (np.empty_like(x), x):  # in a place of its own, and over its operand
            function, arguments = call_of(shifted_rows.rule, (x,), {}, out)
            function(*arguments)
            assert not (np.exp(out) == np.inf).any()
            got = scipy.special.softmax(out.astype(np.float64), axis=-1)
            np.testing.assert_allclose(got, expected, rtol=16 * 4 * np.finfo(dtype).eps, atol=1e-7)


def test_rows_near_0_are_not_shifted_and_others_by_their_largest_entry() -> None:
    x = np.array([[1.0, -2.0, 0.5], [3.0, 3.0, -1.0]])
    np.testing.assert_array_equal(shifted_rows(x), x)
    assert not np.shares_memory(shifted_rows(x), x)
    np.testing.assert_array_equal(shifted_rows(30 * x), [[0, -90, -15], [0, 0, -120]])
    assert "shifted_rows" not in tg.RULES  # it has no derivative, and nobody shall lose one
