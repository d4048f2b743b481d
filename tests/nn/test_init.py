"""First values: where they lie, what they are orthogonal to, and that they can be repeated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_rnn import nn
from tinygrad_rnn.nn import init


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_fills_the_interval(dtype: Any) -> None:
    w = init.uniform((200, 300), 0.25, generator=np.random.default_rng(0), dtype=dtype)
    assert w.dtype == dtype
    assert -0.25 <= w.min() < -0.2499 and 0.2499 < w.max() <= 0.25
    assert w.var() == pytest.approx(0.25**2 / 3, rel=0.02)


def test_normal_has_its_scale() -> None:
    w = init.normal((200, 300), 3.0, generator=np.random.default_rng(0))
    assert w.std() == pytest.approx(3.0, rel=0.02) and abs(w.mean()) < 0.05


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 1)])
@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_orthogonal_has_all_singular_values_equal(shape: tuple[int, int], gain: float) -> None:
    q = init.orthogonal(shape, gain=gain, generator=np.random.default_rng(1))
    np.testing.assert_allclose(np.linalg.svd(q, compute_uv=False), gain, rtol=0, atol=1e-14)


def test_orthogonal_is_the_factor_whose_triangle_has_a_positive_diagonal() -> None:
    a = np.random.default_rng(2).normal(size=(6, 6))
    q = init.orthogonal((6, 6), generator=np.random.default_rng(2))
    r = q.T @ a
    np.testing.assert_allclose(r, np.triu(r), rtol=0, atol=1e-14)
    assert (np.diagonal(r) > 0).all()


def test_orthogonal_needs_two_axes() -> None:
    with pytest.raises(ValueError, match=r"orthogonal of shape \(3,\)"):
        init.orthogonal((3,), generator=np.random.default_rng(0))  # type: ignore[arg-type]


def test_linear_begins_like_pytorchs() -> None:
    linear = nn.Linear(400, 300, generator=np.random.default_rng(0))
    for parameter in linear.parameters():
        assert abs(parameter.data).max() <= 1 / 20
        assert parameter.data.std() == pytest.approx(1 / 20 / np.sqrt(3), rel=0.1)


def test_embedding_begins_normal() -> None:
    weight = nn.Embedding(300, 200, generator=np.random.default_rng(0)).weight.data
    assert weight.std() == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_recurrent_layers_begin_between_bounds_of_the_hidden_size(layer: Any) -> None:
    for parameter in layer(7, 100, generator=np.random.default_rng(0)).parameters():
        assert abs(parameter.data).max() <= 0.1
        assert parameter.data.std() == pytest.approx(0.1 / np.sqrt(3), rel=0.15)


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_orthogonal_recurrent_weights_gate_by_gate(layer: Any, dtype: Any) -> None:
    H = 5
    net = layer(3, H, 2, init="orthogonal", generator=np.random.default_rng(0), dtype=dtype)
    for name in ("weight_hh_l0", "weight_hh_l1"):
        W = getattr(net, name).data
        assert W.dtype == dtype
        blocks = W.reshape(-1, H, H)
        for block in blocks:
            np.testing.assert_allclose(block @ block.T, np.eye(H), atol=1e-6)
        assert len({block.tobytes() for block in blocks}) == len(blocks)
    assert abs(net.weight_ih_l0.data).max() <= 1 / np.sqrt(H)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_forget_bias_is_what_the_two_biases_sum_to(bidirectional: bool) -> None:
    H = 4
    free = nn.LSTM(3, H, 2, bidirectional=bidirectional, generator=np.random.default_rng(3))
    net = nn.LSTM(
        *(3, H, 2),
        bidirectional=bidirectional,
        forget_bias=1.5,
        generator=np.random.default_rng(3),
    )
    for name, parameter in net.named_parameters():
        expected = dict(free.named_parameters())[name].data.copy()
        if name.startswith("bias"):
            expected[H : 2 * H] = 1.5 if "ih" in name else 0.0
        np.testing.assert_array_equal(parameter.data, expected)


def test_forget_bias_of_a_cell() -> None:
    cell = nn.LSTMCell(3, 2, forget_bias=-1.0)
    np.testing.assert_array_equal((cell.bias_ih + cell.bias_hh).data[2:4], [-1.0, -1.0])


def test_forget_bias_without_biases_is_refused() -> None:
    for layer in (nn.LSTM, nn.LSTMCell):
        with pytest.raises(ValueError, match=r"forget_bias=1.0 and bias=False"):
            layer(3, 2, bias=False, forget_bias=1.0)


def test_one_generator_repeats_a_model_and_none_does_not() -> None:
    def weights(seed: int | None) -> np.ndarray:
        generator = None if seed is None else np.random.default_rng(seed)
        return nn.LSTM(3, 2, generator=generator).weight_hh_l0.data

    np.testing.assert_array_equal(weights(5), weights(5))
    assert not np.array_equal(weights(5), weights(6))
    assert not np.array_equal(weights(None), weights(None))


def test_two_layers_of_one_generator_differ() -> None:
    generator = np.random.default_rng(0)
    a, b = nn.Linear(3, 3, generator=generator), nn.Linear(3, 3, generator=generator)
    assert not np.array_equal(a.weight.data, b.weight.data)


@pytest.mark.parametrize("generator", [0, np.random.RandomState(0), "seed"], ids=type)
@pytest.mark.parametrize(
    "make",
    [
        lambda g: nn.Linear(2, 2, generator=g),
        lambda g: nn.Embedding(2, 2, generator=g),
        lambda g: nn.Dropout(generator=g),
        lambda g: nn.GRUCell(2, 2, generator=g),
        lambda g: nn.GRU(2, 2, generator=g),
        lambda g: nn.LanguageModel(2, 2, generator=g),
    ],
)
def test_a_seed_is_no_generator(make: Any, generator: Any) -> None:
    with pytest.raises(TypeError, match=r"(?s)generator=.*np.random.default_rng\(seed\)"):
        make(generator)


@pytest.mark.parametrize("dtype", [int, np.float16, complex, "U3"])
def test_parameters_are_float32_or_float64(dtype: Any) -> None:
    for make in (nn.Linear, nn.Embedding, nn.RNNCell, nn.LSTM):
        with pytest.raises(TypeError, match="parameters of dtype"):
            make(2, 2, dtype=dtype)
