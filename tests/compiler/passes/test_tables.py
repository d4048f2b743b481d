"""Rows looked up in a table and multiplied by a weight are looked up in their product."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.passes.look_up import look_up

from ..agreement import assert_agrees

T, B, V, E, H = 6, 40, 30, 5, 7
PASS = sys.modules[look_up.__module__]


def table(*shape: int, dtype: Any = np.float64, name: str = "E") -> tg.Value:
    rng = np.random.default_rng(len(name) + sum(shape))
    return tg.Value(0.3 * rng.normal(size=shape).astype(dtype), name=name)


def batches(dtype: Any = np.int64, low: int = 0, high: int = V) -> list[tuple[Any, ...]]:
    rngs = map(np.random.default_rng, range(3))
    return [(rng.integers(low, high, (T, B)).astype(dtype),) for rng in rngs]


def rows_multiplied(f: Any) -> list[int]:
    """How many rows each product has that is not recurrent."""
    products = [s.inputs for s in f.program.computed() if s.rule.name == "matmul"]
    return [x.size // x.shape[-1] for x, weight in products if x.ndim > 1 and weight.ndim == 2]


def placed(f: Any) -> list[tuple[int, ...]]:
    return [s.shape for s in f.program.computed() if s.rule.name == "place"]


@pytest.fixture
def by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add rows up however few they are."""
    monkeypatch.setattr(PASS, "is_quicker_by_rows", lambda *_: True)


@pytest.mark.parametrize("cell", [tg.nn.RNN, tg.nn.LSTM, tg.nn.GRU])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("ids", [np.int64, np.uint8, np.int8])
def test_an_embedding_before_a_layer(cell: Any, batch_first: bool, ids: Any, by_rows: None) -> None:
    generator = np.random.default_rng(0)
    embedding = tg.nn.Embedding(V, E, generator=generator)
    layer = cell(E, H, batch_first=batch_first, generator=generator)
    params = [*embedding.parameters(), *layer.parameters()]

    def loss(k):  # type: ignore[no-untyped-def]
        y, _ = layer(embedding(k.T if batch_first else k))
        return np.sum(y * y)

    f = assert_agrees(loss, params, batches(ids))
    gates = {tg.nn.RNN: 1, tg.nn.LSTM: 4, tg.nn.GRU: 3}[cell]
    if cell is not tg.nn.GRU:  # whose hidden half of the candidate stands apart
        assert placed(f) == [(V, gates * H)]  # once for weight, table and bias
    assert not any((T * B, E) in (s.shape, s.shape[::-1]) for s in f.program.computed())


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loop_that_looks_up_at_each_step(transposed: bool, dtype: Any, by_rows: None) -> None:
    """Square arrays, so that one taken for its transpose would fit as well."""
    table_, W, U, b = params = [table(V, V, dtype=dtype, name=n) for n in ("E", "Wx", "Whh")] + [
        table(V, dtype=dtype)
    ]

    def loss(k):  # type: ignore[no-untyped-def]
        h = np.zeros((B, V), dtype)
        for t in range(T):
            h = np.tanh(table_[k[t]] @ (W.T if transposed else W) + h @ U + b)
        return np.sum(h * h)

    f = assert_agrees(loss, params, batches(low=-V))
    assert placed(f) == [(V, V)]
    assert sorted(rows_multiplied(f))[:3] == [V, V, V]  # E W, Eᵀ S and S Wᵀ
    sums = [s for s in f.program.computed() if s.rule.name == "matmul" and s.inputs[0].ndim == 1]
    assert [s.inputs[1].shape for s in sums] == [(V, V)]  # the bias's gradient, of S


def test_one_row_that_is_cut_or_multiplied_before_is_no_row_of_the_table(by_rows: None) -> None:
    table_, W, U = params = [table(V, E), table(E, H, name="W"), table(E - 1, H, name="UU")]

    def loss(k):  # type: ignore[no-untyped-def]
        x = table_[k]
        cut, changed, turned = x[:, :, 1:], x * x, np.transpose(x, (1, 0, 2))
        joined = np.concatenate([x, x[::-1]]).reshape(2 * T * B, E)
        y = np.sum(np.tanh(cut @ U)) + np.sum(np.tanh(changed @ W)) + np.sum(np.tanh(turned @ W))
        return y + np.sum(np.tanh(joined @ W)) + np.sum(joined)

    assert_agrees(loss, params, batches())


def test_rows_whose_gradient_is_needed_beside(by_rows: None) -> None:
    table_, W = params = [table(V, E), table(E, H, name="W")]

    def loss(k):  # type: ignore[no-untyped-def]
        x = table_[k]
        d = tg.grad(lambda z: np.sum(np.tanh(z @ W)))(x)
        return np.sum(d * d) + np.sum(np.tanh(x @ W))

    assert_agrees(loss, params, batches())


def test_two_directions_share_a_table(by_rows: None) -> None:
    generator = np.random.default_rng(0)
    embedding = tg.nn.Embedding(V, E, generator=generator)
    layer = tg.nn.LSTM(E, H, bidirectional=True, num_layers=2, generator=generator)
    params = [*embedding.parameters(), *layer.parameters()]
    f = assert_agrees(lambda k: np.sum(layer(embedding(k))[0] ** 2), params, batches())
    assert placed(f).count((V, 4 * H)) >= 2


def test_few_rows_of_a_large_table_are_multiplied_themselves() -> None:
    table_, W = params = [table(1000, E), table(E, H, name="W")]
    f = assert_agrees(lambda k: np.sum(np.tanh(table_[k] @ W)), params, batches(high=1000))
    assert rows_multiplied(f) and 1000 not in rows_multiplied(f) and placed(f) == [(1000, E)]


def test_a_table_is_multiplied_if_the_rows_of_all_steps_are_more() -> None:
    table_, W = params = [table(B, E), table(E, H, name="W")]

    def loss(k, steps=T):  # type: ignore[no-untyped-def]
        return sum(np.sum(np.tanh(table_[k[t]] @ W)) for t in range(steps))

    f = assert_agrees(loss, params, batches(high=B))
    looked_up = [s.inputs[0].rule for s in f.program.computed() if s.rule.name == "take"]
    assert any(rule is not None and rule.name == "matmul" for rule in looked_up)
    f = assert_agrees(lambda k: loss(k, steps=2), params, batches(high=B))
    assert all(s.inputs[0].rule is None for s in f.program.computed() if s.rule.name == "take")


def test_wrong_ids_are_named_as_without_the_compiler() -> None:
    table_, W = table(V, E), table(E, H, name="W")
    f = tg.compile(lambda k: np.sum(np.tanh(table_[k] @ W)))
    (good,), *_ = batches()
    f(good)
    wrong = good.copy()
    wrong[2, 3] = V
    with pytest.raises(IndexError, match=f"{V}"):
        f(wrong)
    np.testing.assert_allclose(f(good).item(), np.tanh(table_.data[good] @ W.data).sum())
