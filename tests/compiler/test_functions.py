"""Functions of every form: user loops, user ops, structures, derivatives, several results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.pullback import leaves
from tinygrad_rnn.extend import primitive

from .agreement import assert_agrees, assert_close, step

rng = np.random.default_rng(0)


def value(*shape: int, dtype: type = np.float64, name: str | None = None) -> tg.Value:
    return tg.Value(0.5 * rng.normal(size=shape).astype(dtype), name=name)


def draws(count: int, *shapes: tuple[int, ...], dtype: type = np.float64) -> list[tuple[Any, ...]]:
    return [tuple(rng.normal(size=s).astype(dtype) for s in shapes) for _ in range(count)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rows", [(), (1,), (4,)], ids=["vector", "one row", "four rows"])
def test_a_lstm_written_by_hand_with_its_loss_inside_the_loop(
    dtype: type, rows: tuple[int, ...]
) -> None:
    V, H, T = 5, 3, 6
    Wx, Wh, b = (
        value(V, 4 * H, dtype=dtype),
        value(H, 4 * H, dtype=dtype),
        value(4 * H, dtype=dtype),
    )
    Wy, by = value(H, V, dtype=dtype), value(V, dtype=dtype)

    def loss(x, targets, h, c):  # type: ignore[no-untyped-def]
        total = 0.0
        for t in range(T):
            a = x[t] @ Wx + h @ Wh + b
            i, f = tg.sigmoid(a[..., :H]), tg.sigmoid(a[..., H : 2 * H])
            g, o = np.tanh(a[..., 2 * H : 3 * H]), tg.sigmoid(a[..., 3 * H :])
            c = f * c + i * g
            h = o * np.tanh(c)
            total = total + tg.softmax_cross_entropy(h @ Wy + by, targets[t])
        return total / T, h, c

    batches = [
        (x, rng.integers(V, size=(T, *rows)), h, c)
        for x, h, c in draws(3, (T, *rows, V), (*rows, H), (*rows, H), dtype=dtype)
    ]
    assert_agrees(loss, [Wx, Wh, b, Wy, by], batches)
    assert_agrees(loss, [Wx, Wh, b, Wy, by], batches, passes=(), exactly=True)


def test_column_vectors_as_textbooks_have_them() -> None:
    Wxh, Whh, bh = value(3, 4), value(3, 3), value(3, 1)

    def loss(x):  # type: ignore[no-untyped-def]
        h = np.zeros((3, 1))
        for t in range(5):
            h = np.tanh(Wxh @ x[t] + Whh @ h + bh)
        return np.sum(np.exp(h) / np.sum(np.exp(h)) * h)

    assert_agrees(loss, [Wxh, Whh, bh], draws(3, (5, 4, 1)))


def test_a_users_own_op_is_compiled_and_right() -> None:
    @primitive
    def bend(x, k):  # type: ignore[no-untyped-def]
        """y = x³ / 10 + k x"""
        return x**3 / 10 + k * x

    @bend.vjp
    def _(g, y, x, k):  # type: ignore[no-untyped-def]
        """dx = g (3x² / 10 + k), dk = g x"""
        return g * (0.3 * x * x + k), g * x

    W, k = value(4, 4), value(4)

    def loss(x):  # type: ignore[no-untyped-def]
        h = x
        for _ in range(4):
            h = np.tanh(bend(h @ W, k))
        return h.sum()

    compiled = assert_agrees(loss, [W, k], draws(3, (2, 4)))
    assert "bend(" in str(compiled.program)


def test_relu_masks_maxima_and_clips_are_those_of_the_batch() -> None:
    W = value(6, 6)

    def loss(x):  # type: ignore[no-untyped-def]
        h = tg.relu(x @ W)
        h = np.maximum(h, x) + np.clip(x @ W, -0.5, 0.5) + abs(x)
        return np.sum(h.max(axis=1)) + np.sum(np.where(x > 0, h, -h)) + np.sum(np.argmax(x, axis=1))

    assert_agrees(loss, [W], draws(4, (5, 6)))


def test_indices_and_masks_are_arguments() -> None:
    table = value(7, 3)

    def loss(ids, weights, mask):  # type: ignore[no-untyped-def]
        rows = tg.take(table, ids, axis=0) * weights[..., None]
        picked = table[ids]
        return np.sum(np.where(mask[..., None], rows, 2 * picked)) + np.sum((ids % 2 == 0) & mask)

    batches = [
        (rng.integers(7, size=(4, 2)), rng.normal(size=(4, 2)), rng.random((4, 2)) < 0.5)
        for _ in range(4)
    ]
    assert_agrees(loss, [table], batches)


def test_values_as_arguments_get_their_gradients() -> None:
    W = value(3, 3)

    def loss(x, pair):  # type: ignore[no-untyped-def]
        return np.sum(np.tanh(x @ W) * pair["scale"]) + np.sum(pair["offset"])

    compiled = tg.compile(loss)
    for _ in range(3):
        x, scale = value(2, 3), value(3)
        args = (x, {"scale": scale, "offset": rng.normal(size=2)})
        grads = []
        for fn in (loss, compiled):
            x.grad = scale.grad = W.grad = None
            fn(*args).backward()
            grads.append([x.grad, scale.grad, W.grad])
        assert_close(grads[1], grads[0])


def test_an_argument_with_a_past_passes_its_gradient_on() -> None:
    W, x = value(3, 3), value(2, 3)
    compiled = tg.compile(lambda h: np.sum(np.tanh(h @ W)))
    grads = []
    for fn in (compiled.fn, compiled):
        x.grad = W.grad = None
        (fn(np.sin(x) @ W) * 3.0).backward()
        grads.append([x.grad, W.grad])
    assert_close(grads[1], grads[0])


def test_results_of_every_form_come_back_as_they_would() -> None:
    W = value(3)

    def fn(x, n):  # type: ignore[no-untyped-def]
        y = W * x
        return {"y": y, "sum": (y.sum(), n), "plain": x + 1, "mask": x > 0, "none": None, "k": [2]}

    compiled = tg.compile(fn)
    x = rng.normal(size=3)
    for n in (1, 2):
        mine, theirs = compiled(x, n), fn(x, n)
        assert mine.keys() == theirs.keys()
        assert type(mine["plain"]) is np.ndarray and mine["mask"].dtype == bool
        assert mine["sum"][1] == n and mine["none"] is None and mine["k"] == [2]
        np.testing.assert_array_equal(mine["plain"], theirs["plain"])
        np.testing.assert_array_equal(mine["y"].data, theirs["y"].data)
        assert isinstance(mine["sum"][0].data, np.float64)


@pytest.mark.parametrize("which", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_gradients_from_any_of_several_results(which: tuple[int, ...]) -> None:
    W = value(4, 4)

    def fn(x):  # type: ignore[no-untyped-def]
        h = np.tanh(x @ W)
        k = np.sin(h @ W)
        return np.sum(h * h), h, np.sum(k, axis=0)

    compiled = tg.compile(fn)
    weights = [rng.normal(), rng.normal(size=(2, 4)), rng.normal(size=4)]
    for (x,) in draws(3, (2, 4)):
        grads = []
        for f in (fn, compiled):
            W.grad = None
            results = f(x)
            np.sum(sum(np.sum(results[k] * weights[k]) for k in which)).backward()
            grads.append([W.grad])
        assert_close(grads[1], grads[0])


def test_gradients_accumulate_and_belong_to_the_caller() -> None:
    W = value(3, 3)
    loss = tg.compile(lambda x: np.sum(np.tanh(x @ W)))
    (x,), (y,) = draws(2, (2, 3))
    loss(x).backward()
    first, kept = W.grad, W.grad.copy()
    two = loss(y)
    two.backward()
    two.backward()  # as ever: twice on leaves
    np.testing.assert_array_equal(first, kept)
    W_grad, W.grad = W.grad, None
    for z in (x, y, y):
        loss.fn(z).backward()
    np.testing.assert_allclose(W_grad, W.grad, rtol=1e-12)


def test_two_losses_pending_at_once_do_not_disturb_each_other() -> None:
    W = value(3, 3)
    loss = tg.compile(lambda x: np.sum(np.tanh(x @ W) ** 2))
    (x,), (y,) = draws(2, (2, 3))
    (loss(x) * 2.0 + loss(y)).backward()
    got, W.grad = W.grad, None
    (loss.fn(x) * 2.0 + loss.fn(y)).backward()
    np.testing.assert_allclose(got, W.grad, rtol=1e-12)


def test_derivatives_of_functions_inside_and_outside() -> None:
    W = value(3, 3)

    def f(x):  # type: ignore[no-untyped-def]
        return np.sum(np.tanh(W @ x) ** 3)

    (x,), (v,) = draws(2, (3,))
    compiled = tg.compile(f)
    for outer in (tg.grad, tg.hessian, tg.value_and_grad):
        for expected, *others in ((outer(f)(x), tg.compile(outer(f))(x), outer(compiled)(x)),):
            for got in others:
                for a, b in zip(leaves(got), leaves(expected), strict=True):
                    np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
    both = tg.compile(lambda x, v: tg.hvp(f, x, v))
    np.testing.assert_allclose(both(x, v), tg.hvp(f, x, v), rtol=1e-11)
    assert type(both(x, v)) is np.ndarray


def test_a_gradient_penalty_is_differentiated_through() -> None:
    W = value(3, 3)

    def loss(x):  # type: ignore[no-untyped-def]
        slope = tg.grad(lambda z: np.sum(np.tanh(z @ W)))(tg.Value(x))
        return np.sum(slope * slope)

    def by_leaf(x):  # type: ignore[no-untyped-def]
        return np.sum(np.tanh(x @ W)) + 0.0 * np.sum(x)

    assert_agrees(by_leaf, [W], draws(2, (2, 3)))
    eager = step(loss, [W], (draws(1, (2, 3))[0][0],))
    assert len(eager) == 2


def test_create_graph_through_a_compiled_result() -> None:
    W, x = value(3, 3), value(3)
    compiled = tg.compile(lambda x: np.sum(np.tanh(W @ x) ** 2))
    found = []
    for fn in (compiled.fn, compiled):
        W.grad = x.grad = None
        fn(x).backward(create_graph=True)
        slope, x.grad, W.grad = x.grad, None, None
        np.sum(slope * slope).backward()
        found.append([x.grad, W.grad])
    assert_close(found[1], found[0])


def test_no_grad_records_nothing_and_gives_the_same() -> None:
    W = value(3, 3)
    fn = tg.compile(lambda x: np.tanh(x @ W))
    (x,) = draws(1, (2, 3))[0]
    with tg.no_grad():
        y = fn(x)
    assert not y.requires_grad and y.rule is None
    np.testing.assert_array_equal(y.data, fn.fn(x).data)
    assert fn(x).requires_grad
