"""Programs that a rewrite has to leave alone, or to see twice: each once came out wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

from .agreement import assert_agrees

rng = np.random.default_rng(0)
normal, integers = rng.normal, rng.integers
Function = Callable[..., Any]
Arrays = tuple[np.ndarray, ...]


def value(*shape: int, dtype: type = np.float64) -> tg.Value:
    return tg.Value(rng.uniform(0.3, 1.0, shape).astype(dtype))


def single(*shape: int) -> np.ndarray:
    return normal(size=shape).astype(np.float32)


def gradient_beside(w: Any, ids: Any, x: Any) -> Any:
    """Rows that are looked up, their gradient written into a part of another array."""
    table = w.reshape(5, 2, 3)
    g = tg.grad(lambda t: np.sum(np.sin(t[ids])))(table)
    return np.sum(np.concatenate([g, x], axis=2) ** 2 * w[0, 0, 0])


def joined_and_shifted(w: Any, ids: Any, x: Any) -> Any:
    k = ids + 1
    return np.sum(w[:4] * (k << 1)) * np.sum(np.concatenate([k, x], axis=1))


def joined_and_inverted(w: Any, x: Any) -> Any:
    k = x > 0
    return np.sum(w[:4] * ~k) * np.sum(np.concatenate([k, x], axis=1))


def joined_and_multiplied(w: Any, x: Any, z: Any) -> Any:
    k = x * w
    return np.sum(np.concatenate([k, z], axis=1)), x.T @ k


def known_rows(w: Any, x: Any) -> Any:
    """Derivatives by arrays that are no arguments: they are there while the function is traced."""
    row = np.ones(3)
    slope = tg.grad(lambda v: np.sum(v**3 * x))(row)
    turn = tg.hvp(lambda v: np.sum(v**3 * x), row, row)
    tangent = tg.jvp(lambda v: np.tanh(v) * v * x, row, x)[1]
    back = tg.vjp(lambda v: v * np.exp(v), row)[1](x)[0]
    return np.sum(w * slope * turn * tangent * back), slope, tangent, back


def small_gates(w: Any, x: Any) -> Any:
    a = x @ w
    near = np.log(np.maximum(tg.sigmoid(a[:, :2]), 1e-9)) + np.log(tg.sigmoid(a[:, 2:4]) + 1e-8)
    return np.sum(near) + np.sum(a) * logged(tg.sigmoid(a[:, 4:6])[0, 0])


@tg.extend.primitive
def logged(x):
    """y = log x, an op that nobody knows"""
    return np.log(x)


@logged.vjp
def _(g, y, x):
    """dx = g / x"""
    return g / x


# A function of the parameter and arguments; the parameter; what draws the arguments.
CASES: dict[str, tuple[Function, tg.Value, Callable[[], Arrays]]] = {
    "a table of 256 rows, and bytes that name them": (
        lambda w, ids: np.sum(np.sin(w[ids])),
        value(256, 3),
        lambda: (integers(256, size=(2, 700)).astype(np.uint8),),
    ),
    "a table of 200 rows, and small numbers below 0": (
        lambda w, ids: np.sum(np.sin(w[ids])),
        value(200, 3),
        lambda: (integers(-128, 128, 9).astype(np.int8),),
    ),
    "a table without rows": (
        lambda w, ids: np.sum(np.sin(w[ids])),
        value(0, 3),
        lambda: (np.zeros(0, int),),
    ),
    "a table's gradient in a part of another array": (
        gradient_beside,
        value(5, 6, 1),
        lambda: (integers(5, size=4), normal(size=(5, 2, 1))),
    ),
    "rows looked up by ids of two shapes": (
        lambda w, i, j: np.sum(np.sin(w[i])) + np.sum(np.cos(w[j])),
        value(6, 3),
        lambda: (integers(6, size=(3, 2)), integers(6, size=(3, 4))),
    ),
    "one-hot rows in double precision, a weight in single": (
        lambda w, x: np.sum(np.sin(x @ w)) + np.sum(np.eye(256)[::-1] @ w),
        value(256, 40, dtype=np.float32),
        lambda: (np.eye(256)[integers(256, size=(8, 64))],),
    ),
    "a single number divided by, for many in double precision": (
        lambda w, x: np.sum(np.sin(x / w)),
        value(8, dtype=np.float32),
        lambda: (normal(size=(64, 8)),),
    ),
    "a single number divided by, for many whole ones": (
        lambda w, x: np.sum(np.sin(x / w)),
        value(8, dtype=np.float32),
        lambda: (integers(1, 9, (64, 8)).astype(np.int32),),
    ),
    "sums of single numbers along axis 0": (
        lambda w, x: sum(np.sum(np.tanh(w[t, ...] * x[t]), axis=0) for t in range(5)),
        value(5),
        lambda: (normal(size=5),),
    ),
    "a single number looked up": (
        lambda w, x, ids: np.sum(np.sin(x * tg.take(w, ids, axis=0))),
        value(),
        lambda: (normal(size=3), np.zeros(3, int)),
    ),
    "products over no columns": (
        lambda w, x: sum(np.sum(np.tanh(x[t] @ w + 1)) for t in range(5)) + np.sum(x @ w),
        value(0, 3),
        lambda: (np.zeros((5, 2, 0)),),
    ),
    "products of no columns": (
        lambda w, x: sum(np.sum(np.tanh(x[t] @ w)) for t in range(5)) + np.sum(x @ w),
        value(3, 0),
        lambda: (normal(size=(5, 2, 3)),),
    ),
    "whole numbers beside fractions, then shifted": (
        joined_and_shifted,
        value(5),
        lambda: (integers(5, size=(3, 4)), normal(size=(3, 2))),
    ),
    "truths beside fractions, then inverted": (
        joined_and_inverted,
        value(5),
        lambda: (normal(size=(3, 4)),),
    ),
    "truths above fractions": (
        lambda w, x, z: np.sum(np.concatenate([x > 0, w @ z]) * 2.0),
        value(4, 3),
        lambda: (normal(size=(3, 1)), normal(size=(3, 1))),
    ),
    "single precision beside double, then multiplied": (
        joined_and_multiplied,
        value(4, dtype=np.float32),
        lambda: (single(3, 4), normal(size=(3, 2))),
    ),
    "a single number turned around": (
        lambda w, x: np.sum(np.flip(w * 2.0) * np.flip(x, ())),
        value(),
        lambda: (normal(size=3),),
    ),
    "a jacobian times a vector": (
        lambda w, x: np.sum(tg.jvp(lambda v: np.tanh(v) * v, w * x, x)[1] ** 2),
        value(3),
        lambda: (normal(size=3),),
    ),
    "a jacobian times a vector, of an argument": (
        lambda w, x: np.sum(tg.jvp(lambda v: np.tanh(v) * v, x, x)[1] * w),
        value(3),
        lambda: (normal(size=3),),
    ),
    "derivatives by arrays that are known": (known_rows, value(3), lambda: (normal(size=3),)),
    "zeros of both signs": (
        lambda w, x: np.sum(w * (np.copysign(x, 0.0) + 2 * np.copysign(x, -0.0))),
        value(5),
        lambda: (normal(size=5),),
    ),
    "zeros of both signs, in a stack": (
        lambda w, x: sum(np.sum(w * np.copysign(x[t], (-1) ** t * 0.0)) for t in range(6)),
        value(5),
        lambda: (normal(size=(6, 5)),),
    ),
    "a margin of zeros of both signs": (
        lambda w, x: sum(
            np.sum(w) * k * np.sum(np.copysign(1.0, np.pad(x, 1, constant_values=zero)))
            for k, zero in ((1, 0.0), (2, -0.0))
        ),
        value(5),
        lambda: (normal(size=5),),
    ),
    "truths through a softmax along columns": (
        lambda w, x: np.sum(w * tg.softmax(x > 0, axis=0)),
        value(4),
        lambda: (normal(size=(3, 4)),),
    ),
    "whole numbers without a sign through a softmax along columns": (
        lambda w, x: np.sum(w * tg.softmax(x, axis=0)),
        value(4),
        lambda: (integers(25, size=(3, 4)).astype(np.uint32),),
    ),
    "gates of no columns": (
        lambda w, x: np.sum(np.tanh((a := x @ w)[:, 1:3])) + np.sum(np.tanh(a[:, 3:1])),
        value(4, 6),
        lambda: (normal(size=(2, 4)),),
    ),
    "gates near 0 whose logarithms are taken": (
        small_gates,
        value(3, 6, dtype=np.float32),
        lambda: (-rng.uniform(7, 9, (2, 3)).astype(np.float32),),
    ),
    "gates near 0 that are the result": (
        lambda w, x: (tg.sigmoid((a := x @ w)[:, :2]), tg.sigmoid(a[:, 2:]).reshape(2, 2)),
        value(3, 4, dtype=np.float32),
        lambda: (-rng.uniform(7, 9, (2, 3)).astype(np.float32),),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_compiled_as_eager(name: str) -> None:
    fn, w, draw = CASES[name]
    assert_agrees(lambda *args: fn(w, *args), [w], [draw() for _ in range(3)])


def test_sums_of_half_precision_are_as_exact_as_numpys() -> None:
    """A sum may exceed every number of float16, where the mean does not; 2048 + 1 is 2048 there."""
    w = tg.Value(np.ones(3, np.float16))
    f = tg.compile(lambda x, y: (np.sum(np.mean(x * w, axis=0)), np.sum(y * w[0], axis=0)))
    x, y = np.full((3000, 3), 100, np.float16), np.ones((4000, 3), np.float16)
    for mine, theirs in zip(f(x, y), f.fn(x, y), strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)


def test_settings_that_have_no_hash_are_not_taken_for_each_other() -> None:
    """An object may lie where another was, and may have changed since it was seen."""
    times: list[Any] = []

    @tg.extend.primitive
    def repeated(x, *, times):
        """y = x, repeated as often as `times` has members"""
        return np.repeat(x, len(times))

    for n in (1, 3, 2):
        members = bytearray(n)
        times.append(members)
        assert tg.compile(lambda x, m=members: repeated(x, times=m))(np.ones(2)).shape == (2 * n,)
    times[0].extend(b"ab")
    assert tg.compile(lambda x: repeated(x, times=times[0]))(np.ones(2)).shape == (6,)


def test_steps_that_turn_out_to_be_equal_while_others_are_stacked() -> None:
    """The same number is another step each time, as long as nobody has merged equal ones."""
    w = value(3, 3)

    def fn(x: Any, first: Any) -> Any:
        h = first
        for row in x:
            h = np.tanh(h @ w + row + np.sum(first, axis=0) * 0.1)
        return np.sum(h)

    draws = [(normal(size=(6, 2, 3)), normal(size=(2, 3))) for _ in range(3)]
    assert_agrees(fn, [w], draws, passes=("batch", "schedule"))
