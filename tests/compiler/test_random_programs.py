"""Random programs: shared parameters, comparisons, indices as arguments, loops over time.

Each is compiled once and replayed with inputs and weights that it was not traced with. Nothing of
the first batch may be frozen in, whatever the passes have made of the program.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.passes.fold import fold
from tinygrad_rnn.compiler.passes.look_up import look_up
from tinygrad_rnn.compiler.program import one_hot

from .agreement import assert_agrees

H, V = 3, 5
Step = Callable[[list[Any], list[tg.Value], Any, Any], Any]

# Each takes values (B, H), weights, this step's input row and ids, and returns a value (B, H).
STEPS: list[Step] = [
    lambda h, w, x, ids: np.tanh(h[-1] @ w[0] + x @ w[1] + w[3]),
    lambda h, w, x, ids: tg.sigmoid(h[-1]) * h[0] + tg.sigmoid(x) * np.tanh(h[-1] @ w[0]),
    lambda h, w, x, ids: h[-1] - h[0] * w[3] - x,
    lambda h, w, x, ids: -(h[-1] - 2.0 * x) / 3.0,
    lambda h, w, x, ids: np.where(x > 0, h[-1], h[0] * 0.5),
    lambda h, w, x, ids: np.maximum(h[-1], x @ w[1]) * (h[0] >= x),
    lambda h, w, x, ids: tg.take(w[2], ids, axis=0) + h[-1] * np.sin(h[0]),
    lambda h, w, x, ids: w[2][ids] * np.tanh(h[-1]),
    lambda h, w, x, ids: tg.softmax(h[-1] @ w[0]) + h[0] / (1.0 + x * x),
    lambda h, w, x, ids: tg.linear(h[-1], w[0], w[3]) * tg.linear(x, w[1]),
    lambda h, w, x, ids: np.concatenate([h[-1][:, 1:], h[0][:, :1]], axis=1) * w[3],
    lambda h, w, x, ids: np.stack([h[-1], h[0], x]).mean(axis=0) + (h[-1] ** 2) * 0.1,
    lambda h, w, x, ids: h[-1] - h[-1].sum(axis=1, keepdims=True) * 0.1 + np.exp(-np.abs(x)),
    lambda h, w, x, ids: np.tanh((h[-1].T @ h[0]).T @ x.T * 0.1).T @ w[0] + h[-1],
    lambda h, w, x, ids: tg.grad(lambda z: np.sum(np.tanh(z @ w[0]) * x))(h[-1]) + h[0] * 0.1,
    lambda h, w, x, ids: np.tanh(w[2][ids] @ w[0] + h[-1] @ w[1] + w[3]),
    lambda h, w, x, ids: np.tanh(tg.take(w[2], ids, axis=0) @ w[0].T + h[-1] @ w[1].T) * x,
    lambda h, w, x, ids: np.tanh(
        np.concatenate([(w[0] @ r[:, None] + w[3][:, None]).T for r in h[-1]])
    ),
    lambda h, w, x, ids: (
        tg.sigmoid(x @ w[0] + h[-1] @ w[1] + w[3]) * h[0]
        + tg.sigmoid(x @ w[1] + h[-1] @ w[0] + w[3]) * np.tanh(x @ w[0] + h[-1] @ w[0] + w[3])
    ),
    lambda h, w, x, ids: (
        tg.sigmoid(tg.linear(x, w[0], w[3])) * np.tanh(tg.linear(x, w[2], None)[:, :3])
    ),
    lambda h, w, x, ids: np.tanh(h[-1] * (w[2] @ h[0][0])[ids[0]] + (w[2] @ x[0])[ids[0] - V]),
]
ENDS: list[Callable[[list[Any], list[tg.Value], Any], Any]] = [
    lambda hs, w, ids: np.sum(hs[-1] ** 2),
    lambda hs, w, ids: tg.softmax_cross_entropy(np.stack(hs) @ w[1] @ w[2].T, ids),
    lambda hs, w, ids: sum(tg.softmax_cross_entropy(h @ w[2].T, i) for h, i in zip(hs, ids)),  # noqa: B905
    lambda hs, w, ids: np.mean(np.concatenate(hs) * w[3]) + sum(h.sum() for h in hs),
]

programs = st.tuples(
    st.lists(st.integers(0, len(STEPS) - 1), min_size=1, max_size=4),
    st.integers(1, 6),  # time steps
    st.integers(1, 3),  # rows
    st.integers(0, len(ENDS) - 1),
    st.booleans(),  # under time_step
)


def build(body: list[int], end: int, marked: bool, w: list[tg.Value]) -> Callable[..., Any]:
    def loss(xs: Any, ids: Any, h: Any) -> Any:
        h = h * w[3]
        first, hs = h, []
        for t in range(len(xs)):
            with tg.time_step(t) if marked else tg.name_scope("loop"):
                values = [first, h]
                for k in body:
                    values.append(STEPS[k](values, w, xs[t], ids[t]))
                h = values[-1]
                hs.append(h)
        return ENDS[end](hs, w, ids)

    return loss


def weights(rng: np.random.Generator, dtype: Any) -> list[tg.Value]:
    shapes = ((H, H), (H, H), (V, H), (H,))
    return [tg.Value(0.4 * rng.normal(size=s).astype(dtype)) for s in shapes]


def batches(rng: np.random.Generator, T: int, B: int, dtype: Any) -> list[tuple[Any, ...]]:
    return [
        (
            rng.normal(size=(T, B, H)).astype(dtype),
            rng.integers(V, size=(T, B)),
            0.5 * rng.normal(size=(B, H)).astype(dtype),
        )
        for _ in range(3)
    ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(programs, st.integers(0, 2**31))
def test_with_all_passes_new_inputs_agree(program: Any, seed: int) -> None:
    body, T, B, end, marked = program
    rng = np.random.default_rng(seed)
    w = weights(rng, np.float64)
    assert_agrees(build(body, end, marked, w), w, batches(rng, T, B, np.float64))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(programs, st.integers(0, 2**31), st.booleans(), st.booleans())
def test_with_one_hot_inputs_that_may_cease_to_be(
    program: Any, seed: int, by_rows: bool, remains: bool
) -> None:
    """However small an array, rows are looked up, added up, and factors folded into weights."""
    body, T, B, end, marked = program
    rng = np.random.default_rng(seed)
    w = weights(rng, np.float64)
    drawn = [
        (np.eye(H)[rng.integers(H, size=(T, B))], ids, h)
        for _, ids, h in batches(rng, T, B, np.float64)
    ]
    if not remains:
        drawn[1][0][rng.integers(T), rng.integers(B), rng.integers(H)] += 0.5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_hot, "ENOUGH", 1)
        patch.setattr(one_hot, "CLASSES", 2)
        patch.setattr(sys.modules[look_up.__module__], "is_quicker_by_rows", lambda *_: by_rows)
        for a_pass in (look_up, fold):
            patch.setattr(sys.modules[a_pass.__module__], "WORTH", 0)
        f = assert_agrees(build(body, end, marked, w), w, drawn)
    if 0 in body:  # x @ W
        assert ("ids of argument 0" in str(f.program)) is remains


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(programs, st.integers(0, 2**31))
def test_without_passes_it_is_the_function_bit_for_bit(program: Any, seed: int) -> None:
    body, T, B, end, marked = program
    rng = np.random.default_rng(seed)
    for dtype in (np.float64, np.float32):
        w = weights(rng, dtype)
        loss = build(body, end, marked, w)
        assert_agrees(loss, w, batches(rng, T, B, dtype), passes=(), exactly=True)


@pytest.mark.parametrize("k", range(len(STEPS)))
def test_each_kind_of_step_by_itself(k: int) -> None:
    rng = np.random.default_rng(k)
    w = weights(rng, np.float64)
    assert_agrees(build([k], 0, True, w), w, batches(rng, 5, 2, np.float64))
