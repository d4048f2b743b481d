"""Scripts of columns and of single entries, as textbooks have them, become products over time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

from ..agreement import assert_agrees

V, H, T = 9, 5, 12


def weights() -> list[tg.Value]:
    rng = np.random.default_rng(0)
    shapes = {"Wxh": (H, V), "Whh": (H, H), "Why": (V, H), "bh": (H, 1), "by": (V, 1)}
    return [tg.Value(0.4 * rng.normal(size=shape), name=name) for name, shape in shapes.items()]


def batches() -> list[tuple[Any, ...]]:
    rngs = map(np.random.default_rng, range(3))
    return [
        (np.eye(V)[rng.integers(V, size=T)][:, :, None], rng.integers(V, size=T), np.ones((H, 1)))
        for rng in rngs
    ]


def counts(f: Any) -> Counter[str]:
    return Counter(s.rule.name for s in f.program.computed())


def test_a_script_of_columns_is_as_short_as_one_of_rows() -> None:
    Wxh, Whh, Why, bh, by = params = weights()

    def columns(xs, targets, h):  # type: ignore[no-untyped-def]
        loss = 0
        for t in range(T):
            h = np.tanh(Wxh @ xs[t] + Whh @ h + bh)
            y = Why @ h + by
            p = np.exp(y) / np.sum(np.exp(y))
            loss -= np.log(p[targets[t], 0])
        return loss

    f = assert_agrees(columns, params, batches())
    # There and back a recurrent product each, and one of all time steps for each weight and bias,
    # for inputs, outputs and the outputs' gradients.
    assert counts(f)["matmul"] <= 2 * T + 8
    assert counts(f)["at_ids"] == counts(f)["log"] == counts(f)["exp"] == 1
    assert counts(f)["place"] == 0 and counts(f)["tanh"] == T
    assert ", 0 of them copies into stacks" in f.report()


def test_two_weights_whose_gradients_meet_are_not_copied_side_by_side() -> None:
    _, Whh, Why, *_ = params = weights()

    def loss(h):  # type: ignore[no-untyped-def]
        total = 0
        for _ in range(4):
            h = np.tanh(Whh @ h)
            total = total + np.sum(np.tanh(Why @ h))
        return total

    f = assert_agrees(loss, params[1:3], [(h,) for _, _, h in batches()])
    assert not any(s.shape in ((H + V, H), (H, H + V)) for s in f.program.computed())


@pytest.mark.parametrize("shape", [(V,), (V, 1), (1, V), (1, V, 1)])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.int8])
def test_entries_of_rows_columns_and_vectors(shape: tuple[int, ...], dtype: Any) -> None:
    w = tg.Value(np.random.default_rng(0).normal(size=shape), name="w")
    low = 0 if np.dtype(dtype).kind == "u" else -V

    def loss(ids, xs):  # type: ignore[no-untyped-def]
        def at(x, i):  # type: ignore[no-untyped-def]
            return x[tuple(i if n == V else 0 for n in shape)]

        return sum(np.tanh(at(w * xs[t], ids[t])) * at(w, ids[t]) for t in range(T))

    rngs = [np.random.default_rng(i) for i in range(3)]
    f = assert_agrees(
        loss,
        [w],
        [
            (rng.integers(low, V, size=T).astype(dtype), rng.normal(size=(T, *shape)))
            for rng in rngs
        ],
    )
    assert counts(f)["at_ids"] <= 2
    assert counts(f)["tanh"] == 1
    with pytest.raises(IndexError):
        f(np.full(T, V, dtype), np.ones((T, *shape)))


def test_an_infinite_gradient_of_an_entry_stays_with_it() -> None:
    w = tg.Value(np.array([4.0, 0.0, 1.0]), name="w")

    def loss(k):  # type: ignore[no-untyped-def]
        return np.sqrt(w[k])

    f = tg.compile(loss)
    for k in (0, 1):
        w.grad = None
        with np.errstate(divide="ignore"):
            f(np.array(k)).backward()
        expected = np.zeros(3)
        expected[k] = [0.25, np.inf][k]  # 1 / (2 √x)
        np.testing.assert_array_equal(w.grad, expected)


def test_a_bias_of_more_axes_is_added_up_over_time() -> None:
    b = tg.Value(np.random.default_rng(0).normal(size=H), name="b")

    def loss(x):  # type: ignore[no-untyped-def]
        h = np.zeros((H, 1))
        for t in range(T):
            h = np.tanh(h + x[t] * b[:, None] + b[None, :, None][0] + b[..., None])
        return np.sum(h * h)

    f = assert_agrees(loss, [b], [(x[:, :H],) for x, _, _ in batches()])
    assert counts(f)["place"] == 0
