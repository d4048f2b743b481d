"""Linear, Embedding and Dropout against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lead", [(), (4,), (3, 4), (2, 3, 4)])
def test_linear(lead: tuple[int, ...], bias: bool) -> None:
    layer = nn.Linear(3, 2, bias, generator=rng())
    x, g = rng().normal(size=(*lead, 3)), rng().normal(size=(*lead, 2))
    value = tg.Value(x)
    y = layer(value)
    W = layer.weight.data
    b = layer.bias.data if bias else np.zeros(2)
    np.testing.assert_allclose(y.data, np.einsum("...d,hd->...h", x, W) + b, rtol=0, atol=1e-14)

    y.backward(g)
    dW = np.einsum("nh,nd->hd", g.reshape(-1, 2), x.reshape(-1, 3))
    np.testing.assert_allclose(layer.weight.grad, dW, rtol=0, atol=1e-13)
    np.testing.assert_allclose(value.grad, np.einsum("...h,hd->...d", g, W), rtol=0, atol=1e-13)
    if bias:
        db = g.reshape(-1, 2).sum(axis=0)
        np.testing.assert_allclose(layer.bias.grad, db, rtol=0, atol=1e-13)
    else:
        assert layer.bias is None
        assert [name for name, _ in layer.named_parameters()] == ["weight"]


def test_linear_takes_plain_lists() -> None:
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": [[3.0, 4.0]], "bias": [0.5]})
    np.testing.assert_array_equal(layer([1.0, 2.0]).data, [11.5])


def test_linear_keeps_float32() -> None:
    layer = nn.Linear(3, 2, dtype=np.float32)
    y = layer(np.ones((4, 3), np.float32))
    y.sum().backward()
    assert y.dtype == layer.weight.grad.dtype == layer.bias.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("x", "kind", "said"),
    [
        (
            np.ones((4, 2)),
            ValueError,
            r"(?s)Linear: x has shape \(4, 2\).*3 features.*\(\.\.\., 3\)",
        ),
        (np.float64(1.0), ValueError, r"x has shape \(\)"),
        (np.ones(3, np.float32), TypeError, r"(?s)float32, the parameters float64.*astype"),
        (np.ones(3, int), TypeError, r"(?s)int64, the parameters float64.*astype\(np.float64\)"),
    ],
)
def test_linear_refuses(x: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        nn.Linear(3, 2)(x)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "3"])
def test_sizes_are_whole_numbers_above_zero(size: Any) -> None:
    with pytest.raises(ValueError, match="in_features="):
        nn.Linear(size, 2)
    with pytest.raises(ValueError, match="embedding_dim="):
        nn.Embedding(2, size)
    with pytest.raises(ValueError, match="hidden_size="):
        nn.GRU(2, size)
    with pytest.raises(ValueError, match="num_layers="):
        nn.GRU(2, 2, size)


@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (2, 2, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_embedding_is_a_one_hot_product(shape: tuple[int, ...], dtype: Any) -> None:
    layer = nn.Embedding(4, 3, generator=rng(), dtype=dtype)
    ids = rng().integers(0, 4, shape)
    one_hot = np.eye(4, dtype=dtype)[ids]  # (..., V)
    g = rng().normal(size=(*shape, 3)).astype(dtype)
    y = layer(ids)
    np.testing.assert_array_equal(y.data, one_hot @ layer.weight.data)
    y.backward(g)
    dW = one_hot.reshape(-1, 4).T @ g.reshape(-1, 3)  # a token that occurs twice collects both
    eps = float(np.finfo(dtype).eps)  # sums of at most 8 numbers of order 1
    np.testing.assert_allclose(layer.weight.grad, dW, rtol=0, atol=8 * eps)
    assert y.dtype == layer.weight.grad.dtype == dtype


def test_embedding_takes_lists_and_small_integers() -> None:
    layer = nn.Embedding(4, 3)
    rows = layer([[1, 2]]).data
    for ids in (np.array([[1, 2]], np.uint8), tg.Value(np.array([[1, 2]]), requires_grad=False)):
        np.testing.assert_array_equal(layer(ids).data, rows)


@pytest.mark.parametrize(("ids", "wrong"), [([0, 4], "4 at (1,)"), ([[0], [-1]], "-1 at (1, 0)")])
def test_embedding_refuses_ids_that_name_no_row(ids: Any, wrong: str) -> None:
    with pytest.raises(IndexError) as raised:
        nn.Embedding(4, 3)(ids)
    assert f"Embedding: id {wrong}" in str(raised.value)
    assert "4 rows, numbered 0 to 3" in str(raised.value)


@pytest.mark.parametrize("ids", [[0.0, 1.0], [True, False]])
def test_embedding_refuses_what_is_no_integer(ids: Any) -> None:
    with pytest.raises(TypeError, match=r"(?s)Embedding: ids hold.*astype\(int\)"):
        nn.Embedding(4, 3)(ids)


def test_dropout_drops_with_its_probability_and_scales_the_rest() -> None:
    x = tg.Value(rng().normal(size=(100, 100)))
    y = nn.Dropout(0.3, generator=rng())(x)
    kept = y.data != 0
    assert kept.mean() == pytest.approx(0.7, abs=0.02)
    np.testing.assert_allclose(y.data[kept], x.data[kept] / 0.7)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, kept / 0.7)


def test_dropout_is_drawn_anew_and_can_be_repeated() -> None:
    drop = nn.Dropout(0.5, generator=rng())
    first, second = drop(np.ones(50)), drop(np.ones(50))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(nn.Dropout(0.5, generator=rng())(np.ones(50)), first)


def test_dropout_leaves_all_in_eval_and_with_p_0() -> None:
    x = tg.Value(np.ones(5))
    assert nn.Dropout(0.5).eval()(x) is x
    assert nn.Dropout(0.0)(x) is x


@pytest.mark.parametrize("p", [-0.1, 1.0, 2.0])
def test_dropout_refuses_what_leaves_nothing(p: float) -> None:
    with pytest.raises(ValueError, match="Dropout: entries dropped with probability"):
        nn.Dropout(p)
    with pytest.raises(ValueError, match="LSTM: entries dropped with probability"):
        nn.LSTM(2, 2, 2, dropout=p)
