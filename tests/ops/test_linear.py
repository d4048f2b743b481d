"""Affine maps of layers in every shape that broadcasts, and products of no entries at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import scattered
from tinygrad_rnn import Value

RNG = np.random.default_rng(34)
B, D, H = 7, 5, 4


def assert_same(found: Any, expected: Any, dtype: Any = np.float64) -> None:
    """Agree to 1e-13 in float64 and 2e-6 in float32, relative to the largest entry."""
    assert found.dtype == dtype
    assert found.shape == np.shape(expected)
    tolerance = 1e-13 if dtype is np.float64 else 2e-6
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.max(np.abs(expected)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("biases", ["both", "first", "second", "none"])
@pytest.mark.parametrize(
    ("x_shape", "h_shape"),
    [((B, D), (B, H)), ((D,), (H,)), ((B, D), (1, H)), ((B, D), (H,)), ((2, B, D), (B, H))],
    ids=str,
)
def test_recurrent_linear(
    x_shape: tuple[int, ...], h_shape: tuple[int, ...], biases: str, dtype: Any
) -> None:
    """A state that is shared by the batch is broadcast, as is everything else in NumPy."""
    shapes = [x_shape, h_shape, (3, D), (3, H)]
    inputs = [RNG.normal(size=shape).astype(dtype) for shape in shapes]
    given = {"both": (0, 1), "first": (0,), "second": (1,), "none": ()}[biases]
    b = [RNG.normal(size=3).astype(dtype) if i in given else None for i in range(2)]

    def fused(v: list[Value], c: list[Any]) -> Any:
        return tg.recurrent_linear(*v, *c)

    def apart(v: list[Value], c: list[Any]) -> Any:
        x, h, u, w = v
        y = np.einsum("...d,kd->...k", x, u) + np.einsum("...h,kh->...k", h, w)
        return sum((each for each in c if each is not None), y)

    results = []
    for f in (fused, apart):
        v = [Value(x) for x in inputs]
        c = [None if x is None else Value(x) for x in b]
        y = f(v, c)
        y.backward(np.cos(np.arange(y.size).reshape(y.shape)))
        results.append((y.data, *(x.grad for x in [*v, *c] if x is not None)))
    for ours, reference in zip(*results, strict=True):
        assert_same(ours, reference, dtype)


@pytest.mark.parametrize("bias_shape", [(H,), (1,), (), (B, H), (1, H), (2, B, H)], ids=str)
def test_a_bias_of_any_shape_that_broadcasts(bias_shape: tuple[int, ...]) -> None:
    inputs = [RNG.normal(size=shape) for shape in ((B, D), (H, D), bias_shape)]
    results = []
    for f in (tg.linear, lambda x, w, b: np.einsum("bd,hd->bh", x, w) + b):
        x, w, b = (Value(np.asarray(each)) for each in inputs)
        y = f(x, w, b)
        y.backward(np.cos(np.arange(y.size).reshape(y.shape)))
        results.append((y.data, x.grad, w.grad, b.grad))
    for ours, reference in zip(*results, strict=True):
        assert_same(ours, reference)


@pytest.mark.parametrize("bias_shape", [(3,), (1,), (), (B, 3), (1, 3)], ids=str)
def test_biases_of_the_fused_step(bias_shape: tuple[int, ...]) -> None:
    inputs = [RNG.normal(size=shape) for shape in ((B, D), (B, H), (3, D), (3, H))]
    bias = Value(np.asarray(RNG.normal(size=bias_shape)))
    y = tg.recurrent_linear(*inputs, bias, np.zeros(3))
    g = np.cos(np.arange(B * 3.0)).reshape(B, 3)
    y.backward(g)
    assert bias.grad.shape == bias_shape
    np.testing.assert_allclose(bias.grad, scattered(g, bias_shape), rtol=1e-12)


def test_a_number_is_a_bias() -> None:
    x, w = RNG.normal(size=(B, D)), Value(RNG.normal(size=(H, D)))
    np.testing.assert_allclose(tg.linear(x, w, 0.5).data, x @ w.data.T + 0.5, rtol=1e-14)
    assert tg.linear(x.astype(np.float32), w.data.astype(np.float32), 0.5).dtype == np.float32


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((0, D), (D, H)),
        ((B, 0), (0, H)),
        ((B, D), (D, 0)),
        ((2, 3, 0), (0, H)),
        ((2, 0, D), (D, H)),
        ((0,), (0, H)),
        ((B, 0), (0,)),
        ((0,), (0,)),
        ((2, 3, 0), (2, 0, H)),
        ((0, 3, D), (D,)),
    ],
    ids=str,
)
def test_products_of_no_entries(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, w = Value(np.ones(a)), Value(np.ones(b))
    y = x @ w
    np.testing.assert_array_equal(y.data, np.ones(a) @ np.ones(b))
    y.backward(np.ones(y.shape))
    assert (x.grad.shape, w.grad.shape) == (a, b)
    if len(b) == 2:
        rows = float(np.prod(a[:-1]))  # of ones, each of which adds one to every weight's gradient
        np.testing.assert_array_equal(w.grad, np.full(b, rows))
        w = Value(np.ones(b[::-1]))
        y = tg.linear(x, w)
        y.backward(np.ones(y.shape))
        np.testing.assert_array_equal(w.grad, np.full(b[::-1], rows))


@pytest.mark.parametrize(
    "call",
    [
        lambda x, one, three, b: tg.linear(x, one, b),
        lambda x, one, three, b: tg.recurrent_linear(x, x, one, three),
        lambda x, one, three, b: tg.recurrent_linear(x, x, three, one),
        lambda x, one, three, b: tg.recurrent_linear(x, x, one, one, b),
        lambda x, one, three, b: tg.recurrent_linear(x, x, one, one, None, b),
    ],
)
def test_a_single_column_is_not_widened(call: Any) -> None:
    """NumPy would repeat it, and the way back could not know which weight it came from."""
    x, one, three = (Value(RNG.normal(size=(n, D))) for n in (B, 1, 3))
    with pytest.raises(tg.engine.errors.ShapeError, match="3 columns are added to the 1 of a"):
        call(x, one, three, Value(RNG.normal(size=3)))
    assert tg.linear(x, three, Value(np.ones(1))).shape == (B, 3)  # a bias may be one number
