"""One-hot rows are looked up where they were multiplied; calls by id do what their ops do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.calls.by_id import by_id
from tinygrad_rnn.compiler.program.one_hot import ENOUGH, ids_of_ones, is_one_hot
from tinygrad_rnn.compiler.program.own_ops import LESS_ONE_HOT
from tinygrad_rnn.engine.rule import RULES

from .agreement import assert_agrees, assert_close, step

T, B, V, H = 6, 50, 60, 7
assert T * B * V >= ENOUGH
Array = np.ndarray


def weights(dtype: Any = np.float64, **shapes: tuple[int, ...]) -> list[tg.Value]:
    rng = np.random.default_rng(0)
    return [
        tg.Value(0.3 * rng.normal(size=shape).astype(dtype), name=name)
        for name, shape in shapes.items()
    ]


def one_hot(seed: int, dtype: Any = np.float64, shape: tuple[int, ...] = (T, B)) -> Array:
    return np.eye(V, dtype=dtype)[np.random.default_rng(seed).integers(0, V, shape)]


def names(f: Any) -> list[str]:
    return [s.rule.name for s in f.program.computed()]


def wide_products(f: Any) -> list[Any]:
    """The products in which there is an axis of classes."""
    products = [s for s in f.program.computed() if s.rule.name == "matmul"]
    return [s for s in products if V in (*s.inputs[0].shape, *s.inputs[1].shape)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loop_over_one_hot_rows_looks_rows_up(dtype: Any) -> None:
    Wx, Wh, b = params = weights(dtype, Wx=(V, H), Wh=(H, H), b=(H,))

    def loss(x):  # type: ignore[no-untyped-def]
        h = np.zeros((B, H), dtype)
        for t in range(T):
            h = np.tanh(x[t] @ Wx + h @ Wh + b)
        return np.sum(h * h)

    f = assert_agrees(loss, params, [(one_hot(i, dtype),) for i in range(3)])
    assert names(f).count("take") == 1 and names(f).count("place") == 0  # of so few rows
    assert "ids of argument 0" in str(f.program)
    assert "argument 0, one-hot" in str(f.program.history["trace"])


@pytest.mark.parametrize("transposed", [False, True])
def test_the_gradient_of_many_rows_is_added_up(transposed: bool) -> None:
    W = weights(W=(700, V) if transposed else (V, 700))[0]

    def loss(x):  # type: ignore[no-untyped-def]
        return np.sum(np.tanh(x @ (W.T if transposed else W)))

    f = assert_agrees(loss, [W], [(one_hot(i),) for i in range(2)])
    assert "take" in names(f) and "place" in names(f) and not wide_products(f)


@pytest.mark.parametrize("cell", [tg.nn.RNN, tg.nn.LSTM, tg.nn.GRU])
@pytest.mark.parametrize("batch_first", [False, True])
def test_so_do_layers_whose_weights_are_transposed(cell: Any, batch_first: bool) -> None:
    layer = cell(
        V, H, generator=np.random.default_rng(0), batch_first=batch_first, bidirectional=True
    )

    def loss(x):  # type: ignore[no-untyped-def]
        y, _ = layer(x)
        return np.sum(y * y)

    shape = (B, T) if batch_first else (T, B)
    f = assert_agrees(loss, layer.parameters(), [(one_hot(i, shape=shape),) for i in range(2)])
    assert "take" in names(f)


def test_columns_vectors_and_joins() -> None:
    W, U = params = weights(W=(H, V), U=(V, H))
    rows = ENOUGH // V + 1

    def loss(x):  # type: ignore[no-untyped-def]
        vectors = sum(np.sum(np.tanh(W @ x[t])) for t in range(3))
        joined = np.concatenate([x[:4], np.stack([x[7], x[5]])]) @ U
        return vectors + np.sum(joined * joined) + np.sum(np.tanh(x.reshape(1, rows, V) @ U))

    assert_agrees(loss, params, [(one_hot(i, shape=(rows,)),) for i in range(3)])


@pytest.mark.parametrize("ids", [np.int64, np.uint8])
def test_rows_of_a_unit_matrix_are_ids(ids: Any) -> None:
    W, eye = weights(W=(V, 700))[0], np.eye(V)
    batches = [(np.random.default_rng(i).integers(0, V, (T, B)).astype(ids),) for i in range(3)]

    def loss(k):  # type: ignore[no-untyped-def]
        return sum(np.sum(np.tanh(tg.take(eye, k[t], axis=0) @ W)) for t in range(T))

    f = assert_agrees(loss, [W], batches)
    assert not wide_products(f) and all(x.shape != eye.shape for x in f.program.steps)
    eye[3, 3] = 2.0  # not a unit matrix any more
    assert_close(step(f, [W], batches[0]), step(loss, [W], batches[0]))
    assert wide_products(f)


def nothing_there(x: Array) -> None:
    x[0, 0] = 0


def half_there(x: Array) -> None:
    x[1, 2, x[1, 2].argmax()] = 0.5


def two_there(x: Array) -> None:
    x[2, 3, (x[2, 3].argmax() + 1) % V] = 1


def one_in_the_next_row(x: Array) -> None:
    x[0, 1] = 0
    x[0, 2, :2] = 1
    x[0, 2, 2:] = 0


def not_a_number(x: Array) -> None:
    x[0, 0, x[0, 0].argmax()] = np.nan


@pytest.mark.parametrize(
    "spoil", [nothing_there, half_there, two_there, one_in_the_next_row, not_a_number]
)
def test_rows_that_are_not_one_hot_any_more_are_multiplied(spoil: Any) -> None:
    W = weights(W=(V, H))[0]
    drop = tg.nn.Dropout(0.5, generator=np.random.default_rng(0))

    def loss(x):  # type: ignore[no-untyped-def]
        return np.sum(np.tanh(drop(x[0]) @ W)) + np.sum(np.tanh(x[1:] @ W))

    f, good, spoiled = tg.compile(loss), one_hot(0), one_hot(1)
    spoil(spoiled)
    assert is_one_hot(good) and not is_one_hot(spoiled)
    for x in (good, spoiled, good, spoiled):
        drop.generator = np.random.default_rng(5)
        f(x)
        drop.generator = np.random.default_rng(5)
        got = step(f, [W], (x,))
        drop.generator = np.random.default_rng(5)
        expected = step(loss, [W], (x,))
        np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-12, atol=1e-14)


def test_one_trace_serves_both_once_a_row_was_not_one_hot() -> None:
    W = weights(W=(V, H))[0]
    f = tg.compile(lambda x: np.sum(np.tanh(x @ W)))
    f(one_hot(0)).backward()
    assert "take" in names(f)
    f(2 * one_hot(0)).backward()
    for x in (one_hot(1), 3 * one_hot(1)):
        f(x).backward()
        assert "take" not in names(f) and sum(map(len, f.traces.values())) == 1


def test_an_argument_changed_before_a_backward_that_runs_it_again_is_named() -> None:
    W = weights(W=(V, H))[0]
    f = tg.compile(lambda x: (np.sum(x @ W), np.sum(np.tanh(x @ W))))
    x = one_hot(0)
    _, second = f(x)
    x[...] = 0.5
    with pytest.raises(tg.GraphError, match="not one-hot any more"):
        second.backward()


def test_few_rows_and_other_dtypes_are_multiplied() -> None:
    assert not is_one_hot(np.eye(V))  # a look at it takes as long as the product
    assert not is_one_hot(one_hot(0).astype(int))
    assert not is_one_hot(np.ones((ENOUGH, 1)))


def test_ids_of_ones_are_found_by_counting_too() -> None:
    x = one_hot(3, np.float32)
    np.testing.assert_array_equal(ids_of_ones(x), x.argmax(-1))
    np.testing.assert_array_equal(ids_of_ones(x.transpose(1, 0, 2)), x.argmax(-1).T)
    for wrong in (np.zeros((2, 3)), np.ones((2, 3)), np.array([[1.0, 0, 0], [0, 2, 0]])):
        assert ids_of_ones(wrong) is None


rng = np.random.default_rng(0)
TABLE, LOGITS = rng.normal(size=(5, 3)), rng.normal(size=(2, 4, 5))
IDS = rng.integers(0, 5, (2, 4))
CALLS = {
    "take": (RULES["take"], (TABLE, IDS), {"axis": 0}),
    "at_ids": (RULES["at_ids"], (LOGITS, IDS), {}),
    "class_ids": (RULES["class_ids"], (IDS, LOGITS), {}),
    "one_hot": (RULES["one_hot"], (IDS, LOGITS), {}),
    "less_one_hot": (LESS_ONE_HOT, (LOGITS, IDS), {}),
}


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.int8])
@pytest.mark.parametrize("shift", [0, -5, 1])
@pytest.mark.parametrize("name", CALLS)
def test_calls_by_id_do_what_the_op_does(name: str, shift: int, dtype: Any) -> None:
    rule, inputs, params = CALLS[name]
    if shift < 0 and np.dtype(dtype).kind == "u":
        pytest.skip("such ids are not negative")
    inputs = tuple((x + shift).astype(dtype) if x is IDS else x.copy() for x in inputs)
    shape = np.shape(rule.forward(*CALLS[name][1], **params))
    results = []
    for run in ("op", "call"):
        out = np.full(shape, 9.0) if name != "class_ids" else np.full(shape, 9, dtype)
        try:
            if run == "op":
                out[...] = rule.forward(*inputs, **params)
            else:
                call = by_id(rule, inputs, params, out)
                assert call is not None
                call[0](*call[1])
            results.append(out)
        except IndexError as error:
            results.append(type(error))
    if isinstance(results[0], type):
        assert results[1] is results[0]
    else:
        np.testing.assert_array_equal(results[1], results[0])


def test_rows_looked_up_with_a_bias_come_from_a_table_with_it() -> None:
    W, b = params = weights(W=(V, H), b=(H,))

    def loss(k):  # type: ignore[no-untyped-def]
        h = np.zeros((B, H))
        for t in range(T):
            h = np.tanh(W[k[t]] + h + b)
        return np.sum(h * h)

    batches = [(np.random.default_rng(i).integers(-V, V, (T, B)),) for i in range(3)]
    f = assert_agrees(loss, params, batches)
    tables = {s.inputs[0].rule.name for s in f.program.computed() if s.rule.name == "take"}
    assert tables == {"add"}


@pytest.mark.parametrize("rows", [50, 1])
def test_gates_are_halved_in_the_weights_if_there_are_more_of_them(rows: int) -> None:
    """σ(x) = ½ tanh(½ x) + ½ of three gates beside tanh of one."""
    Wx, Wh, b = params = weights(np.float32, Wx=(V, 4 * H), Wh=(H, 4 * H), b=(4 * H,))

    def loss(x):  # type: ignore[no-untyped-def]
        h = c = np.zeros((rows, H), np.float32)
        for t in range(T):
            a = x[t] @ Wx + h @ Wh + b
            i, f = tg.sigmoid(a[:, :H]), tg.sigmoid(a[:, H : 2 * H])
            g, o = np.tanh(a[:, 2 * H : 3 * H]), tg.sigmoid(a[:, 3 * H :])
            c = f * c + i * g
            h = o * np.tanh(c)
        return np.sum(h * h)

    batches = [(np.random.default_rng(i).normal(size=(T, rows, V)).astype("f"),) for i in range(3)]
    f = assert_agrees(loss, params, batches)
    halved = [
        s.shape
        for s in f.program.computed()
        if s.rule.name == "multiply" and s.shape[-1:] == (4 * H,)
    ]
    if rows > 1:  # once for both weights and the bias, and T times behind tanh
        assert sorted(halved) == sorted([(V, 4 * H), (H, 4 * H), (4 * H,), *[(rows, 4 * H)] * T])
    else:
        assert halved == [(rows, 4 * H)] * 2 * T


def test_axes_that_stay_where_they_are_are_no_transpose() -> None:
    """Square arrays, so that one taken for its transpose would fit as well."""
    size = 700
    W, U, b = params = weights(np.float32, W=(size, size), U=(4, 4), b=(4,))

    def looked_up(x):  # type: ignore[no-untyped-def]
        return np.sum(np.tanh(0.1 * (np.transpose(W, (0, 1)) @ x)))

    assert_agrees(looked_up, [W], [(one_hot(i, np.float32, (size,)),) for i in range(2)])

    def folded(x):  # type: ignore[no-untyped-def]
        h = c = np.zeros((B, 1), np.float32)
        for t in range(T):
            a = x[t] @ np.transpose(U, (0, 1)) + b
            i, f = tg.sigmoid(a[:, :1]), tg.sigmoid(a[:, 1:2])
            g, o = np.tanh(a[:, 2:3]), tg.sigmoid(a[:, 3:])
            c = f * c + i * g
            h = h + o * np.tanh(c)
        return np.sum(h * h)

    rng = np.random.default_rng(0)
    f = assert_agrees(folded, params[1:], [(rng.normal(size=(T, B, 4)).astype("f"),)] * 2)
    assert "multiply" in [s.rule.name for s in f.program.computed() if s.shape == U.shape]
