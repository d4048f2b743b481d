"""A weight that is used at many steps: its products aᵀg are collected and multiplied once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value
from tinygrad_rnn.ops.linear import Product

RNG = np.random.default_rng(32)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
T, B, D, H = 40, 2, 9, 8  # few rows of a large weight, so that they are kept

Step = Callable[[Any, Any], Any]
# name: (a step as people write it, its input's shape, the weight's, the weight's gradient)
STEPS: dict[str, tuple[Step, tuple[int, ...], tuple[int, ...], Callable[[Any, Any], Any]]] = {
    "x @ w": (lambda x, w: x @ w, (B, D), (D, H), lambda x, g: x.T @ g),
    "x @ w, many rows": (lambda x, w: x @ w, (5 * B, D), (D, H), lambda x, g: x.T @ g),
    "x @ w.T": (lambda x, w: x @ w.T, (B, D), (H, D), lambda x, g: g.T @ x),
    "w @ x": (lambda x, w: w @ x, (D, B), (H, D), lambda x, g: g @ x.T),
    "w @ x, thin": (lambda x, w: w @ x, (D, 1), (H, D), lambda x, g: g @ x.T),
    "w.T @ x": (lambda x, w: w.T @ x, (D, B), (D, H), lambda x, g: x @ g.T),
    "w @ vector": (lambda x, w: w @ x, (D,), (H, D), lambda x, g: np.outer(g, x)),
    "vector @ w": (lambda x, w: x @ w, (D,), (D, H), lambda x, g: np.outer(x, g)),
    "three axes": (
        lambda x, w: x @ w,
        (2, B, D),
        (D, H),
        lambda x, g: np.einsum("abd,abh->dh", x, g),
    ),
    "linear": (lambda x, w: tg.linear(x, w), (B, D), (H, D), lambda x, g: g.T @ x),
    "linear, vector": (lambda x, w: tg.linear(x, w), (D,), (H, D), lambda x, g: np.outer(g, x)),
    "linear, three axes": (
        lambda x, w: tg.linear(x, w),
        (2, B, D),
        (H, D),
        lambda x, g: np.einsum("abd,abh->hd", x, g),
    ),
    "dot": (np.dot, (B, D), (D, H), lambda x, g: x.T @ g),
    "einsum": (lambda x, w: np.einsum("bd,dh->bh", x, w), (B, D), (D, H), lambda x, g: x.T @ g),
}


def assert_same_gradient(found: np.ndarray, expected: np.ndarray, dtype: Any) -> None:
    """Agree to 1e-13 in float64 and 2e-6 in float32, relative to the largest entry."""
    assert found.dtype == dtype
    assert found.shape == expected.shape
    tolerance = 1e-13 if dtype is np.float64 else 2e-6
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * abs(expected).max())


def steps_and_gradient(name: str, dtype: Any, steps: int, w: Value) -> tuple[Any, np.ndarray]:
    """Use a weight at many steps; return the loss and the sum of the steps' gradients."""
    step, x_shape, _, gradient = STEPS[name]
    loss: Any = 0.0
    expected = np.zeros(w.shape)
    for _ in range(steps):
        x = RNG.normal(size=x_shape).astype(dtype)
        y = step(Value(x), w)
        g = RNG.normal(size=y.shape).astype(dtype)  # what arrives at y
        loss = loss + (y * g).sum()
        expected += gradient(x.astype(np.float64), g.astype(np.float64))
    return loss, expected


@DTYPES
@pytest.mark.parametrize("name", STEPS)
def test_products_of_all_steps(name: str, dtype: Any) -> None:
    w = Value(RNG.normal(size=STEPS[name][2]).astype(dtype))
    loss, expected = steps_and_gradient(name, dtype, T, w)
    loss.backward()
    assert_same_gradient(w.grad, expected, dtype)


@DTYPES
@pytest.mark.parametrize("name", ["x @ w", "w @ x, thin", "vector @ w", "linear"])
def test_more_rows_than_are_kept(name: str, dtype: Any) -> None:
    w = Value(RNG.normal(size=STEPS[name][2]).astype(dtype))
    loss, expected = steps_and_gradient(name, dtype, 4 * Product.enough, w)
    loss.backward(retain_grad=False)
    assert_same_gradient(w.grad, expected, dtype)


@pytest.mark.parametrize("enough", [0, 1, B, B + 1, 3 * B - 1])
@pytest.mark.parametrize("create_graph", [False, True])
def test_any_number_of_kept_rows_gives_the_same(
    enough: int, create_graph: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Product, "enough", enough)
    for name in STEPS:
        w = Value(RNG.normal(size=STEPS[name][2]))
        loss, expected = steps_and_gradient(name, np.float64, 9, w)
        loss.backward(create_graph=create_graph)
        assert_same_gradient(w.grad.data if create_graph else w.grad, expected, np.float64)


@DTYPES
def test_one_weight_in_every_form_at_once(dtype: Any) -> None:
    names = [name for name in STEPS if STEPS[name][2] == (D, H)]
    turned = [name for name in STEPS if STEPS[name][2] == (H, D)]
    w = Value(RNG.normal(size=(D, H)).astype(dtype))
    loss: Any = 0.0
    total = np.zeros((D, H))
    for _ in range(3):
        for name in RNG.permutation([*names, *turned]).tolist():
            view = w if name in names else w.T  # also through a transpose of its own each time
            part, expected = steps_and_gradient(name, dtype, 2, view)
            loss = loss + part
            total += expected if name in names else expected.T
    (loss + (w * w).sum() + w[1].sum()).backward()
    total += 2 * w.data.astype(np.float64) + np.eye(D)[:, 1:2]
    assert_same_gradient(w.grad, total, dtype)


@DTYPES
@pytest.mark.parametrize("head", ["h @ e.T", "linear"])
def test_a_table_shared_by_lookup_and_head(head: str, dtype: Any) -> None:
    """Tied weights: rows of the table go in, products with the table come out."""
    V = 11
    e = Value(RNG.normal(size=(V, H)).astype(dtype))
    loss: Any = 0.0
    expected = np.zeros((V, H))
    table = e.data.astype(np.float64)
    for _ in range(T):
        ids = RNG.integers(0, V, B)
        g = RNG.normal(size=(B, V)).astype(dtype)
        h = e[ids]
        y = h @ e.T if head == "h @ e.T" else tg.linear(h, e)  # (B, V)
        loss = loss + (y * g).sum()
        wide = g.astype(np.float64)
        expected += wide.T @ table[ids]
        np.add.at(expected, ids, wide @ table)
    loss.backward()
    assert_same_gradient(e.grad, expected, dtype)


def test_a_recurrence_against_its_steps_taken_apart() -> None:
    """Each step's use of the weight is given a leaf of its own: their gradients sum to one."""
    xs = RNG.normal(size=(T, B, D))
    w_ih, w_hh = RNG.normal(size=(H, D)) / 3, RNG.normal(size=(H, H)) / 3
    bias = RNG.normal(size=H)

    def loss(parameters: list[tuple[Any, Any, Any]]) -> Any:
        h: Any = np.zeros((B, H))
        total: Any = 0.0
        for x, (u, w, b) in zip(xs, parameters, strict=True):
            h = np.tanh(tg.linear(x, u, b) + h @ w.T)
            total = total + (h * h).sum()
        return total

    shared = (Value(w_ih), Value(w_hh), Value(bias))
    loss([shared] * T).backward()
    apart = [(Value(w_ih), Value(w_hh), Value(bias)) for _ in range(T)]
    loss(apart).backward()
    for i, leaf in enumerate(shared):
        # The first step multiplies no Value with w_hh: its state is an array of zeros.
        grads = [step[i].grad for step in apart]
        assert_same_gradient(leaf.grad, np.sum(grads, axis=0), np.float64)
